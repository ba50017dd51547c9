import type { YsonMap, YsonValue } from '../../yson/value.js';
import { timeText } from './attributes.js';
import type { Cluster } from './cluster.js';
import type { Lock } from './locks.js';
import type { Transaction } from './transaction.js';

/** Attributes of an object that is no node, by its id: a live transaction or a lock. Undefined for anything else. */
export function objectAttributes(cluster: Cluster, id: string): YsonMap | undefined {
  const transaction = cluster.transactions.find(id);
  if (transaction !== undefined) return ofTransaction(cluster, transaction);
  const lock = cluster.locks.find(id);
  return lock === undefined ? undefined : ofLock(lock);
}

function ofTransaction(cluster: Cluster, transaction: Transaction): YsonMap {
  const locks = cluster.locks.of(transaction);
  return new Map<string, YsonValue>([
    ...transaction.attributes,
    ['id', transaction.id],
    ['type', transaction.parent === undefined ? 'transaction' : 'nested_transaction'],
    ['state', 'active'],
    ['timeout', BigInt(transaction.timeoutMs)],
    ['start_time', timeText(transaction.startedMs)],
    ['last_ping_time', timeText(transaction.pingedMs)],
    ['parent_id', transaction.parent?.id ?? '0-0-0-0'],
    ['nested_transaction_ids', [...transaction.nested].map(({ id }) => id)],
    ['lock_ids', locks.map(({ id }) => id)],
    ['locked_node_ids', [...new Set(locks.map(({ nodeId }) => nodeId))]],
    ['staged_object_ids', [...transaction.staged]],
  ]);
}

function ofLock(lock: Lock): YsonMap {
  const [kind, ...key] = lock.part?.split(':') ?? [];
  return new Map<string, YsonValue>([
    ['id', lock.id],
    ['type', 'lock'],
    ['state', 'acquired'],
    ['mode', lock.mode],
    ['node_id', lock.nodeId],
    ['transaction_id', lock.transaction.id],
    ...(kind === undefined ? [] : [[`${kind}_key`, key.join(':')] as const]),
  ]);
}
