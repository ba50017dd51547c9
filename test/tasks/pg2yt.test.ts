import { describe, expect, test } from 'vitest';
import { ownPostgres } from './cluster.js';
import { expectedRows, makeLog, sorted, writeRows } from './log.js';
import { archive, move, rowsOf, tablesOf } from './move.js';

// On a real Postgres and the local YTsaurus: what a pass of pg2yt moves.

const postgres = ownPostgres();

async function count(table: string): Promise<number> {
  const [row] = await postgres.query(`select count(*)::int as count from ${table}`);
  return row?.count as number;
}

describe('a pass', () => {
  test('moves every row as it is, to the table of its UTC day, and deletes it', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'moved_log');
    for (let from = 0; from < 1_000; from += 100) await writeRows(postgres, log, { from, count: 100 });
    await writeRows(postgres, log, { from: 1_000, count: 100, at: '2026-01-01T23:59:59.950Z' });
    const expected = await expectedRows(postgres, log);
    const report = await move(log, folder, { environment }, { batchRows: 250, deleteBatchRows: 100 });
    expect(report.summary).toMatchObject({
      rows_moved: 1_100,
      batches: 5,
      rows_deleted: 1_100,
      tables: { '2026-01-01': 1_050, '2026-01-02': 50 },
      rows_left: 0,
      held_by: null,
    });
    expect(report.isComplete).toBe(true);
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
    const tables = await tablesOf(client, folder);
    expect(Object.keys(tables)).toEqual(['2026-01-01', '2026-01-02']);
    for (const [day, rows] of Object.entries(tables))
      for (const { finished_at: at } of rows)
        expect(new Date((at as number) / 1_000).toISOString().slice(0, 10)).toBe(day);
    expect(await count(log)).toBe(0);
    expect(await client.get(`${folder}/2026-01-01/@optimize_for`)).toBe('scan');
  });

  test('of a log that has nothing new changes nothing', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'idle_log');
    await writeRows(postgres, log, { from: 0, count: 10 });
    await move(log, folder, { environment });
    const before = await client.get(`${folder}/@rtn_pg2yt`);
    const { isComplete, summary } = await move(log, folder, { environment });
    expect(summary).toMatchObject({ rows_moved: 0, batches: 0, rows_deleted: 0, rows_left: 0 });
    expect(isComplete).toBe(true);
    expect(await client.get(`${folder}/@rtn_pg2yt`)).toEqual(before);
  });

  test('takes a transaction that is larger than a batch as a whole', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'giant_log');
    await writeRows(postgres, log, { from: 0, count: 3 });
    await writeRows(postgres, log, { from: 3, count: 5_000 });
    await writeRows(postgres, log, { from: 5_003, count: 3 });
    const { summary } = await move(log, folder, { environment }, { batchRows: 10, deleteBatchRows: 10 });
    expect(summary).toMatchObject({ rows_moved: 5_006, batches: 2, rows_deleted: 5_006 });
    expect(await rowsOf(client, folder)).toHaveLength(5_006);
  });

  test('of a dry run tells what it would do, and changes nothing', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'dry_log');
    await writeRows(postgres, log, { from: 0, count: 40 });
    const { summary, lines } = await move(log, folder, { environment, isDryRun: true }, { batchRows: 10 });
    expect(summary).toMatchObject({
      dry_run: true,
      rows_moved: 40,
      rows_deleted: 40,
      tables: { '2026-01-01': 40 },
    });
    expect(lines).toContain(`would move: 40 rows in 1 batch`);
    expect(await client.exists(folder)).toBe(false);
    expect(await count(log)).toBe(40);
  });

  test.each(['day', 'month'])('moves a log that is partitioned by %s', async (period) => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, `parts_${period}?partition=${period}`);
    for (const day of ['20260301', '20260302', '20260401'])
      await postgres.query(
        `create table if not exists ${log}_${period === 'day' ? day : day.slice(0, 6)} partition of ${log} for values from ${
          period === 'day'
            ? `('${day} 00:00+00') to ('${day} 24:00+00')`
            : `('${day.slice(0, 6)}01 00:00+00') to ('2026-0${Number(day.slice(4, 6)) + 1}-01 00:00+00')`
        }`,
      );
    const at = ['2026-03-01T00:00:00Z', '2026-03-02T23:59:59.990Z', '2026-04-01T12:00:00Z'];
    await writeRows(postgres, log, { from: 0, count: 50, at: at[0] as string });
    await writeRows(postgres, log, { from: 50, count: 10, at: at[1] as string });
    await writeRows(postgres, log, { from: 60, count: 50, at: at[2] as string });
    const expected = await expectedRows(postgres, log);
    const { summary } = await move(`${log}?partition=${period}`, folder, { environment });
    expect(summary).toMatchObject({ rows_moved: 110, rows_deleted: 110, log: `pg:${log}` });
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
    expect(await count(log)).toBe(0);
  });

  test('told to end before it began moves nothing and is not complete', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'ended_log');
    await writeRows(postgres, log, { from: 0, count: 40 });
    const { isComplete, summary } = await move(log, folder, { environment, signal: AbortSignal.abort() });
    expect(isComplete).toBe(false);
    expect(summary).toMatchObject({ rows_moved: 0, rows_left: 40 });
    expect(await rowsOf(client, folder)).toEqual([]);
  });

  test('told to end on its way commits whole batches, and the next one goes on behind them', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'stopped_log');
    for (let from = 0; from < 100; from += 10) await writeRows(postgres, log, { from, count: 10 });
    const expected = await expectedRows(postgres, log);
    const control = new AbortController();
    const first = await move(
      log,
      folder,
      { environment, signal: control.signal, progress: ({ done }) => done >= 30 && control.abort() },
      { batchRows: 10 },
    );
    expect(first.isComplete).toBe(false);
    expect(first.summary).toMatchObject({ rows_moved: 30, batches: 3, rows_left: 70 });
    expect(await rowsOf(client, folder)).toHaveLength(30);
    const second = await move(log, folder, { environment }, { batchRows: 10 });
    expect(second.summary).toMatchObject({ rows_moved: 70, rows_deleted: 100, rows_left: 0 });
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
  });
});

describe('the columns of the log', () => {
  test('that are new are added to the table of the day as optional ones, those that are gone made optional', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'columns_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await move(log, folder, { environment });
    await postgres.query('create type part as (one int, two text)');
    await postgres.query(`alter table ${log} add column cost numeric(10,2), add column "Größe" bigint not null default 7,
      add column extra jsonb default '{"$value": [1.10, 1e400]}', add column part part default row(null, 'x'),
      add column host inet default '10.0.0.1', drop column digest, alter column version drop not null`);
    await postgres.query(
      `insert into ${log} (run_id, operation, message_id, position, outcome, attempts, suppress, started_at, finished_at, cost)
       values ('r', 'o', 'm', 9223372036854775807, 'sent', 1, false, now(), '2026-01-01T12:00:00.000001Z', 1.50)`,
    );
    await move(log, folder, { environment });
    const { '2026-01-01': rows = [] } = await tablesOf(client, folder);
    expect(rows).toHaveLength(6);
    expect(rows[5]).toMatchObject({
      cost: '1.50',
      Größe: 7,
      extra: `{"$value": [1.10, 1${'0'.repeat(400)}]}`,
      part: '(,x)',
      host: '10.0.0.1',
    });
    expect(rows[5]).toMatchObject({ finished_at: 1_767_268_800_000_001 });
    expect(rows[5]).not.toHaveProperty('digest');
    expect(rows[0]).toMatchObject({ digest: 'd'.repeat(64), version: '1.4.10' });
    const { $value: columns } = (await client.get(`${folder}/2026-01-01/@schema`)) as {
      $value: { name: string; required: boolean; type: string }[];
    };
    const byName = new Map(columns.map(({ name, required, type }) => [name, { required, type }]));
    expect(byName.get('digest')).toEqual({ required: false, type: 'string' });
    expect(byName.get('version')).toEqual({ required: false, type: 'string' });
    expect(byName.get('run_id')).toEqual({ required: true, type: 'string' });
    expect(byName.get('Größe')).toEqual({ required: false, type: 'int64' });
    expect(byName.has('xid')).toBe(false);
  });

  test('that have another type than the table are refused, and nothing is moved or deleted', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'altered_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await move(log, folder, { environment });
    await postgres.query(`alter table ${log} alter column attempts type text`);
    await postgres.query(`insert into ${log} (run_id, operation, version, digest, message_id, position, outcome, attempts,
      suppress, started_at, finished_at) values ('r', 'o', 'v', 'd', 'm', 1, 'sent', 'many', false, now(), '2026-01-01')`);
    await expect(move(log, folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining("its column attempts is int64, and the log's is string"),
      next: 'move the table out of the folder; the next start makes a new one in its place',
    });
    expect(await count(log)).toBe(1);
    expect(await rowsOf(client, folder)).toHaveLength(5);
    await client.remove(`${folder}/2026-01-01`);
    await move(log, folder, { environment });
    expect(await rowsOf(client, folder)).toMatchObject([{ attempts: 'many' }]);
  });

  test('hold a time that YTsaurus cannot: the rows stay, and the message says how many', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'infinite_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await postgres.query(`update ${log} set finished_at = 'infinity' where position < 2`);
    await expect(move(log, folder, { environment })).rejects.toMatchObject({
      code: 'data',
      message: expect.stringContaining('2 rows of infinite_log'),
    });
    expect(await count(log)).toBe(5);
  });
});

describe('a pass refuses', () => {
  test('a folder that belongs to another log', async () => {
    const { environment, folder } = await archive(postgres);
    const [log, other] = [await makeLog(postgres, 'one_log'), await makeLog(postgres, 'other_log')];
    for (const table of [log, other]) await writeRows(postgres, table, { from: 0, count: 5 });
    await move(log, folder, { environment });
    await expect(move(other, folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/belongs to another log: expected rtn\.other_log .*, got rtn\.one_log /),
    });
    expect(await count(other)).toBe(5);
  });

  test('a folder whose tables have no cursor', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'lost_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await move(log, folder, { environment });
    await client.remove(`${folder}/@rtn_pg2yt`);
    await expect(move(log, folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('has tables (2026-01-01) and no attribute rtn_pg2yt'),
    });
  });

  test('rows below what was deleted, since nobody has moved them', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'restored_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await postgres.query(`create table kept as select * from ${log}`);
    await move(log, folder, { environment });
    await postgres.query(`insert into ${log} select * from kept`);
    await expect(move(log, folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/are not deleted: 5 rows of restored_log have an xid below \d+/),
    });
    expect(await count(log)).toBe(5);
    expect(await rowsOf(client, folder)).toHaveLength(5);
  });

  test('a Postgres that was set back behind the folder', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'back_log');
    await writeRows(postgres, log, { from: 0, count: 5 });
    await move(log, folder, { environment });
    const state = (await client.get(`${folder}/@rtn_pg2yt`)) as object;
    await client.set(`${folder}/@rtn_pg2yt`, { ...state, cursor: '900000000', deleted: '0' });
    await writeRows(postgres, log, { from: 5, count: 5 });
    // Its rows would be deleted as moved ones, were it not for the timeline or the horizon.
    await client.set(`${folder}/@rtn_pg2yt`, { ...state, cursor: '900000000', deleted: '900000000' });
    await expect(move(log, folder, { environment })).rejects.toMatchObject({ code: 'configuration' });
    await client.set(`${folder}/@rtn_pg2yt`, { ...state, cursor: '900000000', deleted: '0', timeline: 7 });
    await expect(move(log, folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('moved on timeline 7'),
    });
    expect(await count(log)).toBe(5);
  });

  test('a table that is no send log, and one that is not there', async () => {
    const { environment, folder } = await archive(postgres);
    await postgres.query('create table no_log (id int)');
    await expect(move('no_log', folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(
        'expected the columns xid (xid8) and finished_at (timestamptz), got id (integer)',
      ),
    });
    await expect(move('nowhere', folder, { environment })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('has no table nowhere'),
    });
  });

  test('a role that may not delete, with the GRANT that is missing', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'rtn.granted_log');
    await postgres.query(`create role mover login password 'm'; grant select on ${log} to mover`);
    const url = new URL(postgres.url);
    [url.username, url.password] = ['mover', 'm'];
    const as = { environment: { ...environment, DATABASE_URL: url.href } };
    await expect(move(log, folder, as)).rejects.toMatchObject({ next: 'grant usage on schema rtn to mover' });
    await postgres.query('grant usage on schema rtn to mover');
    await expect(move(log, folder, as)).rejects.toMatchObject({
      code: 'credentials',
      next: `grant delete on table ${log} to mover`,
    });
    await writeRows(postgres, log, { from: 0, count: 5 });
    expect((await move(log, folder, { ...as, isDryRun: true })).summary).toMatchObject({ rows_moved: 5 });
    await postgres.query(`grant delete on ${log} to mover`);
    expect((await move(log, folder, as)).summary).toMatchObject({ rows_moved: 5, rows_deleted: 5 });
  });
});
