import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHistory } from '../../src/loggers/schedule-history.js';
import type { Change, History, SlotRecord, Standing } from '../../src/schedule/history.js';
import { newSlot, startedSlot } from '../../src/schedule/slots.js';
import { schedule } from '../schedule/world.js';
import { testDatabase } from '../setup/database.js';
import { temporaryFolder } from '../setup/yt.js';

const database = testDatabase();
const MINUTE_MS = 60_000;
const EPOCH_MS = Date.UTC(2026, 0, 1);
const env = () => ({ DATABASE_URL: database.url });

const slotAt = (name: string, minute: number): SlotRecord =>
  newSlot(schedule({ name }), EPOCH_MS + minute * MINUTE_MS);

describe.each<[string, () => string]>([
  ['Postgres', () => 'pg:'],
  ['files', () => `file:${temporaryFolder()}`],
])('the history in %s', (kind, place) => {
  const name = `laws_${kind.toLowerCase()}`;

  test('lets nobody come between what a change reads and what it writes', async () => {
    const location = place();
    const stores = await Promise.all([0, 1, 2].map(() => openHistory(location, env())));
    await stores[0]?.change(name, () => ({ cursorMs: EPOCH_MS }));
    const claim = (history: History, server: string) =>
      history.change(name, ({ slots }) => {
        const minute = slots.length + 1;
        return { minute, put: [startedSlot(slotAt(name, minute), server, EPOCH_MS)] };
      });
    const claimed = await Promise.all(
      stores.flatMap((history, index) => Array.from({ length: 20 }, () => claim(history, `server-${index}`))),
    );
    expect(claimed.map(({ minute }) => minute).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    const listed = await stores[1]?.list({ schedule: name, limit: 1_000 });
    expect(listed?.map(({ slotMs }) => (slotMs - EPOCH_MS) / MINUTE_MS).reverse()).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    for (const history of stores) await history.close();
  });

  test('keeps every field, over a restart', async () => {
    const location = place();
    const record: SlotRecord = {
      ...slotAt(`${name}_fields`, 3),
      state: 'waiting',
      version: '1.4.10',
      isManual: true,
      isCatchUp: true,
      attempt: 2,
      retries: 1,
      deaths: 3,
      server: 'host/1/2/3',
      process: 'host/1/2/3 AbCdEf',
      stop: 'replaced',
      notBeforeMs: EPOCH_MS + 1,
      startedMs: EPOCH_MS + 2,
      endedMs: EPOCH_MS + 3,
      exitCode: 75,
      reason: "it's\n late",
      alert: 'failed',
    };
    const change = {
      cursorMs: EPOCH_MS + MINUTE_MS,
      timing: '["* * * * *"]',
      isPaused: true,
      isTroubled: true,
      watch: {
        timing: '["* * * * *"]',
        toMs: EPOCH_MS,
        open: [EPOCH_MS],
        troubles: [],
        unsent: [
          { slotMs: EPOCH_MS, event: 'failed', reason: "it's", exitCode: 65, version: '1.4.10' } as const,
        ],
      },
    };
    const first = await openHistory(location, env());
    await first.change(record.schedule, () => ({ ...change, put: [record] }));
    await first.close();
    const second = await openHistory(location, env());
    await second.change(record.schedule, (standing) => {
      expect(standing).toMatchObject({ ...change, slots: [record] });
      return {};
    });
    expect(await second.alerts()).toMatchObject([record]);
    expect(await second.busy()).toContain(record.schedule);
    expect(await second.schedules()).toContainEqual({
      schedule: record.schedule,
      isPaused: true,
      cursorMs: change.cursorMs,
    });
    await second.change(record.schedule, () => ({ put: [{ ...record, state: 'failed', alert: null }] }));
    expect(await second.alerts()).toEqual([]);
    expect(await second.busy()).not.toContain(record.schedule);
    await second.close();
  });

  test('gives a decision what waits, runs, lies behind the cursor or is asked for, and no more', async () => {
    const history = await openHistory(place(), env());
    const of = `${name}_seen`;
    const states = ['ran', 'running', 'missed', 'ran', 'ran'] as const;
    const put = states.map((state, minute): SlotRecord => ({ ...slotAt(of, minute), state }));
    await history.change(of, () => ({ put, cursorMs: EPOCH_MS + 3 * MINUTE_MS }));
    const seen = async (wanted?: number) => {
      const look = ({ slots }: Standing): Change & { minutes: number[] } => ({
        minutes: slots.map(({ slotMs }) => (slotMs - EPOCH_MS) / MINUTE_MS),
      });
      const wantedMs = wanted === undefined ? undefined : EPOCH_MS + wanted * MINUTE_MS;
      return (await history.change(of, look, wantedMs)).minutes;
    };
    expect(await seen()).toEqual([1, 4]);
    expect(await seen(2)).toEqual([1, 2, 4]);
    await history.close();
  });
});

test('the history in files forgets old slots, never those in hand', async () => {
  const history = await openHistory(`file:${temporaryFolder()}`, {});
  const put = Array.from(
    { length: 700 },
    (_, minute): SlotRecord => ({
      ...slotAt('long', minute),
      state: minute === 5 ? 'waiting' : 'ran',
    }),
  );
  await history.change('long', () => ({ put }));
  const kept = await history.list({ schedule: 'long', limit: 1_000 });
  expect(kept).toHaveLength(501);
  expect(kept.at(-1)).toMatchObject({ state: 'waiting' });
});

test.each([
  ['gone.7.json', '{"schedule":'],
  ['gone.7.json', '{}'],
  ['gone.7.json', 'null'],
])('a file %s that holds %j leaves the other schedules alone', async (file, content) => {
  const folder = temporaryFolder();
  const history = await openHistory(`file:${folder}`, {});
  await history.change('good', () => ({ put: [{ ...slotAt('good', 1), alert: 'failed' }] }));
  writeFileSync(join(folder, file), content);
  expect(await history.busy()).toEqual(['good']);
  expect(await history.alerts()).toHaveLength(1);
  expect(await history.list({ limit: 5 })).toHaveLength(1);
  expect(await history.schedules()).toMatchObject([{ schedule: 'good' }]);
  const path = join(folder, file);
  expect(await history.unreadable()).toMatchObject([
    { message: `${path} is no history of a schedule`, next: expect.stringContaining(`move ${path} away`) },
  ]);
  await expect(history.change('gone', () => ({}))).rejects.toThrow(path);
});

test.each([
  ['yt://cluster/home/x', /cannot be kept in YTsaurus/],
  ['nowhere', /expected pg: or file:FOLDER/],
])('a history in %s is refused', async (location, message) => {
  await expect(openHistory(location, {})).rejects.toThrow(message);
});
