import { oneLine, RtnError } from '../error.js';
import { duration } from '../observe/progress.js';
import { parseSlot, slotRunId, slotText } from '../schedule/slot.js';

/** What a scheduler says of the slot that it starts a run for. */
export interface SlotRequest {
  /** Name of the schedule. */
  readonly schedule: string;
  /** A slot's text, the name of a job that a CronJob of Kubernetes made, or cron fields and a time zone. */
  readonly slot: string;
  /** How late after the slot the run may start; undefined for no limit. */
  readonly startDeadlineMs: number | undefined;
}

/**
 * The id of the run that this slot has, `NAME@SLOT`. Throws `usage` for what is no slot, and `configuration` where it is
 * too late to start it: none of the codes after which a scheduler starts again.
 */
export async function runIdOfSlot(
  { schedule, slot, startDeadlineMs }: SlotRequest,
  startMs: number,
): Promise<string> {
  const slotMs = parseSlot(slot) ?? jobSlot(slot) ?? (await lastSlot(slot, startMs));
  const id = slotRunId(schedule, slotMs);
  if (startDeadlineMs !== undefined && startMs > slotMs + startDeadlineMs)
    throw new RtnError(
      'configuration',
      `the slot ${slotText(slotMs)} of ${schedule} is missed: it is ${duration((startMs - slotMs) / 1_000)} past, and may start ${duration(startDeadlineMs / 1_000)} after it at the latest; nothing was started`,
      { next: 'nothing, where the next slot does; else start it without --start-deadline' },
    );
  return id;
}

/** The minutes since the epoch that the CronJob controller puts behind a job's name: `push-29934557`. */
function jobSlot(text: string): number | undefined {
  const [, minutes] = /^[a-z0-9][a-z0-9.-]*-(\d{8,9})$/.exec(text) ?? [];
  return minutes === undefined ? undefined : Number(minutes) * 60_000;
}

/** The last slot at or before a time of five cron fields and a time zone. Loaded only where it is asked for. */
async function lastSlot(text: string, nowMs: number): Promise<number> {
  const [, cron, timeZone] = /^(\S+(?: \S+){4}) (\S+)$/.exec(text.trim().replace(/\s+/g, ' ')) ?? [];
  if (cron === undefined || timeZone === undefined) throw noSlot(text);
  const [{ parseCron, previousSlot }, { isTimeZone }] = await Promise.all([
    import('../schedule/cron.js'),
    import('../schedule/zone.js'),
  ]);
  const parsed = parseCron(cron);
  if ('mistake' in parsed) throw noSlot(text, parsed.mistake);
  if (!isTimeZone(timeZone)) throw noSlot(text, `there is no time zone '${oneLine(timeZone, 60)}'`);
  const slotMs = previousSlot(parsed.fields, timeZone, nowMs);
  if (slotMs === undefined) throw noSlot(text, 'no such time has ever come');
  return slotMs;
}

function noSlot(text: string, mistake?: string): RtnError {
  const why = mistake === undefined ? '' : ` (${mistake})`;
  return new RtnError(
    'usage',
    `--slot: got '${oneLine(text, 120)}'${why}, expected a time such as 2026-11-24T09:17Z, the name of a job that a CronJob made, or cron fields and a time zone such as '17 9 * * 1-5 Europe/Moscow'`,
  );
}
