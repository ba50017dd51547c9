import { expect, test } from 'vitest';
import { RtnError } from '../../src/error.js';
import { parseCommandLine } from '../../src/runtime/command-line.js';
import { runIdOfSlot } from '../../src/runtime/slot.js';
import { DEFINITION, REQUIRED, SECRETS } from './definition.js';

const NOW = Date.parse('2026-11-24T09:40:00Z');
const idOf = (slot: string, startDeadlineMs?: number) =>
  runIdOfSlot({ schedule: 'nightly', slot, startDeadlineMs }, NOW);

test.each([
  ['2026-11-24T09:17Z', '2026-11-24T09:17Z'],
  // What the CronJob controller names a job: the minutes since the epoch behind the CronJob's name.
  [`nightly-push-${Date.parse('2026-11-24T09:17Z') / 60_000}`, '2026-11-24T09:17Z'],
  ['17 9 * * 1-5 UTC', '2026-11-24T09:17Z'],
  ['17 9 * * 1-5 Europe/Moscow', '2026-11-24T06:17Z'],
  ['40 9 * * * UTC', '2026-11-24T09:40Z'],
  ['41 9 * * * UTC', '2026-11-23T09:41Z'],
  ['  0   0 1 1 *  UTC ', '2026-01-01T00:00Z'],
])("the slot '%s' is %s", async (slot, expected) => {
  expect(await idOf(slot)).toBe(`nightly@${expected}`);
});

test.each([
  ['yesterday', "got 'yesterday', expected a time such as"],
  ['2026-02-30T09:17Z', "got '2026-02-30T09:17Z'"],
  ['nightly-7', "got 'nightly-7'"],
  ['61 9 * * * UTC', 'minute'],
  ['17 9 * * * Europe/Moskau', "there is no time zone 'Europe/Moskau'"],
  ['17 9 * * * +03:00', "there is no time zone '+03:00'"],
  ['17 9 * * *\nUTC; x', "got '17 9 * * *\\nUTC; x'"],
])("'%s' is no slot", async (slot, message) => {
  await expect(idOf(slot)).rejects.toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
  );
});

test('a slot is missed from its deadline on, to the millisecond', async () => {
  const lateMs = NOW - Date.parse('2026-11-24T09:17Z');
  expect(await idOf('2026-11-24T09:17Z', lateMs)).toBe('nightly@2026-11-24T09:17Z');
  await expect(idOf('2026-11-24T09:17Z', lateMs - 1)).rejects.toThrow(
    expect.objectContaining({
      code: 'configuration',
      message: expect.stringContaining('the slot 2026-11-24T09:17Z of nightly is missed: it is 23m00s past'),
    }),
  );
});

test.each<[flags: string[], mistake: string]>([
  [['--schedule', 'a'], '--schedule and --slot go together'],
  [['--slot', '2026-11-24T09:17Z'], '--schedule and --slot go together'],
  [['--start-deadline', '5m'], '--start-deadline counts from the slot: give --schedule and --slot'],
  [['--schedule', 'a', '--slot', 'x', '--run-id', 'r'], '--run-id names the run, and so do --schedule and'],
  [['--schedule', 'a', '--slot', 'x', '--fresh'], '--fresh names the run, and so do --schedule and --slot'],
  [['--schedule', '../a', '--slot', 'x'], "--schedule: got '../a', expected the name of a schedule"],
  [
    ['--schedule', 'a', '--slot', 'x', '--start-deadline', 'soon'],
    "--start-deadline: got 'soon', expected a",
  ],
])('%j is refused', (flags, mistake) => {
  let thrown: unknown;
  try {
    parseCommandLine(DEFINITION, [...REQUIRED, ...flags], SECRETS);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RtnError);
  expect((thrown as RtnError).code).toBe('usage');
  expect((thrown as RtnError).message).toContain(mistake);
});
