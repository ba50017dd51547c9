import { expectCron, slotsBetween } from '../schedule/cron.js';
import type { Schedule } from '../schedule/schedule.js';
import { DAY_MS, MINUTE_MS } from '../schedule/zone.js';

/** Years that hold a 29 February, and each change of the clocks on each day of the week: always the same ones. */
const [FROM_MS, DAYS] = [Date.UTC(2027, 0, 1), 8 * 366];
/** Of a schedule that is due often, three months hold what there is to see. */
const MAX_SLOTS = 10_000;

/** The shortest time between two slots of a schedule in milliseconds; Infinity where there are no two. */
export function smallestGapMs({ cron, timeZone }: Schedule): number {
  let [smallest, last, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const slotMs of slotsBetween(expectCron(cron), timeZone, FROM_MS, FROM_MS + DAYS * DAY_MS)) {
    smallest = Math.min(smallest, slotMs - last);
    last = slotMs;
    count += 1;
    if (smallest === MINUTE_MS || count === MAX_SLOTS) break;
  }
  return smallest;
}
