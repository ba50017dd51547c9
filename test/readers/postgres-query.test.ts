import pg from 'pg';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JsonSchema } from '../../src/component.js';
import type { Reader } from '../../src/pipeline/contract.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming } from '../../src/pipeline/record.js';
import { testDatabase } from '../setup/database.js';
import { testRun } from '../setup/run.js';
import { drain, file, readerOf, rowsOf } from './drain.js';

const database = testDatabase();
const ANY = { type: 'object', properties: {} };

beforeAll(async () => {
  await database.query('create table people (id bigint, name text)');
  await database.query("insert into people select n, 'p' || n from generate_series(1, 5000) n");
});

const runOf = (overrides: object = {}) =>
  testRun({ environment: { DATABASE_URL: database.url }, ...overrides });

const query = (sql: string, row: JsonSchema = ANY): Reader => readerOf(`pg:${file(sql, 'q.sql')}`, row);

async function readQuery(sql: string, row?: JsonSchema) {
  return drain(query(sql, row), runOf());
}

test('rows come in the order of the query, numbered from 0 and counted', async () => {
  const { total, records } = await readQuery('select id, name from people order by id desc;\n-- done\n');
  expect(total).toBe(5_000);
  expect(records.map(({ position }) => position)).toEqual(Array.from({ length: 5_000 }, (_, at) => at));
  expect(records[0]).toEqual({ position: 0, row: { id: 5_000, name: 'p5000' } });
  expect(records.at(-1)).toEqual({ position: 4_999, row: { id: 1, name: 'p1' } });
});

test('values are what JSON makes of them: nothing is rounded, JSON is parsed, null is left out', async () => {
  const sql = `select 9007199254740993 as id, 7::smallint as small, 12.50::numeric as price, 0.1::float8 as share,
    12345678901234567890.123456789::numeric as exact, 123456.78901234567::float8 as long, true as on,
    '{"a": [1, null, "x\\n"], "b": 9007199254740993}'::json as given, '{"k": "\\\\ ü"}'::jsonb as held,
    array[1, 2, null] as list, array[['a,b', '"'], ['\\', 'x']] as nested, array[]::text[] as none,
    null as nothing, e'tab\\t\\\\ new\\nline "ü😀"' as text, '2026-01-31 23:59:59.007+03'::timestamptz as at,
    '2026-01-31'::date as day, '\\x00ff'::bytea as bytes, 'NaN'::float8 as nan`;
  expect(rowsOf(await readQuery(sql))).toEqual([
    {
      id: 9007199254740993n,
      small: 7,
      price: 12.5,
      share: 0.1,
      exact: '12345678901234567890.123456789',
      long: 123456.78901234567,
      on: true,
      given: { a: [1, null, 'x\n'], b: 9007199254740993n },
      held: { k: '\\ ü' },
      list: [1, 2, null],
      nested: [
        ['a,b', '"'],
        ['\\', 'x'],
      ],
      none: [],
      text: 'tab\t\\ new\nline "ü😀"',
      at: '2026-01-31T20:59:59.007+00:00',
      day: '2026-01-31',
      bytes: '\\x00ff',
      nan: 'NaN',
    },
  ]);
});

test('numbers in columns that the operation declares as strings are text, digit by digit', async () => {
  const row = {
    properties: { id: { type: 'string' }, price: { type: ['string', 'null'] }, count: { type: 'integer' } },
  };
  const { records } = await readQuery(
    'select 9223372036854775807 as id, 12.50::numeric(20,2) as price, 3 as count',
    row,
  );
  expect(rowsOf({ records })).toEqual([{ id: '9223372036854775807', price: '12.50', count: 3 }]);
});

test('a second start of the run has the same rows, whatever the query would give by now', async () => {
  const run = runOf({ id: 'night@1' });
  await database.query('create table moving (id int)');
  await database.query('insert into moving values (3), (1), (2)');
  const path = file('select id from moving', 'q.sql');
  const first = await drain(readerOf(`pg:${path}`, ANY), run);
  await database.query('delete from moving');
  const second = await drain(readerOf(`pg:${path}`, ANY), run);
  expect(second).toEqual(first);
  expect(rowsOf(second)).toEqual([{ id: 3 }, { id: 1 }, { id: 2 }]);
  await expect(drain(query('select 1 as id'), run)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('has changed since the run began'),
  });
});

test('copies older than a week go with the next start that reads a query', async () => {
  await drain(query('select 1 as id'), runOf({ id: 'old' }));
  const tables = async () =>
    (
      await database.query(
        "select obj_description(oid)::json->>'owner' as owner from pg_class where relkind = 'r' and relname ~ '^input_'",
      )
    ).map(({ owner }) => owner);
  expect(await tables()).toContain('driver_push old rows');
  const inEightDays = Date.now() + 8 * 86_400_000;
  const clock = { ...runOf().clock, now: () => inEightDays };
  await drain(query('select 1 as id'), runOf({ id: 'new', clock }));
  expect(await tables()).toEqual(['driver_push new rows']);
});

test.each([
  [
    'an unknown column',
    'select\n  id,\n\tnme as ü\nfrom people',
    /column "nme" does not exist \(42703\)\n.*q\.sql:3:2\n {2} nme as ü\n {3}\^$/,
  ],
  ['a syntax error', "select 'ü😀' as id fro people", /\(42601\)\n.*q\.sql:1:19\n.*\n {20}\^$/],
  [
    'an unknown table',
    'select 1 as id from nowhere',
    /relation "nowhere" does not exist \(42P01\)\n.*q\.sql:1:21/,
  ],
  ['an end too early', 'select id from (select 1 as id', /q\.sql/],
  ['a value that cannot be', 'select 1 / (id - 1) as id from people', /division by zero \(22012\)/],
  ['writing', 'insert into people values (0) returning id', /q\.sql/],
  ['writing in a WITH', 'with x as (delete from people returning id) select id from x', /q\.sql/],
  ['a lock', 'select id from people for update', /read-only transaction \(25006\)/],
  ['several statements', 'select 1 as id; drop table people', /several statements, the second one in line 1/],
  [
    'a way out of the parentheses',
    'select 1 as id) to stdout; drop table people; copy (select 1',
    /several statements/,
  ],
  ['a column twice', 'select 1 as id, 2 as a, 3 as a', /gives the column a twice/],
  ['a bare row', 'select 1 as id, row(1, 2) as pair', /pseudo-type record/],
  ['a parameter', 'select $1::int as id', /parameter|bind/],
])('%s is told before the first row, and nothing is changed', async (_, sql, message) => {
  await expect(readQuery(sql)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(message),
  });
  expect(await database.query('select count(*)::int as count from people')).toEqual([{ count: 5_000 }]);
});

test.each([
  ['select 1 as other', ANY, 'lacks the column id that the operation requires; it has other'],
  ['select 1 as id', { required: ['text'] }, 'lacks the column text'],
  [
    'select true as id',
    { properties: { id: { type: 'string' } } },
    'gives the column id as boolean, the operation wants string',
  ],
  [
    "select 'x' as id",
    { properties: { id: { type: 'integer' } } },
    'gives the column id as text, the operation wants integer',
  ],
  ['select array[1] as id', { properties: { id: { type: ['integer', 'null'] } } }, 'id as integer[]'],
])('columns that do not fit are told before the query runs: %s', async (sql, row, message) => {
  const reader = query(`${sql} from (select pg_sleep(60)) as never`, row);
  onTestFinished(() => reader.close());
  await expect(reader.open(runOf())).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining(message),
  });
});

test('a connection that breaks is made anew at the next row', async () => {
  const run = runOf();
  const reader = query("select n as id, repeat('x', 2000) as text from generate_series(0, 19999) as n");
  onTestFinished(() => reader.close());
  await reader.open(run);
  const queue = new Queue<Incoming>(10);
  const reading = reader.read(queue, new AbortController().signal).finally(() => queue.close());
  const ids: unknown[] = [];
  let isBroken = false;
  for (let batch = await queue.receiveMany(10); batch.length > 0; batch = await queue.receiveMany(10)) {
    for (const record of batch) if ('row' in record) ids.push(record.row.id);
    if (isBroken || ids.length < 100) continue;
    isBroken = true;
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'copy (select row_to_json%'",
    );
    await admin.end();
  }
  await reading;
  expect(run.warnings.join()).toContain('reading on at row');
  expect(ids).toEqual(Array.from({ length: 20_000 }, (_, at) => at));
});

test('the end of a run ends reading, and the connection with it', async () => {
  const reader = query("select n as id, repeat('x', 2000) as text from generate_series(0, 19999) as n");
  await reader.open(runOf());
  const end = new AbortController();
  const queue = new Queue<Incoming>(10);
  const reading = reader.read(queue, end.signal);
  await queue.receive();
  end.abort();
  await reading;
  await reader.close();
  expect(queue.admitted).toBeLessThanOrEqual(11);
});

test('a query without a file, and one without DATABASE_URL, are told when the run opens', async () => {
  await expect(drain(readerOf('pg:none.sql', ANY), runOf())).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('none.sql'),
  });
  await expect(drain(query('select 1 as id'), testRun())).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('DATABASE_URL is not set, and the input is pg:'),
  });
});

test('yql:QUERY.sql says plainly that it cannot be run yet', async () => {
  const path = file('select 1', 'q.sql');
  await expect(drain(readerOf(`yql:${path}`))).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('needs the Query Tracker'),
  });
  await expect(drain(readerOf('yql:none.sql'))).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('none.sql'),
  });
});
