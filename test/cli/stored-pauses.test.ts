import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { scheduleHouse } from './schedule-house.js';

const database = testDatabase();
const ENDPOINT = 'http://127.0.0.1:1';

const house = (environment: Record<string, string> = {}) => {
  const made = scheduleHouse(ENDPOINT, environment);
  made.write({ held: {}, off: { paused: true }, on: {} });
  return made;
};
const pausedBy = (out: string) =>
  Object.fromEntries(
    (JSON.parse(out) as { name: string; paused_by: string | null }[]).map((line) => [
      line.name,
      line.paused_by,
    ]),
  );

test.each<[store: string, environment: () => Record<string, string>]>([
  ['a folder', () => ({})],
  ['Postgres', () => ({ DATABASE_URL: database.url })],
])('list and next know of a pause in %s, and make no history to find out', async (store, environment) => {
  const { folder, rtn } = house(environment());
  const before = await rtn('schedule', 'list', '--json');
  expect(pausedBy(before.out)).toEqual({ held: null, off: 'yaml', on: null });
  if (store === 'Postgres')
    expect(await database.query("select to_regnamespace('rtn') as made")).toEqual([{ made: null }]);
  expect(existsSync(join(folder, '.rtn'))).toBe(false);

  await rtn('schedule', 'pause', 'held');
  expect(pausedBy((await rtn('schedule', 'list', '--json')).out)).toEqual({
    ...{ held: 'store', off: 'yaml', on: null },
  });
  expect((await rtn('schedule', 'list')).out).toMatch(/^held .* store$/m);
  const next = JSON.parse((await rtn('schedule', 'next', '--count', '4', '--json')).out);
  expect(next.map(({ schedule }: { schedule: string }) => schedule)).toEqual(['on', 'on', 'on', 'on']);
  const asked = await rtn('schedule', 'next', 'held', '--count', '1');
  expect([asked.out, asked.err]).toEqual([
    expect.stringContaining('held'),
    'held is paused\nnext: rtn schedule resume held\n',
  ]);
  await rtn('schedule', 'resume', 'held');
  expect(pausedBy((await rtn('schedule', 'list', '--json')).out).held).toBe(null);
});

test('one schedule that cannot be read is a warning, and the pauses of the others are known', async () => {
  const { folder, rtn } = house();
  for (const name of ['held', 'on']) await rtn('schedule', 'pause', name);
  writeFileSync(join(folder, '.rtn', 'schedule', 'on.1.json'), '{');
  const { code, out, err } = await rtn('schedule', 'list', '--json');
  expect([code, pausedBy(out)]).toEqual([0, { held: 'store', off: 'yaml', on: null }]);
  expect(err).toMatch(/^warning: whether rtn schedule pause has paused anything is not known: .*on\.1\.json/);
});

test('a store that does not answer is a warning, and the list is whole', async () => {
  const { rtn } = house({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  for (const verb of ['list', 'next']) {
    const { code, out, err } = await rtn('schedule', verb);
    expect([code, out, err]).toEqual([
      0,
      expect.stringContaining('on'),
      expect.stringMatching(/^warning: whether rtn schedule pause has paused anything is not known: .*\n$/),
    ]);
  }
});
