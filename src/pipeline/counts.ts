import type { Outcome, SendResult } from './record.js';

/**
 * The numbers of one run, shared by its stages and shown as progress. `logged` counts durable results only.
 * At the end: read = logged + spilled + lost + left.
 */
export interface Counts {
  /** Rows taken from the input. */
  read: number;
  /** Durable results by outcome. */
  readonly logged: Record<Outcome, number>;
  /** Results that went to the spill file because the log could not be written. */
  spilled: number;
  /** Results that could be written nowhere, neither to the log nor to the spill file. */
  lost: number;
  /** Rows that were read and got no result: a Stop came first. */
  left: number;
  /** Requests under way now. */
  inFlight: number;
  /** Requests made, first attempts and repeats alike. */
  attempts: number;
  /** Repeats among them. */
  retries: number;
  /** Answers that asked to slow down. */
  throttled: number;
}

export function newCounts(): Counts {
  return {
    read: 0,
    logged: { sent: 0, rejected: 0, failed: 0, skipped: 0, unknown: 0 },
    spilled: 0,
    lost: 0,
    left: 0,
    inFlight: 0,
    attempts: 0,
    retries: 0,
    throttled: 0,
  };
}

export function countLogged(counts: Counts, results: readonly SendResult[]): void {
  for (const result of results) counts.logged[result.outcome]++;
}

/** All durable results, whatever their outcome. */
export function loggedTotal({ logged }: Counts): number {
  return logged.sent + logged.rejected + logged.failed + logged.skipped + logged.unknown;
}
