import { isActive, type KnownSlot } from './history.js';
import type { Schedule } from './schedule.js';
import { isWorthAnotherTry } from './slots.js';

/** How late a slot without a deadline may begin, and how late anything may be told: schedulers elsewhere are seldom exact. */
const USUAL_DELAY_MS = 10 * 60_000;

/** A start again may be so late after its pause: Kubernetes makes pauses of its own, up to ten minutes. */
const RETRY_DELAY_MS = 15 * 60_000;

/** The last start of one part of a run, as the ledger has it. */
export interface LastStart {
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly exitCode: number | null;
  readonly error: string | null;
  /** Its process is surely no more, and has not told its end. */
  readonly isGone: boolean;
  /** How many starts there were with it. */
  readonly starts: number;
}

/** A run of a slot in the ledger. */
export interface SlotRun {
  readonly version: string;
  /** One a shard. */
  readonly lastStarts: readonly LastStart[];
}

/** What is known of a slot, from the history and from the ledger. */
export interface SlotFacts {
  readonly record: KnownSlot | undefined;
  readonly run: SlotRun | undefined;
  /** A server has dealt with all slots up to here; undefined where none ever served the schedule. */
  readonly cursorMs: number | undefined;
  /** Whether the server of a record is surely gone. */
  isLeft(slot: KnownSlot): boolean;
}

/**
 * What became of a slot. `open`: that is still to come. `none`: it is nobody's loss. `isTold`: a server has dealt with it,
 * and has sent what alert there was to send.
 */
export type Verdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly hasRun: boolean }
  | { readonly kind: 'ran'; readonly version: string | null; readonly isTold: boolean }
  | (Trouble & { readonly isTold: boolean });

export interface Trouble {
  readonly kind: 'failed' | 'missed';
  readonly reason: string;
  readonly exitCode: number | null;
  readonly version: string | null;
}

/** How long after its slot a run has to have begun, at the latest; one that has to wait for another, after its timeout. */
function latestStartMs({ deadlineMs, overlap, timeoutMs = 0 }: Schedule): number {
  return (deadlineMs ?? USUAL_DELAY_MS) + (overlap === 'allow' ? 0 : timeoutMs);
}

export function judgeSlot(schedule: Schedule, slotMs: number, facts: SlotFacts, nowMs: number): Verdict {
  const { record, run, cursorMs } = facts;
  const ofRun = run && verdictOfRun(schedule, run, nowMs);
  if (record !== undefined) {
    const ofRecord = verdictOfRecord(record, facts);
    // Whoever ran it after all has told the ledger alone.
    return ofRun?.kind === 'ran' && ofRecord.kind !== 'ran' ? ofRun : ofRecord;
  }
  if (ofRun !== undefined) return ofRun;
  if (cursorMs !== undefined && slotMs <= cursorMs) return { kind: 'none' };
  if (nowMs < slotMs + latestStartMs(schedule)) return { kind: 'open', hasRun: false };
  return {
    ...{ kind: 'missed', reason: 'no run of it is known' },
    ...{ exitCode: null, version: null, isTold: false },
  };
}

function verdictOfRecord(record: KnownSlot, { isLeft }: SlotFacts): Verdict {
  const { state, version, exitCode, reason, isManual } = record;
  if (isActive(record)) {
    if (!isLeft(record)) return { kind: 'open', hasRun: true };
    const left = 'its run was left by a server that is gone';
    return { kind: 'missed', reason: left, exitCode: null, version, isTold: false };
  }
  if (state === 'ran') return { kind: 'ran', version, isTold: true };
  // A failure by hand is told to the hand.
  if (state === 'skipped' || isManual || !(state === 'failed' || state === 'missed')) return { kind: 'none' };
  return { kind: state, reason: reason ?? `exit code ${exitCode}`, exitCode, version, isTold: true };
}

/** A run is as good as the worst of its parts. */
function verdictOfRun(schedule: Schedule, { lastStarts, version }: SlotRun, nowMs: number): Verdict {
  const parts = lastStarts.map((start) => verdictOfStart(schedule, start, nowMs));
  const failed = parts.find((part) => typeof part === 'object');
  if (failed !== undefined) return { kind: 'failed', ...failed, version, isTold: false };
  if (parts.length === 0 || parts.includes('open')) return { kind: 'open', hasRun: true };
  return { kind: 'ran', version, isTold: false };
}

function verdictOfStart(
  { retries, timeoutMs }: Schedule,
  { startedMs, endedMs, exitCode, error, isGone, starts }: LastStart,
  nowMs: number,
): 'ran' | 'open' | Pick<Trouble, 'reason' | 'exitCode'> {
  if (exitCode === 0) return 'ran';
  if (exitCode !== null) {
    const mayFollow =
      isWorthAnotherTry(exitCode) &&
      starts <= retries.attempts &&
      nowMs < (endedMs ?? startedMs) + retries.pauseMs + RETRY_DELAY_MS;
    return mayFollow ? 'open' : { reason: error ?? `exit code ${exitCode}`, exitCode };
  }
  if (isGone || endedMs !== null) return { reason: error ?? 'its process died', exitCode };
  if (timeoutMs === undefined || nowMs < startedMs + timeoutMs + USUAL_DELAY_MS) return 'open';
  const reason = `its timeout of ${Math.round(timeoutMs / 1_000)} s has passed, and it has not told its end`;
  return { reason, exitCode };
}
