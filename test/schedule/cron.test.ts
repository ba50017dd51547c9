import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectCron, nextSlot, parseCron, previousSlot, slotsBetween } from '../../src/schedule/cron.js';
import { slotText } from '../../src/schedule/slot.js';

const ms = (text: string) => Date.parse(text);

/** The slots of a day and more, as UTC. */
function slots(cron: string, zone: string, from: string, to: string): string[] {
  return [...slotsBetween(expectCron(cron), zone, ms(from), ms(to))].map(slotText);
}

describe('what is read', () => {
  test.each([
    ['* * * * *', 'minutes', 60],
    ['*/15 * * * *', 'minutes', [0, 15, 30, 45]],
    ['10-20/5,59,1 * * * *', 'minutes', [1, 10, 15, 20, 59]],
    ['0 8-10 * * *', 'hours', [8, 9, 10]],
    ['0 0 1,15 * *', 'daysOfMonth', [1, 15]],
    ['0 0 1 JAN,mar-May *', 'months', [1, 3, 4, 5]],
    ['0 0 * * 1-5', 'daysOfWeek', [1, 2, 3, 4, 5]],
    ['0 0 * * 5-7', 'daysOfWeek', [0, 5, 6]],
    ['0 0 * * fri-sun', 'daysOfWeek', [0, 5, 6]],
    ['0 0 * * 7', 'daysOfWeek', [0]],
    ['0 0 * * */2', 'daysOfWeek', [0, 2, 4, 6]],
    ['  0\t0  * * * ', 'hours', [0]],
  ] as const)('%s: %s', (text, key, expected) => {
    const set = expectCron(text)[key];
    expect(typeof expected === 'number' ? set.length : set).toEqual(expected);
  });

  test.each([
    ['* * * * *', 'every'],
    ['0 0 1 * *', 'of-month'],
    ['0 0 * * 1', 'of-week'],
    ['0 0 */1 * 1', 'of-week'],
    ['0 0 13 * 5', 'either'],
  ])('%s names days: %s', (text, days) => expect(expectCron(text).days).toBe(days));
});

describe('what is no cron expression says which field, what was got and what is expected', () => {
  test.each([
    ['', /'' has 1 field, expected 5: minute, hour, day of month, month, day of week/],
    ['* * * *', /has 4 fields, expected 5/],
    ['0 * * * * *', /has 6 fields/],
    ['@daily', /'@daily' is read by some schedulers only; write five fields/],
    ['@reboot', /some schedulers only/],
    ['60 * * * *', /^minute: got '60', expected 0-59/],
    ['* 24 * * *', /^hour: got '24', expected 0-23/],
    ['* * 0 * *', /^day of month: got '0', expected 1-31/],
    ['* * * 13 *', /^month: got '13', expected 1-12, jan-dec/],
    ['* * * * 8', /^day of week: got '8', expected 0-7, sun-sat/],
    ['H * * * *', /^minute: got 'H'/],
    ['* * L * *', /^day of month: got 'L'/],
    ['* * ? * *', /^day of month: got '\?'/],
    ['* * 1W * *', /^day of month: got '1W'/],
    ['* * * * 5#2', /^day of week: got '5#2'/],
    ['* * * * mond', /^day of week: got 'mond'/],
    ['* * * jan5 *', /^month: got 'jan5'/],
    ['1,,2 * * * *', /^minute: got '1,,2'/],
    ['5/10 * * * *', /read differently by different schedulers: write 5-59\/10/],
    ['*/0 * * * *', /expected a step of 1 to 59/],
    ['*/60 * * * *', /expected a step of 1 to 59/],
    ['* 22-2 * * *', /write 22-23,0-2/],
    ['*-5 * * * *', /^minute: got '\*-5'/],
    ['-1 * * * *', /^minute: got '-1'/],
    ['1e1 * * * *', /^minute: got '1e1'/],
    ['0 0 */2 * 1', /in one of the two, others one that is in both/],
    ['0 0 30 2 *', /never fires: no month that is named has a day 30/],
    ['0 0 31 4,6 *', /never fires/],
    ['%\n * * * *', /^minute: got '%\\n'|fields/],
  ])('%j', (text, message) => {
    const parsed = parseCron(text);
    expect('mistake' in parsed ? parsed.mistake : 'none').toMatch(message);
    expect(() => expectCron(text)).toThrow(/^cron: /);
  });

  test('29 February is no mistake, and neither is a day 31 beside a day of week', () => {
    expect(nextSlot(expectCron('0 0 29 2 *'), 'UTC', ms('2096-03-01T00:00Z'))).toBe(ms('2104-02-29T00:00Z'));
    expect(nextSlot(expectCron('0 0 31 2 1'), 'UTC', ms('2026-02-01T00:00Z'))).toBe(ms('2026-02-02T00:00Z'));
  });

  test('any text ends in fields or a mistake of one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseCron(text);
        if ('mistake' in parsed) expect(parsed.mistake).not.toMatch(/\n/);
      }),
    );
  });
});

describe('clocks that daylight saving moves', () => {
  test.each<[string, string, string, string, readonly string[]]>([
    // Berlin, 29 March 2026: 02:00 -> 03:00 at 01:00Z; 25 October 2026: 03:00 -> 02:00 at 01:00Z.
    ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-30T12:00Z', ['29T01:00Z', '30T00:30Z']],
    ['*/15 2 * * *', 'Europe/Berlin', '2026-03-29T00:00Z', '2026-03-30T00:00Z', ['29T01:00Z']],
    ['0 2,3 * * *', 'Europe/Berlin', '2026-03-29T00:00Z', '2026-03-29T12:00Z', ['29T01:00Z']],
    ['30 2,3 * * *', 'Europe/Berlin', '2026-03-29T00:00Z', '2026-03-29T12:00Z', ['29T01:00Z', '29T01:30Z']],
    [
      '30 * * * *',
      'Europe/Berlin',
      '2026-03-29T00:00Z',
      '2026-03-29T03:00Z',
      ['29T00:30Z', '29T01:30Z', '29T02:30Z'],
    ],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-26T12:00Z', ['25T00:30Z', '26T01:30Z']],
    [
      '0 */2 * * *',
      'Europe/Berlin',
      '2026-10-24T22:00Z',
      '2026-10-25T04:00Z',
      ['24T22:00Z', '25T00:00Z', '25T03:00Z'],
    ],
    [
      '30 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      '2026-10-25T03:00Z',
      ['25T00:30Z', '25T01:30Z', '25T02:30Z'],
    ],
    // New York, 8 March 2026: 02:00 -> 03:00 at 07:00Z; 1 November 2026: 02:00 -> 01:00 at 06:00Z.
    ['15 2 * * *', 'America/New_York', '2026-03-08T00:00Z', '2026-03-09T12:00Z', ['08T07:00Z', '09T06:15Z']],
    ['15 1 * * *', 'America/New_York', '2026-11-01T00:00Z', '2026-11-02T12:00Z', ['01T05:15Z', '02T06:15Z']],
    // Lord Howe, 4 October 2026: 02:00 -> 02:30 at 15:30Z the day before; 5 April 2026: 02:00 -> 01:30 at 15:00Z.
    [
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T12:00Z',
      '2026-10-05T00:00Z',
      ['03T15:30Z', '04T15:15Z'],
    ],
    [
      '45 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T12:00Z',
      '2026-10-05T00:00Z',
      ['03T15:45Z', '04T15:45Z'],
    ],
    [
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T12:00Z',
      '2026-04-06T00:00Z',
      ['04T14:45Z', '05T15:15Z'],
    ],
    [
      '45 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:00Z',
      '2026-04-04T17:00Z',
      ['04T14:45Z', '04T15:15Z', '04T16:15Z'],
    ],
    // Cairo, 24 April 2026: midnight does not come; 29 October 2026: the last hour of the day comes twice.
    ['0 0 * * *', 'Africa/Cairo', '2026-04-23T00:00Z', '2026-04-25T00:00Z', ['23T22:00Z', '24T21:00Z']],
    ['30 23 * * *', 'Africa/Cairo', '2026-10-29T00:00Z', '2026-10-31T00:00Z', ['29T20:30Z', '30T21:30Z']],
    // Apia left 30 December 2011 out.
    [
      '0 9 * * *',
      'Pacific/Apia',
      '2011-12-29T12:00Z',
      '2012-01-01T00:00Z',
      ['29T19:00Z', '30T10:00Z', '30T19:00Z', '31T19:00Z'],
    ],
    ['0 9 * * *', 'Asia/Kathmandu', '2026-01-01T00:00Z', '2026-01-03T00:00Z', ['01T03:15Z', '02T03:15Z']],
  ])('%s in %s from %s', (cron, zone, from, to, expected) => {
    expect(slots(cron, zone, from, to).map((slot) => slot.slice(8))).toEqual(expected);
  });

  test('every ten minutes is so in every real hour of a year', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']) {
      const cron = expectCron('*/10 * * * *');
      let last = previousSlot(cron, zone, ms('2026-01-01T00:00Z')) ?? 0;
      for (const slot of slotsBetween(cron, zone, last + 1, ms('2027-01-01T00:00Z'))) {
        expect(slot - last).toBe(600_000);
        last = slot;
      }
      expect(last).toBeGreaterThan(ms('2026-12-31T23:40Z'));
    }
  });
});

const anyCron = fc
  .tuple(
    fc.constantFrom('*', '*/7', '0', '30', '1-50/13', '5,59'),
    fc.constantFrom('*', '*/2', '2', '1-3', '0,23', '9-17'),
    fc.constantFrom('*', '1', '29,31', '*/3'),
    fc.constantFrom('*', '*', '3,10', 'apr-nov'),
    fc.constantFrom('*', '*', '1-5', '0', 'sat,sun'),
  )
  .map((words) => words.join(' '))
  .filter((text) => 'fields' in parseCron(text));
const anyZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'America/Havana',
);
const anyTime = fc.integer({ min: ms('2024-01-01T00:00Z'), max: ms('2030-01-01T00:00Z') });

describe('laws', () => {
  test('the next slot after the previous one is not before the time, and nothing lies between', () => {
    fc.assert(
      fc.property(anyCron, anyZone, anyTime, (text, zone, time) => {
        const cron = expectCron(text);
        const previous = previousSlot(cron, zone, time) ?? Number.NaN;
        const next = nextSlot(cron, zone, time) ?? Number.NaN;
        expect(previous).toBeLessThanOrEqual(time);
        expect(next).toBeGreaterThan(time);
        expect(nextSlot(cron, zone, previous)).toBe(next);
        expect(previousSlot(cron, zone, next - 1)).toBe(previous);
        expect(previousSlot(cron, zone, next)).toBe(next);
        expect([...slotsBetween(cron, zone, previous, next + 1)]).toEqual([previous, next]);
      }),
      { numRuns: 300 },
    );
  });

  test('without daylight saving it is what another library says', () => {
    fc.assert(
      fc.property(anyCron, fc.constantFrom('UTC', 'Asia/Kathmandu'), anyTime, (text, zone, time) => {
        const theirs = new Cron(text, { timezone: zone }).nextRun(new Date(time));
        expect(nextSlot(expectCron(text), zone, time)).toBe(theirs?.getTime());
      }),
      { numRuns: 300 },
    );
  });
});
