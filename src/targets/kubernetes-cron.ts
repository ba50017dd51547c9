import { type CronFields, expectCron, isHourly, slotsBetween } from '../schedule/cron.js';
import { DAY_MS, MINUTE_MS, type Shift, zoneOf } from '../schedule/zone.js';
import { ranges } from './ranges.js';

const HOUR_MS = 60 * MINUTE_MS;
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

/** A day on which the controller would not do as the schedule says. */
interface Misstep {
  readonly atMs: number;
  /** What it would do instead. */
  readonly does: string;
}

/**
 * The first change of the zone's clocks that meets the schedule. Where hours are named a schedule is due once for each; the
 * controller goes by what the clock shows, hour by hour from midnight on, and stumbles where that is missing.
 */
export function firstMisstep(cron: CronFields, timeZone: string): Misstep | undefined {
  const zone = zoneOf(timeZone);
  for (let day = FIRST_DAY; day < FIRST_DAY + DAYS; day++) {
    const shift = zone.shiftOn(day);
    const does = shift && meeting(cron, shift);
    if (does !== undefined) return { atMs: shift?.atMs ?? 0, does };
  }
  return undefined;
}

/** What goes wrong at a change, seen with robfig/cron v3; times are what clocks show, as if it were UTC. */
function meeting(cron: CronFields, { atMs, beforeMs, afterMs }: Shift): string | undefined {
  const isForward = afterMs > beforeMs;
  const [firstMs, endMs] = [atMs + Math.min(beforeMs, afterMs), atMs + Math.max(beforeMs, afterMs)];
  const isDue = (fromMs: number, toMs: number) => !slotsBetween(cron, 'UTC', fromMs, toMs).next().done;
  if (!isHourly(cron)) {
    if (isDue(firstMs, endMs))
      return isForward
        ? 'would not start the slot that clocks leave out'
        : 'would start twice in the hour that comes twice';
    if ((endMs - firstMs) % HOUR_MS !== 0)
      return 'would miss slots after clocks have changed by less than an hour';
  }
  const midnightMs = Math.ceil(firstMs / DAY_MS) * DAY_MS;
  const isSkipped = isForward && midnightMs < endMs;
  const isLikeDayBefore = isDue(midnightMs, midnightMs + DAY_MS) === isDue(midnightMs - DAY_MS, midnightMs);
  return isSkipped && !isLikeDayBefore
    ? 'would take a day that has no midnight for the day before'
    : undefined;
}
