import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { replaySpill } from '../../src/loggers/replay.js';
import { SpillFile } from '../../src/loggers/spill.js';
import { parseLogTarget } from '../../src/postgres/log-target.js';
import { testDatabase } from '../setup/database.js';
import { openLog, writeAll } from '../setup/postgres-log.js';
import { sentResult } from '../setup/result.js';
import { testRun } from '../setup/run.js';

const database = testDatabase();
/** Noon of the last day of January: the next day is another month. */
const clock = new VirtualClock({ epochMs: Date.UTC(2026, 0, 31, 12) });
const endedAt = (text: string, position = 0) =>
  sentResult(position, { finishedAtMs: Date.parse(text), startedAtMs: Date.parse(text) });

async function partitions(table: string): Promise<unknown[]> {
  const rows = await database.query(
    'select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1',
    [table],
  );
  return rows.map(({ name }) => name);
}

test.each([
  ['day', ['t_day_20260131', 't_day_20260201']],
  ['month', ['t_month_202601', 't_month_202602']],
])('a log by %s opens with the partition of now and the next one', async (period, names) => {
  await openLog(`t_${period}?partition=${period}`, database.url, clock);
  expect(await partitions(`t_${period}`)).toEqual(names);
});

test('rows stand in the partition of the day in UTC on which they ended, made before them where it was missing', async () => {
  const log = await openLog('days?partition=day', database.url, clock);
  await writeAll(log, [
    endedAt('2026-01-31T23:59:59.999Z', 0),
    endedAt('2026-02-01T00:00:00.000Z', 1),
    endedAt('2026-02-01T23:59:59.999Z', 2),
    endedAt('2027-05-01T00:00:00.000Z', 3),
  ]);
  expect(
    await database.query('select tableoid::regclass::text as name, position from days order by 2'),
  ).toEqual([
    { name: 'days_20260131', position: '0' },
    { name: 'days_20260201', position: '1' },
    { name: 'days_20260201', position: '2' },
    { name: 'days_20270501', position: '3' },
  ]);
});

test("each partition has the log's index on xid, and its rows have an xid", async () => {
  const log = await openLog('indexed?partition=day', database.url, clock);
  await writeAll(log, [endedAt('2027-01-01T00:00:00Z')]);
  const indexes = await database.query(
    "select tablename, indexdef from pg_indexes where tablename like 'indexed_2%' order by 1",
  );
  expect(indexes).toHaveLength(3);
  for (const { indexdef } of indexes) expect(indexdef).toContain('USING brin ((((xid)::text)::bigint))');
  expect(await database.query('select count(*)::int from indexed where xid::text::bigint > 0')).toEqual([
    { count: 1 },
  ]);
});

test('runners that need the same partitions at once make each of them once', async () => {
  const logs = await Promise.all(
    Array.from({ length: 5 }, () => openLog('many?partition=day', database.url, clock)),
  );
  const days = Array.from({ length: 20 }, (_, day) =>
    endedAt(new Date(Date.UTC(2028, 0, day)).toISOString(), day),
  );
  await Promise.all(logs.map((log, index) => writeAll(log, index % 2 === 0 ? days : days.toReversed())));
  expect(await partitions('many')).toHaveLength(22);
  expect(await database.query('select count(*)::int from many')).toEqual([{ count: 100 }]);
});

test('a partition is made while a report reads the log', async () => {
  const log = await openLog('read?partition=day', database.url, clock);
  const reader = new pg.Client({ connectionString: database.url });
  await reader.connect();
  onTestFinished(() => reader.end());
  await reader.query('begin');
  await reader.query('select count(*) from read');
  await writeAll(log, [endedAt('2027-01-01T00:00:00Z')]);
  expect(await partitions('read')).toContain('read_20270101');
});

test('rows never go to a DEFAULT partition that somebody has made', async () => {
  const log = await openLog('defaulted?partition=day', database.url, clock);
  await database.query('create table defaulted_rest partition of defaulted default');
  await writeAll(log, [endedAt('2027-01-01T00:00:00Z')]);
  expect(await database.query('select count(*)::int from defaulted_rest')).toEqual([{ count: 0 }]);
});

test('a spill file is replayed into partitions that are made for it', async () => {
  const run = testRun();
  const file = new SpillFile(run, 'pg:spilled?partition=month');
  await file.append([endedAt('2025-03-01T00:00:00Z'), endedAt('2025-04-30T23:59:59Z', 1)]);
  const replayed = await replaySpill(file.path, { environment: { DATABASE_URL: database.url } });
  expect(replayed).toMatchObject({ written: 2, stood: 0 });
  expect(await partitions('spilled')).toEqual(['spilled_202503', 'spilled_202504']);
});

test.each([
  ['plain', 'plain?partition=day', 'plain exists and is not partitioned', 'pg:plain'],
  ['sorted?partition=day', 'sorted', 'its location does not say how', '?partition=day'],
])('a log made as %s cannot be opened as %s', async (made, opened, message, next) => {
  await openLog(made, database.url, clock);
  await expect(openLog(opened, database.url, clock)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining(message),
    next: expect.stringContaining(next),
  });
});

test('a log by day cannot be opened by month', async () => {
  await openLog('mixed?partition=day', database.url, clock);
  await expect(openLog('mixed?partition=month', database.url, clock)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('would overlap partition "mixed_20260131"'),
  });
});

test('a table without partitions is written as ever', async () => {
  await writeAll(await openLog('ever', database.url, clock), [sentResult(0)]);
  await writeAll(await openLog('ever', database.url, clock), [sentResult(1)]);
  expect(await database.query('select count(*)::int from ever')).toEqual([{ count: 2 }]);
});

test.each(['t?', 't?partition=week', 't?partition=day&x', 't?part=day', `${'t'.repeat(55)}?partition=day`])(
  'no log table: %s',
  (text) => {
    expect(() => parseLogTarget(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  },
);
