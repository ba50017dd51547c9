import type { Clock } from '../../clock.js';
import type { YsonMap } from '../../yson/value.js';
import { fault, YT_CODE } from './fault.js';
import type { Locks } from './locks.js';
import type { Change, Chunk } from './node.js';
import { NULL_ID, newObjectId } from './object-id.js';
import { heldChunks, type Transaction } from './transaction.js';
import type { Trunk } from './trunk.js';
import { changesOf, View } from './view.js';

export interface StartOptions {
  readonly parent?: Transaction | undefined;
  /** 0: nobody pings it, it ends with its request. */
  readonly timeoutMs: number;
  readonly attributes?: YsonMap;
  readonly prerequisites?: readonly Transaction[];
}

/** The live transactions: start, ping, commit, abort, expiry. They do not survive a restart of the server. */
export class Transactions {
  readonly #live = new Map<string, Transaction>();
  readonly #trunk: Trunk;
  readonly #locks: Locks;
  readonly #clock: Clock;
  /** Called with chunks that nothing holds any more. */
  readonly #dropped: (chunks: readonly Chunk[]) => void;

  constructor(trunk: Trunk, locks: Locks, clock: Clock, dropped: (chunks: readonly Chunk[]) => void) {
    this.#trunk = trunk;
    this.#locks = locks;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  /** Undefined for the null id; throws 11000 when it has ended or never was. */
  get(id: string | undefined): Transaction | undefined {
    if (id === undefined || id === NULL_ID || id === '') return undefined;
    const transaction = this.#live.get(id);
    if (transaction === undefined) throw fault(YT_CODE.noSuchTransaction, `No such transaction ${id}`);
    return transaction;
  }

  find(id: string): Transaction | undefined {
    return this.#live.get(id);
  }

  isHeld(chunk: Chunk): boolean {
    for (const transaction of this.#live.values())
      for (const held of heldChunks(transaction)) if (held.id === chunk.id) return true;
    return false;
  }

  start({ parent, timeoutMs, attributes = new Map(), prerequisites = [] }: StartOptions): Transaction {
    const now = this.#clock.now();
    const transaction: Transaction = {
      ...{
        id: newObjectId(parent === undefined ? 'transaction' : 'nested_transaction'),
        parent,
        timeoutMs,
        attributes,
        prerequisites,
      },
      ...{ nested: new Set(), deltas: new Map(), staged: [], snapshots: new Map() },
      ...{ startedMs: now, pingedMs: now, isLive: true, stopTimer: () => {} },
    };
    parent?.nested.add(transaction);
    this.#live.set(transaction.id, transaction);
    this.#arm(transaction);
    return transaction;
  }

  ping(transaction: Transaction): void {
    transaction.pingedMs = this.#clock.now();
    transaction.stopTimer();
    this.#arm(transaction);
  }

  commit(transaction: Transaction): void {
    if (!transaction.isLive) throw fault(YT_CODE.noSuchTransaction, `No such transaction ${transaction.id}`);
    if (transaction.nested.size > 0) {
      throw fault(
        YT_CODE.transactionState,
        `Cannot commit transaction ${transaction.id} since it has nested transactions`,
      );
    }
    this.#merge(transaction);
    this.#end(transaction, transaction.parent);
  }

  abort(transaction: Transaction): void {
    if (!transaction.isLive) return;
    for (const nested of [...transaction.nested]) this.abort(nested);
    const held = [...heldChunks(transaction)];
    this.#end(transaction, undefined);
    for (const id of transaction.staged) this.#trunk.nodes.delete(id);
    this.#dropped(held);
  }

  abortAll(): void {
    for (const transaction of [...this.#live.values()]) this.abort(transaction);
  }

  #arm(transaction: Transaction): void {
    if (transaction.timeoutMs > 0)
      transaction.stopTimer = this.#clock.schedule(transaction.timeoutMs, () => this.abort(transaction));
  }

  #merge(transaction: Transaction): void {
    const { parent } = transaction;
    const inner = new View(this.#trunk, transaction);
    const isLinked = (id: string): boolean => {
      const node = this.#trunk.nodes.get(id);
      if (node === undefined) return false;
      if (node.parentId === null) return true;
      const above = this.#trunk.nodes.get(node.parentId);
      return above !== undefined && inner.child(above, node.key)?.id === id && isLinked(above.id);
    };
    const created = transaction.staged.filter(isLinked);
    for (const id of transaction.staged) if (!isLinked(id)) this.#trunk.nodes.delete(id);
    const changes: Change[] = [];
    for (const id of created) {
      const node = this.#trunk.nodes.get(id);
      if (node !== undefined && parent === undefined) changes.push({ op: 'node', node });
    }
    for (const [id, delta] of transaction.deltas)
      if (this.#trunk.nodes.has(id)) changes.push(...changesOf(id, delta));
    parent?.staged.push(...created);
    new View(this.#trunk, parent).apply(changes);
  }

  #end(transaction: Transaction, heir: Transaction | undefined): void {
    const held = [...heldChunks(transaction)];
    transaction.isLive = false;
    transaction.stopTimer();
    transaction.parent?.nested.delete(transaction);
    this.#live.delete(transaction.id);
    this.#locks.release(transaction, heir);
    if (heir === undefined && transaction.snapshots.size > 0) this.#dropped(held);
    for (const other of [...this.#live.values()])
      if (other.prerequisites.includes(transaction)) this.abort(other);
  }
}
