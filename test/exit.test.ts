import { expect, test } from 'vitest';
import { exitCodes, GIVEN_UP_EXIT, RUNNER_EXIT } from '../src/exit.js';
import { preventedCodes } from '../src/targets/systemd.js';

test('each exit code of runners is followed by one of four things', () => {
  const all = exitCodes('done', 'retry', 'fail-shard', 'fail-job');
  expect(all).toEqual(Object.values(RUNNER_EXIT).sort((a, b) => a - b));
  expect({
    retry: exitCodes('retry'),
    shard: exitCodes('fail-shard'),
    job: exitCodes('fail-job'),
  }).toEqual({ retry: [69, 74, 75], shard: [65, 70], job: [64, 77, 78] });
});

test('systemd starts nothing again after any code, but for those of the table that are worth another try', () => {
  const prevented = new Set(preventedCodes());
  const all = Array.from({ length: 255 }, (_, index) => index + 1);
  expect(all.filter((code) => !prevented.has(code))).toEqual(exitCodes('retry'));
  expect(prevented.has(GIVEN_UP_EXIT)).toBe(true);
});
