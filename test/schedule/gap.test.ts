import { expect, test } from 'vitest';
import { shortestGapMs } from '../../src/schedule/gap.js';

const MINUTE_MS = 60_000;

test.each<[cron: string, timeZone: string, minutes: number]>([
  ['* * * * *', 'UTC', 1],
  ['*/10 * * * *', 'Europe/Berlin', 10],
  ['0 9,17 * * 1-5', 'UTC', 8 * 60],
  ['0 0 1 * *', 'UTC', 28 * 24 * 60],
  ['30 2 * * *', 'UTC', 24 * 60],
  // The night in spring has 23 hours; what clocks skip is run right after the jump.
  ['30 2 * * *', 'Europe/Berlin', 23.5 * 60],
  ['0 12 * * *', 'Europe/Berlin', 23 * 60],
  ['0 12 29 2 *', 'UTC', 4 * 365.25 * 24 * 60],
])('%s in %s', (cron, timeZone, minutes) => {
  expect(shortestGapMs({ cron, timeZone })).toBe(minutes * MINUTE_MS);
});
