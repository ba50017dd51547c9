/** Cron expressions as calendar events of systemd.time(7), and where the two disagree about changes of the clocks. */
import { type CronFields, expectCron, isHourly, slotsBetween } from '../schedule/cron.js';
import type { Schedule } from '../schedule/schedule.js';
import { DAY_MS, MINUTE_MS, type Shift, zoneOf } from '../schedule/zone.js';
import { ranges } from './ranges.js';

const DAYS_OF_WEEK = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The same ten years always, so that the same schedule is always judged alike. */
const [FROM_DAY, DAYS] = [Date.UTC(2026, 0, 1) / DAY_MS, 3_653];

/**
 * What `OnCalendar=` holds, one line each: two where a day of the month or a day of the week is enough. A schedule of
 * every hour of every day is written in UTC where the zone's minutes are those of UTC: systemd fires once in an hour that comes twice.
 */
export function calendarEvents({ cron, timeZone }: Schedule): string[] {
  const fields = expectCron(cron);
  const zone = isSameInUtc(fields, timeZone) ? 'UTC' : timeZone;
  const time = `${hours(fields)}:${minutes(fields)}:00 ${zone}`;
  const months = fields.months.length === 12 ? '*' : ranges(fields.months, '..');
  const ofMonth = `*-${months}-${ranges(fields.daysOfMonth, '..')} ${time}`;
  const ofWeek = `${fields.daysOfWeek.map((day) => DAYS_OF_WEEK[day]).join(',')} *-${months}-* ${time}`;
  if (fields.days === 'either') return [ofMonth, ofWeek];
  if (fields.days === 'of-month') return [ofMonth];
  return [fields.days === 'of-week' ? ofWeek : `*-${months}-* ${time}`];
}

/** The first change of the clocks at which systemd would leave out a slot; undefined where there is none in ten years. */
export function missedAtShift({ cron, timeZone }: Schedule): number | undefined {
  const fields = expectCron(cron);
  if (isSameInUtc(fields, timeZone)) return undefined;
  return shiftsOf(timeZone).find((shift) => isLeftOut(fields, timeZone, shift))?.atMs;
}

/** systemd fires neither at a time that clocks skip, nor again in an hour that comes twice. */
function isLeftOut(fields: CronFields, timeZone: string, { atMs, beforeMs, afterMs }: Shift): boolean {
  const untilMs = afterMs > beforeMs ? atMs + MINUTE_MS : atMs + beforeMs - afterMs;
  if (slotsBetween(fields, timeZone, atMs, untilMs).next().done === true) return false;
  // What clocks show right after the jump, as if it were UTC: where that is named itself, systemd fires, too.
  const shownMs = atMs + afterMs;
  return afterMs < beforeMs || slotsBetween(fields, 'UTC', shownMs, shownMs + MINUTE_MS).next().done === true;
}

function isSameInUtc(fields: CronFields, timeZone: string): boolean {
  const isAlways = fields.days === 'every' && fields.months.length === 12 && isHourly(fields);
  return isAlways && offsetsOf(timeZone).every((offsetMs) => offsetMs % (60 * MINUTE_MS) === 0);
}

function offsetsOf(timeZone: string): number[] {
  return [zoneOf(timeZone).offsetMs(FROM_DAY * DAY_MS), ...shiftsOf(timeZone).map(({ afterMs }) => afterMs)];
}

function shiftsOf(timeZone: string): Shift[] {
  const zone = zoneOf(timeZone);
  return Array.from({ length: DAYS }, (_, index) => zone.shiftOn(FROM_DAY + index)).filter(
    (shift) => shift !== undefined,
  );
}

function hours(fields: CronFields): string {
  return isHourly(fields) ? '*' : ranges(fields.hours, '..');
}

function minutes(fields: CronFields): string {
  return fields.minutes.length === 60 ? '*' : ranges(fields.minutes, '..');
}
