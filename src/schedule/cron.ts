/**
 * Cron expressions, and when they are due in a time zone. Clocks that daylight saving moves are followed in one of two ways:
 *
 * - An expression whose hours are all 24 fires whenever clocks show its minute: in each real hour, so twice in an hour
 *   that comes twice, and never in one that does not come.
 * - One that names hours fires once for each local time that it names: the first time where that comes twice. Those that
 *   clocks skip are run together, once, right after the jump.
 */
import { oneLine, RtnError } from '../error.js';
import { FORMS, parseField } from './cron-field.js';
import { DAY_MS, MINUTE_MS, type Shift, type Zone, zoneOf } from './zone.js';

/** The five fields as sets, ascending: what each scheduler's own form is made from. */
export interface CronFields {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly daysOfMonth: readonly number[];
  /** From 1. */
  readonly months: readonly number[];
  /** 0 is Sunday; never 7. */
  readonly daysOfWeek: readonly number[];
  /** Which of the two kinds of days were named. `either`: a day in one of the two sets is enough, as in every cron. */
  readonly days: 'every' | 'of-month' | 'of-week' | 'either';
}

const HOUR_MS = 60 * MINUTE_MS;
/** Days to look through: 29 February is missing for eight years around 2100. */
const MAX_DAYS = 9 * 366;

const LONGEST_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads a cron expression: five fields of numbers, `*`, lists, ranges, steps behind `*` or a range, names of months and
 * days. What only some schedulers read (seconds, @daily, L, #, ?, W, H) is a mistake, and so is what they read differently.
 */
export function parseCron(text: string): { fields: CronFields } | { mistake: string } {
  const words = text.trim().split(/[ \t]+/);
  if (words.length !== FORMS.length || text.length > 500)
    return { mistake: countMistake(text, words.length) };
  const sets: (readonly number[])[] = [];
  for (const [index, form] of FORMS.entries()) {
    const set = parseField(words[index] ?? '', form);
    if (typeof set === 'string') return { mistake: set };
    sets.push(set);
  }
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] = sets;
  const days = daysOf(words[2] ?? '', words[4] ?? '');
  if (days === undefined)
    return {
      mistake: `day of month '${words[2]}' with day of week '${words[4]}': some schedulers take a day that is in one of the two, others one that is in both; write * for one of the two, or list the days`,
    };
  const longest = Math.max(...months.map((month) => LONGEST_MONTHS[month - 1] ?? 0));
  if (days === 'of-month' && Math.min(...daysOfMonth) > longest)
    return { mistake: `'${text.trim()}' never fires: no month that is named has a day ${daysOfMonth[0]}` };
  return { fields: { minutes, hours, daysOfMonth, months, daysOfWeek, days } };
}

/** The fields of an expression that was checked before; throws `configuration` with the mistake otherwise. */
export function expectCron(text: string): CronFields {
  const parsed = parseCron(text);
  if ('fields' in parsed) return parsed.fields;
  throw new RtnError('configuration', `cron: ${parsed.mistake}`, { next: 'rtn check' });
}

function countMistake(text: string, count: number): string {
  const shown = oneLine(text.trim(), 60);
  if (shown.startsWith('@'))
    return `'${shown}' is read by some schedulers only; write five fields, such as 0 3 * * * for every day at 03:00`;
  return `'${shown}' has ${count} field${count === 1 ? '' : 's'}, expected 5: minute, hour, day of month, month, day of week`;
}

/** A step makes a star a set of its own to some schedulers, and leaves it a star to others: undefined where that decides. */
function daysOf(ofMonth: string, ofWeek: string): CronFields['days'] | undefined {
  const isStar = (word: string) => word === '*' || word === '*/1';
  if (isStar(ofMonth)) return isStar(ofWeek) ? 'every' : 'of-week';
  if (isStar(ofWeek)) return 'of-month';
  return ofMonth.startsWith('*') || ofWeek.startsWith('*') ? undefined : 'either';
}

/** The first slot after a time, in milliseconds since the epoch; undefined where there is none for nine years. */
export function nextSlot(cron: CronFields, timeZone: string, afterMs: number): number | undefined {
  const zone = zoneOf(timeZone);
  const today = dayOf(afterMs);
  for (let day = today; day <= today + MAX_DAYS; day++) {
    const slot = slotsOfDay(cron, zone, day).find((slotMs) => slotMs > afterMs);
    if (slot !== undefined) return slot;
  }
  return undefined;
}

/** The last slot at or before a time; undefined where there was none for nine years. */
export function previousSlot(cron: CronFields, timeZone: string, atOrBeforeMs: number): number | undefined {
  const zone = zoneOf(timeZone);
  const today = dayOf(atOrBeforeMs);
  for (let day = today; day >= today - MAX_DAYS; day--) {
    const slot = slotsOfDay(cron, zone, day).findLast((slotMs) => slotMs <= atOrBeforeMs);
    if (slot !== undefined) return slot;
  }
  return undefined;
}

/** The slots from one time up to another, neither of a day before nor of one after: `fromMs <= slot < toMs`, ascending. */
export function* slotsBetween(
  cron: CronFields,
  timeZone: string,
  fromMs: number,
  toMs: number,
): Generator<number> {
  const zone = zoneOf(timeZone);
  for (let day = dayOf(fromMs); day * DAY_MS < toMs; day++) {
    for (const slotMs of slotsOfDay(cron, zone, day)) if (slotMs >= fromMs && slotMs < toMs) yield slotMs;
  }
}

/** Whether it fires in every hour, and so follows the clock as it is shown. */
export function isHourly({ hours }: CronFields): boolean {
  return hours.length === 24;
}

/** The slots within a day UTC, ascending. */
function slotsOfDay(cron: CronFields, zone: Zone, day: number): readonly number[] {
  if (![day - 1, day, day + 1].some((local) => isOnDay(cron, local))) return [];
  const [startMs, endMs] = [day * DAY_MS, (day + 1) * DAY_MS];
  const shift = zone.shiftOn(day);
  if (shift === undefined) {
    const slots = shown(cron, startMs, endMs, zone.offsetMs(startMs));
    return withoutRepeated(cron, slots, zone.shiftOn(day - 1));
  }
  const before = shown(cron, startMs, shift.atMs, shift.beforeMs);
  const after = shown(cron, shift.atMs, endMs, shift.afterMs);
  return [
    ...withoutRepeated(cron, before, zone.shiftOn(day - 1)),
    ...(isSkippedAt(cron, shift) && after[0] !== shift.atMs ? [shift.atMs] : []),
    ...withoutRepeated(cron, after, shift),
  ];
}

/** The times at which clocks that stay `offsetMs` ahead of UTC show what the expression names; `startMs <= time < endMs`. */
export function shown(cron: CronFields, startMs: number, endMs: number, offsetMs: number): number[] {
  const slots: number[] = [];
  for (let day = dayOf(startMs + offsetMs); day * DAY_MS < endMs + offsetMs; day++) {
    if (!isOnDay(cron, day)) continue;
    for (const hour of cron.hours) {
      const hourMs = day * DAY_MS + hour * HOUR_MS - offsetMs;
      if (hourMs >= endMs || hourMs + HOUR_MS <= startMs) continue;
      for (const minute of cron.minutes) {
        const slotMs = hourMs + minute * MINUTE_MS;
        if (slotMs >= startMs && slotMs < endMs) slots.push(slotMs);
      }
    }
  }
  return slots;
}

/** Clocks that were put back show an hour again: who names hours has had it. */
function withoutRepeated(cron: CronFields, slots: number[], shift: Shift | undefined): number[] {
  if (shift === undefined || isHourly(cron)) return slots;
  const { atMs, beforeMs, afterMs } = shift;
  return slots.filter((slotMs) => slotMs < atMs || slotMs >= atMs + beforeMs - afterMs);
}

/** Whether clocks that were put forward left out a time that is named. */
function isSkippedAt(cron: CronFields, { atMs, beforeMs, afterMs }: Shift): boolean {
  return !isHourly(cron) && shown(cron, atMs, atMs + afterMs - beforeMs, beforeMs).length > 0;
}

/** Whether the date of a local day, counted since 1970-01-01, is one that is named. */
function isOnDay({ months, daysOfMonth, daysOfWeek, days }: CronFields, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (!months.includes(date.getUTCMonth() + 1)) return false;
  const isOfMonth = daysOfMonth.includes(date.getUTCDate());
  const isOfWeek = daysOfWeek.includes(date.getUTCDay());
  if (days === 'either') return isOfMonth || isOfWeek;
  return (days === 'of-week' || isOfMonth) && (days === 'of-month' || isOfWeek);
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}
