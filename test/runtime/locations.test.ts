import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { startPushProvider } from '../../src/local/provider.js';
import { readYtRun } from '../../src/loggers/yt-runs.js';
import { testDatabase } from '../setup/database.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

// Every kind of input and log at least once through the whole way: driver_push of the registry as a process of its own.

const ROOT = join(import.meta.dirname, '..', '..');
const COUNT = 600;
const database = testDatabase();

/** Runs driver_push one-shot to its end. */
async function run(flags: readonly string[], environment: Record<string, string> = {}, stdin = '') {
  const push = await startPushProvider({ token: 'token', isGone: (to: string) => to === 'd7' });
  onTestFinished(() => push.close());
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist', 'cli', 'main.js'), 'run', 'driver_push', '--runner', 'one-shot', '--'].concat([
      '--endpoint',
      push.endpoint,
      ...flags,
    ]),
    {
      cwd: ROOT,
      env: { PATH: process.env.PATH, PUSH_TOKEN: 'token', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => {}).end(stdin);
  const [code] = await once(child, 'close');
  return { code: code as number, output, receipts: push.receipts };
}

function inFile(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const indexes = Array.from({ length: COUNT }, (_, index) => index);
const csv = [
  'message_id,driver_id,title,text',
  ...indexes.map((at) => `m${at},d${at},Hi,"text, ${at}"`),
].join('\n');
const lines = indexes
  .map(
    (at) =>
      `${JSON.stringify({ message_id: `m${at}`, driver_id: `d${at}`, title: 'Hi', text: `text, ${at}` })}\n`,
  )
  .join('');

test('CSV in gzip to a log on YTsaurus', async () => {
  const { client, address } = await localCluster();
  await client.create('map_node', '//home/crm', { recursive: true });
  const path = inFile('rows.csv.gz', gzipSync(csv));
  const { code, output, receipts } = await run(
    ['--recipients', `file:${path}`, '--log', 'yt://home/crm/log', '--run-id', 'night'],
    { YT_PROXY: address },
  );
  expect(output).toContain(`${COUNT} read, ${COUNT - 1} sent, 1 rejected`);
  expect(code).toBe(0);
  expect(receipts.size).toBe(COUNT - 1);
  expect(await client.get('//home/crm/log/@row_count')).toBe(COUNT);
  expect(await readYtRun(client, '//home/crm/log', 'night')).toMatchObject({ state: 'finished' });
});

test('a query on Postgres to a log in Postgres', async () => {
  await database.query(
    `create table drivers as select 'm' || n as id, 'd' || n as driver from generate_series(0, ${COUNT - 1}) as n`,
  );
  const path = inFile(
    'audience.sql',
    "select id as message_id, driver as driver_id, 'Hi' as title, 'text ' || id as text from drivers order by id;",
  );
  const { code, output, receipts } = await run(['--recipients', `pg:${path}`, '--log', 'pg:query_log'], {
    DATABASE_URL: database.url,
  });
  expect(output).toContain(`${COUNT} read, ${COUNT - 1} sent, 1 rejected`);
  expect(code).toBe(0);
  expect(receipts.size).toBe(COUNT - 1);
  expect(
    await database.query(
      'select count(*)::int as rows, count(distinct position)::int as positions from query_log',
    ),
  ).toEqual([{ rows: COUNT, positions: COUNT }]);
});

test('stdin to a log in files', async () => {
  const folder = temporaryFolder();
  const flags = ['--recipients', 'file:-', '--log', `file:${folder}`, '--run-id', 'night'];
  flags.push('--state-dir', temporaryFolder());
  const { code, output, receipts } = await run(flags, {}, lines);
  expect(output).toContain(`${COUNT} read, ${COUNT - 1} sent, 1 rejected`);
  expect(code).toBe(0);
  expect(receipts.size).toBe(COUNT - 1);
  expect(readFileSync(join(folder, 'night.0.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(COUNT);
});

test.each([
  [
    'a gzip file that is cut off',
    'rows.csv.gz',
    gzipSync(csv).subarray(0, -20),
    65,
    'unexpected end of file, at byte',
  ],
  [
    'a CSV file without its key',
    'rows.csv',
    csv.replace('message_id', 'id'),
    78,
    'lacks the column message_id',
  ],
  ['a query that is wrong', 'pg:q.sql', 'select 1 as message_id,\n  x', 78, /q\.sql:2:3\n {6}x\n {6}\^\n/],
  ['a YQL query', 'yql:q.sql', 'select 1', 78, 'needs the Query Tracker'],
])('%s sends nothing', async (_, name, content, expected, message) => {
  const [, scheme = 'file', file = name] = /^(pg|yql):(.+)$/.exec(name) ?? [];
  const { code, output, receipts } = await run(
    [...['--recipients', `${scheme}:${inFile(file, content)}`], ...['--log', `file:${temporaryFolder()}`]],
    { DATABASE_URL: database.url, YT_PROXY: '127.0.0.1:1' },
  );
  expect(output).toMatch(message);
  expect(output).not.toMatch(/\n\s+at /);
  expect(code).toBe(expected);
  expect(receipts.size).toBe(0);
});
