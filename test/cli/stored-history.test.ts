import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SlotRecord, SlotState } from '../../src/schedule/history.js';
import { newSlot } from '../../src/schedule/slots.js';
import { schedule } from '../schedule/world.js';
import { scheduleHouse } from './schedule-house.js';

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2026, 0, 1, 9);

const house = () => {
  const made = scheduleHouse('http://127.0.0.1:1');
  made.write({ morning: {}, evening: {} });
  return made;
};

test('a name that is neither in the registry nor in the store is refused, one without slots is told', async () => {
  const { rtn, history } = house();
  expect(await rtn('schedule', 'history', 'mornign')).toEqual({
    code: 2,
    out: '',
    err: "rtn: there is no schedule 'mornign'; did you mean 'morning'?\nnext: rtn schedule list\n",
  });
  expect((await rtn('schedule', 'history', 'morning')).out).toMatch(
    /^No slots of morning yet in the folder /,
  );
  expect((await rtn('schedule', 'history')).out).toMatch(/^No slots yet in the folder /);
  // Taken out of the registry since.
  await history((opened) => opened.change('old_one', () => ({ cursorMs: FIRST_MS })));
  expect((await rtn('schedule', 'history', 'old_one')).code).toBe(0);
  expect((await rtn('schedule', 'history', 'old_oen')).err).toContain("did you mean 'old_one'?");
});

test.each<[what: string, slots: [state: SlotState, given: Partial<SlotRecord>][], next: string]>([
  [
    'a run that failed',
    [['failed', { version: '1.4.10', exitCode: 69 }]],
    'rtn runs show morning@2026-01-01T09:00Z; rtn schedule run morning --slot 2026-01-01T09:00Z starts it again',
  ],
  [
    'a process that could not be made',
    [['failed', { exitCode: 75 }]],
    'rtn schedule run morning --slot 2026-01-01T09:00Z starts it again',
  ],
  [
    'a runner that began no run',
    [['failed', { version: '1.4.10', exitCode: 78 }]],
    'rtn schedule run morning --slot 2026-01-01T09:00Z starts it again',
  ],
  [
    'a slot that was missed',
    [['missed', {}]],
    'rtn schedule run morning --slot 2026-01-01T09:00Z starts it again',
  ],
  [
    'trouble before a success',
    [
      ['failed', { version: '1.4.10', exitCode: 69 }],
      ['ran', { exitCode: 0 }],
    ],
    '',
  ],
  [
    'trouble after a success',
    [
      ['ran', { exitCode: 0 }],
      ['missed', {}],
    ],
    'rtn schedule run morning --slot 2026-01-01T10:00Z starts it again',
  ],
])('what to type about %s', async (_, slots, next) => {
  const { rtn, history } = house();
  const put = slots.map(([state, given], index) => ({
    ...newSlot(schedule({ name: 'morning' }), FIRST_MS + index * HOUR_MS),
    ...{ state, ...given },
  }));
  await history((opened) => opened.change('morning', () => ({ put })));
  const { code, err } = await rtn('schedule', 'history');
  expect([code, err]).toEqual([0, next === '' ? '' : `next: ${next}\n`]);
});

test('the folder of the history is nothing to commit, and a folder that was there stays as it is', async () => {
  const { folder, rtn, read } = house();
  const untracked = () =>
    execFileSync('git', ['status', '--porcelain', '--untracked-files=all', '.rtn'], {
      cwd: folder,
      encoding: 'utf8',
    });
  execFileSync('git', ['init', '-q'], { cwd: folder });
  await rtn('schedule', 'history');
  expect(existsSync(join(folder, '.rtn'))).toBe(false);
  await rtn('schedule', 'pause', 'morning');
  expect([read('.rtn/.gitignore'), untracked()]).toEqual(['*\n', '']);
  writeFileSync(join(folder, '.rtn', '.gitignore'), 'mine\n');
  await rtn('schedule', 'pause', 'evening');
  expect(read('.rtn/.gitignore')).toBe('mine\n');
});
