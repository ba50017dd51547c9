import type { YsonMap } from '../../yson/value.js';
import type { Chunk, Delta, NodeRecord } from './node.js';

/**
 * A transaction as the server keeps it. States: live -> committed | aborted. What it changed lies in `deltas` until the
 * commit merges them into the parent or the trunk; nodes it made wait in `staged`; what it froze is in `snapshots`.
 */
export interface Transaction {
  readonly id: string;
  readonly parent: Transaction | undefined;
  readonly nested: Set<Transaction>;
  readonly attributes: YsonMap;
  /** 0 for the server's own, which nobody pings. */
  readonly timeoutMs: number;
  readonly startedMs: number;
  readonly prerequisites: readonly Transaction[];
  readonly deltas: Map<string, Delta>;
  readonly staged: string[];
  readonly snapshots: Map<string, NodeRecord>;
  pingedMs: number;
  stopTimer: () => void;
  isLive: boolean;
}

/** The transaction and its ancestors, innermost first. */
export function* lineage(transaction: Transaction | undefined): Generator<Transaction> {
  for (let at = transaction; at !== undefined; at = at.parent) yield at;
}

export function isSelfOrAncestor(candidate: Transaction, of: Transaction | undefined): boolean {
  for (const ancestor of lineage(of)) if (ancestor === candidate) return true;
  return false;
}

/** Chunks that a transaction keeps alive although the trunk may have dropped them. */
export function* heldChunks(transaction: Transaction): Generator<Chunk> {
  for (const record of transaction.snapshots.values()) yield* record.chunks;
  for (const delta of transaction.deltas.values()) yield* delta.chunks?.list ?? [];
}
