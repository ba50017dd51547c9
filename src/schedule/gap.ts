import { expectCron, slotsBetween } from './cron.js';
import type { Schedule } from './schedule.js';
import { DAY_MS, MINUTE_MS } from './zone.js';

/** Years that hold a 29 February, and each change of the clocks on each day of the week: always the same ones. */
const [FROM_MS, DAYS] = [Date.UTC(2027, 0, 1), 8 * 366];
/** Of a schedule that is due often, three months hold what there is to see. */
const MAX_SLOTS = 10_000;

/**
 * The shortest time between two slots of a schedule in milliseconds, nights in which clocks are moved among them; Infinity where
 * there are no two. The same on every day. Throws `configuration` for a cron that is wrong.
 */
export function shortestGapMs({ cron, timeZone }: Pick<Schedule, 'cron' | 'timeZone'>): number {
  let [shortest, last, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const slotMs of slotsBetween(expectCron(cron), timeZone, FROM_MS, FROM_MS + DAYS * DAY_MS)) {
    shortest = Math.min(shortest, slotMs - last);
    last = slotMs;
    count += 1;
    if (shortest === MINUTE_MS || count === MAX_SLOTS) break;
  }
  return shortest;
}
