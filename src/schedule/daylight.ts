import { type CronFields, isHourly, shown } from './cron.js';
import { DAY_MS, type Shift, zoneOf } from './zone.js';

/** A change of the clocks that meets times which an expression names. */
export interface ClockChange extends Shift {
  /** `skipped`: they do not come, and are run together at `atMs`. `repeated`: they come twice, and are run the first time. */
  readonly kind: 'skipped' | 'repeated';
  /** The first of them as local time, counted as if the zone were UTC. */
  readonly localMs: number;
}

/** The changes within a time that a schedule which names hours meets; none for one that fires every hour. */
export function clockChanges(
  cron: CronFields,
  timeZone: string,
  fromMs: number,
  toMs: number,
): ClockChange[] {
  const zone = zoneOf(timeZone);
  const changes: ClockChange[] = [];
  if (isHourly(cron)) return changes;
  for (let day = Math.floor(fromMs / DAY_MS); day * DAY_MS < toMs; day++) {
    const shift = zone.shiftOn(day);
    if (shift === undefined) continue;
    const { atMs, beforeMs, afterMs } = shift;
    const kind = afterMs > beforeMs ? 'skipped' : 'repeated';
    const offsetMs = Math.min(beforeMs, afterMs);
    const [first] = shown(cron, atMs, atMs + Math.abs(afterMs - beforeMs), offsetMs);
    if (first !== undefined) changes.push({ ...shift, kind, localMs: first + offsetMs });
  }
  return changes;
}
