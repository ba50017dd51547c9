import type { Schedule } from './schedule.js';
import { slotText } from './slot.js';

/** A slot that is picked up within this time of it is on time: cron's own grain. Later ones are for `catch_up`. */
export const ON_TIME_MS = 60_000;

/** Most slots that wait or are caught up at once; what is older than these is missed. */
export const MOST_WAITING = 1_000;

/** Slots that get no run, for one reason: one record for all of them, so that a month of minutes is no flood. */
export interface Dropped {
  readonly slots: readonly number[];
  readonly state: 'missed' | 'skipped';
  readonly reason: string;
}

/** What becomes of slots whose time has come; all ascending. */
export interface Due {
  readonly dropped: readonly Dropped[];
  /** To be run late, one after the other. */
  readonly late: readonly number[];
  readonly onTime: readonly number[];
}

/** Sorts slots whose time has come, the older first, by the schedule's deadline and what it catches up. */
export function sortDue(
  { deadlineMs = Number.POSITIVE_INFINITY, catchUp }: Schedule,
  slots: readonly number[],
  nowMs: number,
): Due {
  const onTime = slots.filter((slotMs) => nowMs - slotMs <= ON_TIME_MS);
  const late = slots.slice(0, slots.length - onTime.length);
  const inTime = late.filter((slotMs) => nowMs - slotMs <= deadlineMs);
  const dropped = [
    missed(late.slice(0, late.length - inTime.length), 'nobody was there before its deadline'),
  ];
  if (catchUp === 'none') {
    dropped.push(missed(inTime, 'nobody was there'));
    return { dropped, late: [], onTime };
  }
  if (catchUp === 'all') {
    dropped.push(
      missed(inTime.slice(0, -MOST_WAITING), `more than ${MOST_WAITING} slots were left to catch up`),
    );
    return { dropped, late: inTime.slice(-MOST_WAITING), onTime };
  }
  // The newest stands for those before it, be it late or not.
  const newest = onTime.at(-1) ?? inTime.at(-1);
  if (newest !== undefined)
    dropped.push({
      slots: inTime.filter((slotMs) => slotMs !== newest),
      state: 'skipped',
      reason: `nobody was there; ${slotText(newest)} stands for it`,
    });
  return { dropped, late: onTime.length > 0 ? [] : inTime.slice(-1), onTime };
}

function missed(slots: readonly number[], reason: string): Dropped {
  return { slots, state: 'missed', reason };
}
