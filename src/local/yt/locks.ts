import { fault, YT_CODE } from './fault.js';
import type { NodeRecord } from './node.js';
import { newObjectId } from './object-id.js';
import { isSelfOrAncestor, lineage, type Transaction } from './transaction.js';

export type LockMode = 'snapshot' | 'shared' | 'exclusive';

export interface Lock {
  readonly id: string;
  readonly nodeId: string;
  readonly mode: LockMode;
  /** For a shared lock of one child (`child:KEY`) or one attribute (`attribute:KEY`). */
  readonly part: string | undefined;
  transaction: Transaction;
}

/** Who holds what. Conflicts are found when a lock is taken, never at commit; nobody waits. Rules: reference 5.1. */
export class Locks {
  readonly #byNode = new Map<string, Lock[]>();

  /** Locks of a node. */
  on(nodeId: string): readonly Lock[] {
    return this.#byNode.get(nodeId) ?? [];
  }

  find(lockId: string): Lock | undefined {
    for (const locks of this.#byNode.values()) for (const lock of locks) if (lock.id === lockId) return lock;
    return undefined;
  }

  of(transaction: Transaction): Lock[] {
    return [...this.#byNode.values()].flat().filter((lock) => lock.transaction === transaction);
  }

  /** Throws 402 (400 for an own snapshot) when the lock cannot be had. `transaction` undefined stands for a command on its own. */
  check(
    node: NodeRecord,
    mode: LockMode,
    part: string | undefined,
    transaction: Transaction | undefined,
    path: string,
  ): void {
    if (mode === 'snapshot') return;
    for (const ancestor of lineage(transaction)) {
      if (!ancestor.snapshots.has(node.id)) continue;
      throw fault(
        YT_CODE.snapshotHeld,
        `Cannot take "${mode}" lock for node ${path} since "snapshot" lock is already taken by same transaction ${ancestor.id}`,
      );
    }
    for (const held of this.on(node.id)) {
      if (
        held.mode === 'snapshot' ||
        isSelfOrAncestor(held.transaction, transaction) ||
        !clashes(held, mode, part)
      )
        continue;
      throw fault(
        YT_CODE.concurrentLock,
        `Cannot take "${mode}" lock for node ${path} since "${held.mode}" lock is taken by concurrent transaction ${held.transaction.id}`,
        { winner_transaction: { id: held.transaction.id } },
      );
    }
  }

  /** Takes a lock that {@link check} allows; the same lock twice is one. */
  add(node: NodeRecord, mode: LockMode, part: string | undefined, transaction: Transaction): Lock {
    const locks = this.#byNode.get(node.id) ?? [];
    const same = locks.find(
      (lock) => lock.transaction === transaction && lock.mode === mode && lock.part === part,
    );
    if (same !== undefined) return same;
    const lock = { id: newObjectId('lock'), nodeId: node.id, mode, part, transaction };
    this.#byNode.set(node.id, [...locks, lock]);
    return lock;
  }

  /** At the end of a transaction: snapshots go, other locks move to `heir` if there is one. */
  release(transaction: Transaction, heir: Transaction | undefined): void {
    for (const [nodeId, locks] of this.#byNode) {
      const kept = locks.filter(
        (lock) => lock.transaction !== transaction || (heir !== undefined && lock.mode !== 'snapshot'),
      );
      for (const lock of kept)
        if (heir !== undefined && lock.transaction === transaction) lock.transaction = heir;
      if (kept.length === 0) this.#byNode.delete(nodeId);
      else if (kept.length < locks.length) this.#byNode.set(nodeId, kept);
    }
  }
}

function clashes(held: Lock, mode: LockMode, part: string | undefined): boolean {
  if (held.mode === 'exclusive' || mode === 'exclusive') return true;
  return part !== undefined && held.part === part;
}
