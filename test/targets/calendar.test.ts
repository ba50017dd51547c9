import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCron, nextSlot, parseCron } from '../../src/schedule/cron.js';
import { calendarEvents, missedAtShift } from '../../src/targets/calendar.js';
import { neededTool } from '../setup/debian-tools.js';
import { scheduledRun } from './run.js';

const SLOTS = 8;
const BERLIN_SPRING = Date.UTC(2027, 2, 28, 1);
const BERLIN_AUTUMN = Date.UTC(2027, 9, 31, 1);

const scheduleOf = (cron: string, timeZone = 'UTC') => scheduledRun({ cron, timeZone }).schedule;

/** When systemd would start it, by its own calendar. */
function systemdSlots(tool: string, events: readonly string[], afterMs: number): string[] {
  const base = `${new Date(afterMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const text = execFileSync(tool, ['calendar', `--iterations=${SLOTS}`, `--base-time=${base}`, ...events], {
    encoding: 'utf8',
    env: { TZ: 'UTC' },
  });
  const times = [...text.matchAll(/(?:Next elapse|Iter. #\d+): \w+ (\S+) (\S+) UTC$/gm)];
  return [...new Set(times.map(([, day, time]) => `${day}T${time}.000Z`))].sort().slice(0, SLOTS);
}

function ourSlots(cron: string, timeZone: string, afterMs: number): string[] {
  const slots: string[] = [];
  let slotMs: number | undefined = afterMs;
  while (slots.length < SLOTS) {
    slotMs = nextSlot(expectCron(cron), timeZone, slotMs);
    if (slotMs === undefined) break;
    slots.push(new Date(slotMs).toISOString());
  }
  return slots;
}

test.each<[string, string, string[]]>([
  ['17 9 * * 1-5', 'Europe/Moscow', ['Mon,Tue,Wed,Thu,Fri *-*-* 9:17:00 Europe/Moscow']],
  ['*/20 * * * *', 'Europe/Berlin', ['*-*-* *:0,20,40:00 UTC']],
  ['*/20 * * * *', 'Asia/Kathmandu', ['*-*-* *:0,20,40:00 Asia/Kathmandu']],
  ['0 0 13 * 5', 'UTC', ['*-*-13 0:0:00 UTC', 'Fri *-*-* 0:0:00 UTC']],
  ['30 12 1-7,15 1-3,12 *', 'UTC', ['*-1..3,12-1..7,15 12:30:00 UTC']],
])('%s in %s', (cron, zone, expected) => {
  expect(calendarEvents(scheduleOf(cron, zone))).toEqual(expected);
});

describe('changes of the clocks', () => {
  test.each<[string, string, number | undefined]>([
    ['30 2 * * *', 'Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
    ['0 3 * * *', 'Europe/Berlin', undefined],
    ['0 * * * *', 'Europe/Berlin', undefined],
    ['0 * * * 0', 'Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
    ['0 * * * 1', 'Europe/Berlin', undefined],
    ['30 2 * * *', 'Asia/Tokyo', undefined],
    ['45 * * * *', 'Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
  ])('%s in %s', (cron, zone, expected) => {
    expect(missedAtShift(scheduleOf(cron, zone))).toBe(expected);
  });

  test('are refused just where systemd leaves out a slot', (context) => {
    const tool = neededTool('systemd-analyze', context);
    for (const cron of [
      '30 2 * * *',
      '0 * * * 0',
      '0 3 * * *',
      '0,30 1-3 * * *',
      '*/10 * * * *',
      '0 2,3 * * *',
    ]) {
      const schedule = scheduleOf(cron, 'Europe/Berlin');
      const isSame = [BERLIN_SPRING, BERLIN_AUTUMN].every((atMs) => {
        const afterMs = atMs - 3 * 3_600_000;
        const ours = ourSlots(cron, 'Europe/Berlin', afterMs);
        return systemdSlots(tool, calendarEvents(schedule), afterMs).join() === ours.join();
      });
      expect([cron, missedAtShift(schedule) === undefined]).toEqual([cron, isSame]);
    }
  });
});

test('systemd fires at exactly our slots, whatever the schedule', (context) => {
  const tool = neededTool('systemd-analyze', context);
  const numbers = (min: number, max: number) =>
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.join(','));
  const field = (min: number, max: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      { weight: 2, arbitrary: numbers(min, max) },
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 2, max: 20 }).map((step) => `${min}-${max}/${Math.min(step, max - min)}`),
    );
  const cron = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
    .map((fields) => fields.join(' '))
    .filter((text) => 'fields' in parseCron(text));
  const zone = fc.constantFrom(
    ...['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Australia/Lord_Howe'],
    ...['America/Santiago', 'Pacific/Auckland'],
  );
  const afterMs = fc.oneof(
    fc.constantFrom(
      BERLIN_SPRING - 7_200_000,
      BERLIN_AUTUMN - 7_200_000,
      Date.UTC(2027, 2, 14, 5),
      Date.UTC(2028, 1, 28),
    ),
    fc
      .integer({ min: Date.UTC(2026, 0, 1) / 60_000, max: Date.UTC(2031, 0, 1) / 60_000 })
      .map((minute) => minute * 60_000),
  );
  fc.assert(
    fc.property(cron, zone, afterMs, (text, timeZone, fromMs) => {
      const schedule = scheduleOf(text, timeZone);
      fc.pre(missedAtShift(schedule) === undefined);
      expect(systemdSlots(tool, calendarEvents(schedule), fromMs)).toEqual(ourSlots(text, timeZone, fromMs));
    }),
    { numRuns: 150 },
  );
}, 120_000);
