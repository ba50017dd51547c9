import { expect, test } from 'vitest';
import { ownPostgres } from './cluster.js';
import { expectedRows, makeLog, sorted, writeRows } from './log.js';
import { archive, move, rowsOf } from './move.js';

// What an open transaction, wherever it is in the cluster, keeps a pass from moving, and how the pass tells of it.

const postgres = ownPostgres();

test('a transaction that began early and commits late is moved whole, though newer ones were there first', async () => {
  const { client, folder, environment } = await archive(postgres);
  const log = await makeLog(postgres, 'late_log');
  const slow = await postgres.session();
  await slow.query('begin');
  await slow.query("set application_name = 'a slow writer'");
  await writeRows(slow, log, { from: 100, count: 10 });
  const expected: Record<string, unknown>[] = [];
  for (let pass = 0; pass < 3; pass++) {
    await writeRows(postgres, log, { from: pass * 10, count: 10 });
    const { summary, lines, isComplete } = await move(log, folder, { environment });
    expect(isComplete).toBe(true);
    expect(summary).toMatchObject({
      rows_moved: 0,
      rows_left: 10 * (pass + 1),
      held_by: {
        application_name: 'a slow writer',
        state: 'idle in transaction',
        database: 'postgres',
        user: 'rtn',
      },
    });
    expect(summary.oldest_left_seconds).toBeGreaterThan(0);
    expect(lines.at(-1)).toMatch(
      /^held back: by the session \d+ of rtn in the database postgres \("a slow writer", idle in transaction\), open for \d+ s, from xid \d+ on$/,
    );
  }
  // The late one again writes with its early number, after all the others.
  await writeRows(slow, log, { from: 200, count: 10 });
  await slow.query('commit');
  expected.push(...(await expectedRows(postgres, log)));
  const { summary } = await move(log, folder, { environment }, { batchRows: 5 });
  expect(summary).toMatchObject({ rows_moved: 50, rows_deleted: 50, rows_left: 0, held_by: null });
  expect(sorted(await rowsOf(client, folder))).toEqual(sorted(expected));
});

test('what lies below an open transaction is moved, what lies above waits', async () => {
  const { client, folder, environment } = await archive(postgres);
  const log = await makeLog(postgres, 'middle_log');
  await writeRows(postgres, log, { from: 0, count: 10 });
  const slow = await postgres.session();
  await slow.query('begin');
  await writeRows(slow, log, { from: 10, count: 10 });
  await writeRows(postgres, log, { from: 20, count: 10 });
  const expected = await expectedRows(slow, log);
  expect((await move(log, folder, { environment })).summary).toMatchObject({ rows_moved: 10, rows_left: 10 });
  expect((await move(log, folder, { environment })).summary).toMatchObject({ rows_moved: 0, rows_left: 10 });
  await slow.query('rollback');
  expect((await move(log, folder, { environment })).summary).toMatchObject({ rows_moved: 10, rows_left: 0 });
  const committed = expected.filter(({ position }) => Number(position) < 10 || Number(position) >= 20);
  expect(sorted(await rowsOf(client, folder))).toEqual(sorted(committed));
});

test('a transaction in another database holds the rows back too, and is named', async () => {
  const { folder, environment } = await archive(postgres);
  const log = await makeLog(postgres, 'foreign_log');
  await postgres.query('create database elsewhere');
  const other = await postgres.session('elsewhere');
  await other.query('create table t (n int)');
  await other.query('begin');
  await other.query('insert into t values (1)');
  await writeRows(postgres, log, { from: 0, count: 10 });
  const { summary } = await move(log, folder, { environment });
  expect(summary).toMatchObject({ rows_moved: 0, rows_left: 10, held_by: { database: 'elsewhere' } });
  expect(JSON.stringify(summary)).not.toContain('insert into');
  await postgres.query('select pg_terminate_backend($1)', [(summary.held_by as { pid: number }).pid]);
  await expect
    .poll(async () => (await move(log, folder, { environment })).summary)
    .toMatchObject({ rows_left: 0 });
});

test('a prepared transaction that nobody ends is named by its gid', async () => {
  const { client, folder, environment } = await archive(postgres);
  const log = await makeLog(postgres, 'prepared_log');
  const session = await postgres.session();
  await session.query('begin');
  await writeRows(session, log, { from: 0, count: 5 });
  await session.query("prepare transaction 'forgotten'");
  await writeRows(postgres, log, { from: 5, count: 5 });
  const { summary, lines } = await move(log, folder, { environment });
  expect(summary).toMatchObject({
    rows_moved: 0,
    rows_left: 5,
    held_by: { prepared_gid: 'forgotten', user: 'rtn' },
  });
  expect(lines.at(-1)).toMatch(
    /^held back: by the prepared transaction 'forgotten' of rtn in the database postgres, open for \d+ s/,
  );
  await postgres.query("commit prepared 'forgotten'");
  expect((await move(log, folder, { environment })).summary).toMatchObject({ rows_moved: 10, rows_left: 0 });
  expect(await rowsOf(client, folder)).toHaveLength(10);
});
