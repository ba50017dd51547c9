import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../setup/yt.js';

const MODULE = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'unit-starts.js');

/** One start of a runner that ends with this code, as the unit of a schedule with two retries has it. */
function start(code: number, folder: string | undefined, how = `process.exitCode = ${code}`): number | null {
  const env = {
    PATH: process.env.PATH,
    RTN_STARTS: '3',
    ...(folder !== undefined && { RUNTIME_DIRECTORY: folder }),
  };
  return spawnSync(process.execPath, ['--import', MODULE, '--input-type=module', '-e', how], { env }).status;
}

test.each([69, 74, 75])('after the last start %i is a code for good', (code) => {
  const folder = temporaryFolder();
  expect([1, 2, 3].map(() => start(code, folder))).toEqual([code, code, 76]);
});

test('whichever way the process ends', () => {
  const folder = temporaryFolder();
  for (const _ of [1, 2]) start(75, folder);
  expect(start(75, folder, 'process.exit(75)')).toBe(76);
});

test.each([0, 65, 78])('%i stays, after the last start, too', (code) => {
  const folder = temporaryFolder();
  expect([1, 2, 3, 4].map(() => start(code, folder))).toEqual([code, code, code, code]);
});

test('where starts cannot be counted there is no further one', () => {
  expect(start(75, undefined)).toBe(76);
  expect(start(75, '/proc')).toBe(76);
});

test('each start is told when the first one was', () => {
  const folder = temporaryFolder();
  expect(start(75, folder)).toBe(75);
  const [first = ''] = readFileSync(join(folder, 'starts'), 'utf8').split('\n');
  expect(Math.abs(Number(first) - Date.now())).toBeLessThan(60_000);
  expect(start(0, folder, `process.exitCode = process.env.RTN_FIRST_START === '${first}' ? 65 : 75`)).toBe(
    65,
  );
});
