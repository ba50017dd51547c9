import { bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { type Call, number, optionalText, optionalTexts, type Result, requiredText } from './call.js';
import { fault, YT_CODE } from './fault.js';
import type { LockMode } from './locks.js';
import { parsePath } from './path.js';
import { resolve } from './resolve.js';
import type { Transaction } from './transaction.js';

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_TIMEOUT_MS = 3_600_000;

/** start_transaction: `transaction_id` is the parent. */
export function startTransaction(call: Call): Result {
  const { transactions } = call.cluster;
  const attributes = bare(call.parameters.get('attributes') ?? null);
  const prerequisites = (optionalTexts(call, 'prerequisite_transaction_ids') ?? []).map((id) =>
    transactions.find(id),
  );
  const started = transactions.start({
    parent: call.view.transaction,
    timeoutMs: Math.min(number(call, 'timeout') ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS),
    attributes: attributes instanceof Map ? (attributes as YsonMap) : new Map(),
    prerequisites: prerequisites.filter(
      (transaction): transaction is Transaction => transaction !== undefined,
    ),
  });
  return { name: 'transaction_id', value: started.id };
}

export function pingTransaction(call: Call): undefined {
  if (call.view.transaction !== undefined) call.cluster.transactions.ping(call.view.transaction);
}

export function commitTransaction(call: Call): undefined {
  call.cluster.transactions.commit(own(call));
}

export function abortTransaction(call: Call): undefined {
  call.cluster.transactions.abort(own(call));
}

/** lock: explicit, for the call's transaction. A snapshot lock freezes the node for it. */
export function lock(call: Call): Result {
  const { cluster, view } = call;
  const path = parsePath(call.parameters.get('path'));
  const mode = (optionalText(call, 'mode') ?? 'exclusive') as LockMode;
  if (!['snapshot', 'shared', 'exclusive'].includes(mode))
    throw fault(YT_CODE.generic, `Invalid lock mode "${mode}"`);
  const transaction = own(call);
  const { node } = resolve(view, path);
  const [child, attribute] = [optionalText(call, 'child_key'), optionalText(call, 'attribute_key')];
  const part =
    child === undefined ? (attribute === undefined ? undefined : `attribute:${attribute}`) : `child:${child}`;
  cluster.locks.check(node, mode, part, transaction, path.text);
  if (mode === 'snapshot' && !transaction.snapshots.has(node.id))
    transaction.snapshots.set(node.id, view.freeze(node));
  const taken = cluster.locks.add(node, mode, part, transaction);
  const value: YsonMap = new Map<string, YsonValue>([
    ['lock_id', taken.id],
    ['node_id', node.id],
    ['revision', BigInt(view.stamps(node).revision)],
  ]);
  return { value };
}

function own(call: Call): Transaction {
  const { transaction } = call.view;
  if (transaction === undefined)
    throw fault(YT_CODE.noSuchTransaction, `No such transaction ${requiredText(call, 'transaction_id')}`);
  return transaction;
}
