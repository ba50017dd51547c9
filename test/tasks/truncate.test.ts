import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseLogTarget } from '../../src/postgres/log-target.js';
import { truncateWhole } from '../../src/postgres/truncate.js';
import { ownPostgres } from './cluster.js';
import { expectedRows, makeLog, sorted, writeRows } from './log.js';
import { archive, move, rowsOf } from './move.js';

// What a pass does with the rows that it has moved: a log that holds nothing else is emptied at once, else they are deleted.

const postgres = ownPostgres();

/** More than a mebibyte, in which a table is as well deleted from. */
const MANY = 6_000;

/** Changes when the table is emptied: it is another file then. Deleted rows leave the old one. */
async function fileOf(table: string): Promise<string> {
  const [row] = await postgres.query('select pg_relation_filenode($1::regclass)::text as file', [table]);
  return row?.file as string;
}

async function count(table: string): Promise<number> {
  const [row] = await postgres.query(`select count(*)::int as count from ${table}`);
  return row?.count as number;
}

/** A role that may read the log and delete from it; the address of its sessions. */
async function roleOf(role: string, log: string): Promise<string> {
  const [{ schema } = {}] = await postgres.query(
    'select relnamespace::regnamespace::text as schema from pg_class where oid = $1::regclass',
    [log],
  );
  await postgres.query(`create role ${role} login password '${role}'; grant usage on schema ${schema} to ${role};
    alter role ${role} set search_path = ${schema}; grant select, delete on ${log} to ${role}`);
  const url = new URL(postgres.url);
  [url.username, url.password] = [role, role];
  return url.href;
}

describe('a log', () => {
  test('that holds nothing else is emptied at once, after all batches', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'quiet_log');
    for (let from = 0; from < MANY; from += 500) await writeRows(postgres, log, { from, count: 500 });
    const expected = await expectedRows(postgres, log);
    const file = await fileOf(log);
    const standing: Promise<number>[] = [];
    const { summary } = await move(
      log,
      folder,
      { environment, progress: ({ done }) => done < MANY && standing.push(count(log)) },
      { batchRows: 1_000 },
    );
    expect(summary).toMatchObject({ rows_moved: MANY, rows_deleted: MANY, batches: 6, rows_left: 0 });
    expect(await Promise.all(standing)).toEqual(Array(5).fill(MANY));
    expect(await fileOf(log)).not.toBe(file);
    expect(await count(log)).toBe(0);
    expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
  });

  test('that an earlier pass has left whole is emptied by the next one', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'left_log');
    await writeRows(postgres, log, { from: 0, count: MANY });
    const control = new AbortController();
    const first = await move(log, folder, {
      environment,
      signal: control.signal,
      progress: ({ done }) => done === MANY && control.abort(),
    });
    expect(first.summary).toMatchObject({ rows_moved: MANY, rows_deleted: 0 });
    const file = await fileOf(log);
    const second = await move(log, folder, { environment });
    expect(second.summary).toMatchObject({ rows_moved: 0, rows_deleted: MANY });
    expect(await fileOf(log)).not.toBe(file);
  });

  test('that a session has in use is not waited for: its rows are deleted', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'used_log');
    await writeRows(postgres, log, { from: 0, count: MANY });
    const reader = await postgres.session();
    await reader.query(`begin; select count(*) from ${log}`);
    const file = await fileOf(log);
    const { summary } = await move(log, folder, { environment });
    expect(summary).toMatchObject({ rows_moved: MANY, rows_deleted: MANY });
    expect(await fileOf(log)).toBe(file);
    expect(await count(log)).toBe(0);
    await reader.query('commit');
  });

  test('into which a row is being written keeps it', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'written_log');
    await writeRows(postgres, log, { from: 0, count: MANY });
    const writer = await postgres.session();
    await writer.query('begin');
    await writeRows(writer, log, { from: MANY, count: 3 });
    const { summary } = await move(log, folder, { environment });
    expect(summary).toMatchObject({ rows_moved: MANY, rows_deleted: MANY });
    await writer.query('commit');
    expect(await count(log)).toBe(3);
    await move(log, folder, { environment });
    expect(await rowsOf(client, folder)).toHaveLength(MANY + 3);
  });

  test('that has rows which a transaction elsewhere holds back keeps them', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'held_log');
    await writeRows(postgres, log, { from: 0, count: MANY });
    const holder = await postgres.session();
    await holder.query('begin; create temporary table held ()');
    await writeRows(postgres, log, { from: MANY, count: 5 });
    const file = await fileOf(log);
    const { summary } = await move(log, folder, { environment }, { batchRows: 1_000 });
    expect(summary).toMatchObject({ rows_moved: MANY, rows_deleted: MANY, rows_left: 5 });
    expect(await fileOf(log)).toBe(file);
    expect(await count(log)).toBe(5);
    await holder.query('rollback');
  });

  test('with a trigger loses its rows one by one', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'triggered_log');
    await postgres.query(`create table gone (position bigint);
      create function note_gone() returns trigger language plpgsql as 'begin insert into gone values (old.position); return null; end';
      create trigger note_gone after delete on ${log} for each row execute function note_gone()`);
    await writeRows(postgres, log, { from: 0, count: MANY });
    await move(log, folder, { environment });
    expect(await count('gone')).toBe(MANY);
    expect(await count(log)).toBe(0);
  });

  test('with a rule on its rows loses them one by one', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'ruled_log');
    await postgres.query(`create table ruled (position bigint);
      create rule note_gone as on delete to ${log} do also insert into ruled values (old.position)`);
    await writeRows(postgres, log, { from: 0, count: MANY });
    const file = await fileOf(log);
    await move(log, folder, { environment });
    expect(await fileOf(log)).toBe(file);
  });

  test.each([
    ['may only delete is deleted from', 'mover', () => '', MANY],
    [
      'sees some rows only keeps the others',
      'secured',
      (log: string) => `grant truncate on ${log} to secured; alter table ${log} enable row level security;
        create policy shown on ${log} to secured using (position < 5000)`,
      5_000,
    ],
  ])('of which the role %s', async (_, role, granted, moved) => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, `${role}_log`);
    await writeRows(postgres, log, { from: 0, count: MANY });
    const url = await roleOf(role, log);
    await postgres.query(granted(log));
    const file = await fileOf(log);
    const { summary } = await move(log, folder, { environment: { ...environment, DATABASE_URL: url } });
    expect(summary).toMatchObject({ rows_moved: moved, rows_deleted: moved });
    expect(await fileOf(log)).toBe(file);
    expect(await count(log)).toBe(MANY - moved);
  });

  test('whose partitions the role may not read is deleted from', async () => {
    const { environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'unread_log?partition=day');
    const part = `${log}_20260301`;
    await postgres.query(
      `create table ${part} partition of ${log} for values from ('20260301 00:00+00') to ('20260302 00:00+00')`,
    );
    await writeRows(postgres, log, { from: 0, count: MANY, at: '2026-03-01T12:00:00Z' });
    const url = await roleOf('unread', log);
    await postgres.query(`grant truncate on ${part} to unread`);
    const { summary } = await move(`${log}?partition=day`, folder, {
      environment: { ...environment, DATABASE_URL: url },
    });
    expect(summary).toMatchObject({ rows_moved: MANY, rows_deleted: MANY });
  });

  test('into which a row is written between the look and the lock keeps it', async () => {
    const log = await makeLog(postgres, 'raced_log');
    await writeRows(postgres, log, { from: 0, count: MANY });
    const [{ next } = {}] = await postgres.query('select pg_current_xact_id()::text as next');
    const pool = new pg.Pool({ connectionString: postgres.url });
    onTestFinished(() => pool.end());
    // Counting is the last step before the lock.
    const writing = {
      connect: () => pool.connect(),
      async query(sql: string, values?: unknown[]) {
        const result = await pool.query(sql, values);
        if (sql.startsWith('select count')) await writeRows(postgres, log, { from: MANY, count: 1 });
        return result;
      },
    } as unknown as pg.Pool;
    const emptied: number[] = [];
    const table = parseLogTarget(log).table;
    for await (const rows of truncateWhole(writing, table, `xid::text::bigint >= ${next}`))
      emptied.push(rows);
    expect(emptied).toEqual([]);
    expect(await count(log)).toBe(MANY + 1);
    for await (const rows of truncateWhole(pool, table, 'false')) emptied.push(rows);
    expect(emptied).toEqual([MANY + 1]);
  });

  test('with partitions: those that are over are emptied, the one in use keeps its new rows', async () => {
    const { client, environment, folder } = await archive(postgres);
    const log = await makeLog(postgres, 'parted_log?partition=day');
    for (const [day, next] of [
      ['20260301', '20260302'],
      ['20260302', '20260303'],
    ])
      await postgres.query(
        `create table ${log}_${day} partition of ${log} for values from ('${day} 00:00+00') to ('${next} 00:00+00')`,
      );
    await writeRows(postgres, log, { from: 0, count: MANY, at: '2026-03-01T12:00:00Z' });
    await writeRows(postgres, log, { from: MANY, count: MANY, at: '2026-03-02T12:00:00Z' });
    const holder = await postgres.session();
    await holder.query('begin; create temporary table held ()');
    await writeRows(postgres, log, { from: 2 * MANY, count: 7, at: '2026-03-02T13:00:00Z' });
    const files = await Promise.all([fileOf(`${log}_20260301`), fileOf(`${log}_20260302`)]);
    const { summary } = await move(`${log}?partition=day`, folder, { environment });
    expect(summary).toMatchObject({ rows_moved: 2 * MANY, rows_deleted: 2 * MANY, rows_left: 7 });
    expect(await fileOf(`${log}_20260301`)).not.toBe(files[0]);
    expect(await fileOf(`${log}_20260302`)).toBe(files[1]);
    await holder.query('rollback');
    await move(`${log}?partition=day`, folder, { environment });
    expect(await rowsOf(client, folder)).toHaveLength(2 * MANY + 7);
  });
});
