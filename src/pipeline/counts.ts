import type { Outcome, SendResult } from './record.js';

/**
 * The numbers of one run, shared by its stages and shown as progress. `logged` counts durable results only.
 * At the end: read = logged + left + held, and where the log itself failed + spilled + lost: results that there are but
 * that the log has not.
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
  /** Rows that may have been sent before the runner died, and wait for a person to decide. */
  held: number;
  /** Rows that an earlier start of the run has done; they are not `read`. */
  alreadyDone: number;
  /** Results of earlier starts that are in the log only now: spilled ones, and those of a stream in doubt. Not `logged`. */
  recovered: number;
  /** Rows that `--limit`, `--sample` or `--only` passed over; they are not `read`. */
  notSelected: number;
  /** Logged results whose recipient nobody should send to again. */
  suppressed: number;
  /** Requests under way now. */
  inFlight: number;
  /** Requests made, first attempts and repeats alike. */
  attempts: number;
  /** Repeats among them. */
  retries: number;
  /** Answers that asked to slow down. */
  throttled: number;
  /** How often sending waited because the provider was down. */
  breakerPauses: number;
}

export function newCounts(): Counts {
  return {
    read: 0,
    logged: { sent: 0, rejected: 0, failed: 0, skipped: 0, unknown: 0 },
    spilled: 0,
    lost: 0,
    left: 0,
    held: 0,
    alreadyDone: 0,
    recovered: 0,
    notSelected: 0,
    suppressed: 0,
    inFlight: 0,
    attempts: 0,
    retries: 0,
    throttled: 0,
    breakerPauses: 0,
  };
}

export function countLogged(counts: Counts, results: readonly SendResult[]): void {
  for (const { outcome, suppress } of results) {
    counts.logged[outcome]++;
    if (suppress) counts.suppressed++;
  }
}

/** All durable results, whatever their outcome. */
export function loggedTotal({ logged }: Counts): number {
  return logged.sent + logged.rejected + logged.failed + logged.skipped + logged.unknown;
}
