import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { isHolderGone } from '../pipeline/holder.js';
import type { KnownSlot, SlotRecord } from '../schedule/history.js';
import { slotRunId, slotText } from '../schedule/slot.js';

const EXIT_WORDS: ReadonlyMap<number, string> = new Map(
  Object.entries(RUNNER_EXIT).map(([word, code]) => [code, word]),
);

/** `75 temporary`. */
export function exitText(exitCode: number): string {
  const word = exitCode > 128 ? `signal ${exitCode - 128}` : EXIT_WORDS.get(exitCode);
  return word === undefined ? `${exitCode}` : `${exitCode} ${word}`;
}

/** The state of a slot for a person: one whose server is gone has `died` until the next one takes it over. */
export function stateText({ state, server }: KnownSlot): string {
  return state === 'running' && server !== null && isHolderGone(server) ? 'died' : state;
}

/** What is known of a slot, for machines. */
export function slotJson(slot: SlotRecord): Record<string, unknown> {
  return {
    schedule: slot.schedule,
    slot: slotText(slot.slotMs),
    state: slot.state,
    run_id: slotRunId(slot.schedule, slot.slotMs),
    operation: slot.operation,
    version: slot.version,
    is_manual: slot.isManual,
    is_catch_up: slot.isCatchUp,
    attempt: slot.attempt,
    started_at: timeText(slot.startedMs),
    ended_at: timeText(slot.endedMs),
    not_before: timeText(slot.notBeforeMs),
    exit_code: slot.exitCode,
    reason: slot.reason,
    server: slot.server,
  };
}

/** What became of a slot, in a line without its name. */
export function slotWords(slot: SlotRecord): string {
  const { state, attempt, exitCode, reason, stop, notBeforeMs } = slot;
  const parts = [
    state === 'waiting' && attempt > 0 ? 'waits to be started again' : state,
    ...(state === 'running' && stop !== null ? [`told to end, ${stop}`] : []),
    ...(attempt > 1 ? [`start ${attempt}`] : []),
    ...(exitCode !== null ? [`exit ${exitText(exitCode)}`] : []),
    ...(reason !== null ? [reason] : []),
    ...(state === 'waiting' && notBeforeMs !== null ? [`at ${timeText(notBeforeMs)}`] : []),
  ];
  return oneLine(parts.join(', '));
}

function timeText(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
