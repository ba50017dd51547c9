import { foreignCode, toRtnError } from '../error.js';
import { exitCodes, RUNNER_EXIT } from '../exit.js';
import type { SlotRecord } from './history.js';
import type { AlertEvent, Schedule } from './schedule.js';

/** Exit codes after which another try may help. */
const WORTH_ANOTHER_TRY: ReadonlySet<number> = new Set(exitCodes('retry'));

export function isWorthAnotherTry(exitCode: number): boolean {
  return WORTH_ANOTHER_TRY.has(exitCode);
}

/** How the process of a slot ended. */
export interface SlotEnd {
  /** The runner's; 128 + n where signal n killed it. */
  readonly exitCode: number;
  /** Why it ended before its time, or could not be started at all. */
  readonly reason?: string | undefined;
  /** It took longer than its timeout. */
  readonly isTimeout?: boolean;
  /** Its server told it to end because it ends itself. */
  readonly isShutdown?: boolean;
}

/** A slot that waits to be started for the first time. */
export function newSlot(
  { name: schedule, operation }: Schedule,
  slotMs: number,
  { isCatchUp = false, isManual = false } = {},
): SlotRecord {
  return {
    schedule,
    slotMs,
    state: 'waiting',
    operation,
    version: null,
    isManual,
    isCatchUp,
    attempt: 0,
    retries: 0,
    deaths: 0,
    server: null,
    process: null,
    stop: null,
    notBeforeMs: null,
    startedMs: null,
    endedMs: null,
    exitCode: null,
    reason: null,
    alert: null,
  };
}

/** The slot as it stands when a server takes it to start it (again). */
export function startedSlot(slot: SlotRecord, server: string, nowMs: number): SlotRecord {
  return {
    ...slot,
    state: 'running',
    attempt: slot.attempt + 1,
    server,
    process: null,
    stop: null,
    notBeforeMs: null,
    startedMs: nowMs,
    endedMs: null,
    exitCode: null,
    reason: null,
  };
}

/** The slot once its process has ended: for good, or waiting for another try. Without an alert yet. */
export function endedSlot(schedule: Schedule, slot: SlotRecord, end: SlotEnd, nowMs: number): SlotRecord {
  const { exitCode, reason = null, isTimeout = false, isShutdown = false } = end;
  const ended = { ...slot, server: null, process: null, endedMs: nowMs, exitCode, reason };
  if (exitCode === RUNNER_EXIT.ok) return { ...ended, state: 'ran', reason: null };
  if (slot.stop !== null) return { ...ended, state: 'skipped', reason: slot.stop };
  if (slot.isManual) return { ...ended, state: 'failed' };
  if (isShutdown) return { ...ended, state: 'waiting', reason: 'its server was told to end' };
  const mayRetry = !isTimeout && isWorthAnotherTry(exitCode) && slot.retries < schedule.retries.attempts;
  if (!mayRetry) return { ...ended, state: 'failed' };
  return {
    ...ended,
    state: 'waiting',
    retries: slot.retries + 1,
    notBeforeMs: nowMs + schedule.retries.pauseMs,
  };
}

/** The end of a slot whose process could not be made. What the system refuses now (no space, no process) it may grant later. */
export function endWithoutProcess(thrown: unknown): SlotEnd {
  const { code, message, cause } = toRtnError(thrown);
  const mayHelp = code === 'temporary' || (code === 'internal' && foreignCode(cause) !== undefined);
  return { exitCode: mayHelp ? RUNNER_EXIT.temporary : RUNNER_EXIT.configuration, reason: message };
}

/** A person's slot that waited for its turn until nobody waited for it any more. */
export function abandonedSlot(
  slot: SlotRecord,
  nowMs: number,
  reason = 'the command that asked for it ended',
): SlotRecord {
  return { ...slot, state: 'skipped', server: null, endedMs: nowMs, reason };
}

/** Puts the alert on a slot that its schedule asks for, and says how the schedule stands after it. */
export function withAlert(
  { alert }: Schedule,
  slot: SlotRecord,
  isTroubled: boolean,
): { slot: SlotRecord; isTroubled: boolean } {
  const event = eventOf(slot, isTroubled);
  return {
    slot: event !== undefined && alert?.events.includes(event) === true ? { ...slot, alert: event } : slot,
    isTroubled: event === undefined ? isTroubled : event !== 'recovered',
  };
}

function eventOf({ state }: SlotRecord, isTroubled: boolean): AlertEvent | undefined {
  if (state === 'failed' || state === 'missed') return state;
  return state === 'ran' && isTroubled ? 'recovered' : undefined;
}
