export const MINUTE_MS = 60_000;
export const DAY_MS = 1_440 * MINUTE_MS;
/** Days of one zone that are remembered: a little over ten years. */
const MAX_DAYS = 4_096;

/** A change of a zone's offset: from `atMs` on clocks are `afterMs` ahead of UTC, before it `beforeMs`. */
export interface Shift {
  readonly atMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** What a zone's clocks show, to the minute. */
export interface Zone {
  /** How far local time is ahead of UTC. */
  offsetMs(atMs: number): number;
  /** The change within one day UTC, counted in days since the epoch. No zone has ever had two in a day. */
  shiftOn(day: number): Shift | undefined;
}

const zones = new Map<string, Zone>();

/** A zone by its IANA name; throws a RangeError for a name that `isTimeZone` refuses. */
export function zoneOf(name: string): Zone {
  const zone = zones.get(name) ?? (name === 'UTC' ? UTC : newZone(name));
  zones.set(name, zone);
  return zone;
}

/** Whether a name is one that every system takes: IANA's, written as there (`Europe/Berlin`), no offset such as +03:00. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Z0-9][A-Za-z0-9_+-]*){0,2}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !timeZones().some((known) => known !== name && known.toLowerCase() === name.toLowerCase());
  } catch {
    return false;
  }
}

/** The names to suggest from: the runtime knows more, such as old ones. */
export function timeZones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

const UTC: Zone = { offsetMs: () => 0, shiftOn: () => undefined };

function newZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' });
  const offsetMs = (atMs: number) => parseOffset(format.format(atMs));
  const shifts = new Map<number, Shift | undefined>();
  return {
    offsetMs,
    shiftOn(day) {
      if (!shifts.has(day)) {
        if (shifts.size >= MAX_DAYS) shifts.clear();
        shifts.set(day, findShift(offsetMs, day * DAY_MS));
      }
      return shifts.get(day);
    },
  };
}

function findShift(offsetMs: Zone['offsetMs'], dayMs: number): Shift | undefined {
  let [before, after] = [dayMs - MINUTE_MS, dayMs + DAY_MS - MINUTE_MS];
  const [beforeMs, afterMs] = [offsetMs(before), offsetMs(after)];
  if (beforeMs === afterMs) return undefined;
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetMs(middle) === beforeMs) before = middle;
    else after = middle;
  }
  return { atMs: after, beforeMs, afterMs };
}

/** `11/24/2026, GMT+05:45`. Seconds, which offsets had a century ago, are left out. */
function parseOffset(text: string): number {
  const [, sign, hours = 0, minutes = 0] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}

/** What a zone's clocks show at a time: `2026-11-24 10:17 +01:00`. */
export function localText(zone: string, atMs: number): string {
  const offsetMs = zoneOf(zone).offsetMs(atMs);
  const [day, minute] = new Date(atMs + offsetMs).toISOString().split('T');
  const offset = new Date(Math.abs(offsetMs)).toISOString().slice(11, 16);
  return `${day} ${minute?.slice(0, 5)} ${offsetMs < 0 ? '-' : '+'}${offset}`;
}
