import { expectCron, nextSlot, slotsBetween } from '../schedule/cron.js';
import type { SlotTimes } from '../schedule/scheduler.js';

/** When schedules are due, by their cron expressions. */
export const cronTimes: SlotTimes = {
  next: ({ cron, timeZone }, afterMs) => nextSlot(expectCron(cron), timeZone, afterMs),
  between: ({ cron, timeZone }, afterMs, untilMs) =>
    slotsBetween(expectCron(cron), timeZone, afterMs + 1, untilMs + 1),
};
