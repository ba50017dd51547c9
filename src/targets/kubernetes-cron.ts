import { type CronFields, expectCron, isHourly, slotsBetween } from '../schedule/cron.js';
import { DAY_MS, zoneOf } from '../schedule/zone.js';
import { ranges } from './ranges.js';

/** Years that hold each change of the clocks on each date it can have: always the same ones. */
const [FIRST_DAY, DAYS] = [Date.UTC(2027, 0, 1) / DAY_MS, 11 * 365];

/**
 * The expression as the controller's parser (robfig/cron) reads it: there Sunday is 0 and never 7, and no range of
 * days goes past Saturday. All else that a schedule may hold means the same there.
 */
export function kubernetesCron(cron: string): string {
  const { days, daysOfWeek } = expectCron(cron);
  const [minute, hour, dayOfMonth, month] = cron
    .trim()
    .toLowerCase()
    .split(/[ \t]+/);
  const dayOfWeek = days === 'of-week' || days === 'either' ? ranges(daysOfWeek, '-') : '*';
  return [minute, hour, dayOfMonth, month, dayOfWeek].join(' ');
}

/** A night on which the controller would not do as the schedule says. */
export interface ClockChange {
  readonly atMs: number;
  /** It leaves out a slot that is due right after the jump; else it starts one twice. */
  readonly isSkipped: boolean;
}

/**
 * The first change of the zone's clocks that meets the schedule. Where hours are named a schedule is due
 * once for each; the controller goes by what the clock shows: twice in an hour that comes twice, never in one that is left out.
 */
export function clockChange(cron: CronFields, timeZone: string): ClockChange | undefined {
  if (isHourly(cron)) return undefined;
  const zone = zoneOf(timeZone);
  for (let day = FIRST_DAY; day < FIRST_DAY + DAYS; day++) {
    const shift = zone.shiftOn(day);
    if (shift === undefined) continue;
    const { atMs, beforeMs, afterMs } = shift;
    const [firstMs, endMs] = [atMs + Math.min(beforeMs, afterMs), atMs + Math.max(beforeMs, afterMs)];
    // What clocks show, as if it were UTC.
    if (!slotsBetween(cron, 'UTC', firstMs, endMs).next().done)
      return { atMs, isSkipped: afterMs > beforeMs };
  }
  return undefined;
}
