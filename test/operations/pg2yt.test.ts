import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startPushProvider } from '../../src/local/provider.js';
import type { YtClient } from '../../src/yt/client.js';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush } from '../setup/driver-push.js';
import { rtnIn } from '../setup/task-house.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

// The registry's pg2yt beside its driver_push, each as it is published and as a process of its own (from dist/, which
// `npm test` builds): a log in a real Postgres, an archive on the local YTsaurus.

const ROOT = join(import.meta.dirname, '..', '..');
const ROWS = 300;
const database = testDatabase();

test('a log is written, moved once, written again and moved again, and the ledger tells it all', {
  timeout: 120_000,
}, async () => {
  const { client, address } = await localCluster();
  for (const folder of ['//home/crm', '//home/archive'])
    await client.create('map_node', folder, { recursive: true });
  const push = await startPushProvider({ token: 'token' });
  onTestFinished(() => push.close());
  const folder = temporaryFolder();
  const environment = { DATABASE_URL: database.url, YT_PROXY: address };

  const send = async (runId: string) => {
    await client.create('table', `//home/crm/${runId}`);
    const rows = Array.from({ length: ROWS }, (_, index) => `${JSON.stringify(row(index))}\n`);
    await client.writeTable(`//home/crm/${runId}`, rows);
    const locations = ['--recipients', `yt://home/crm/${runId}`, '--endpoint', push.endpoint];
    const flags = [...locations, '--run-id', runId, '--state-dir', folder];
    const { code, output } = await startDriverPush('one-shot', flags, { ...environment, PUSH_TOKEN: 'token' })
      .ended;
    expect([code, output]).toEqual([0, expect.stringContaining(`${ROWS} sent`)]);
  };
  const move = (...flags: string[]) =>
    rtnIn(ROOT, ['run', 'pg2yt', '--', '--archive', 'yt://home/archive', ...flags], environment);
  const left = () => database.query('select count(*)::int as rows from driver_push_log');
  const runs = (...words: string[]) => rtnIn(ROOT, ['runs', ...words], environment);

  await send('first');

  const looked = await move('--dry-run');
  expect([looked.code, looked.err]).toEqual([0, '']);
  expect(looked.out).toMatch(/dry run after .*\n {2}would move: 300 rows/);
  expect(await left()).toEqual([{ rows: ROWS }]);

  const summary = join(folder, 'summary.json');
  const slot = ['--schedule', 'driver_push_pg2yt', '--slot', '2026-11-24T09:17Z'];
  const moved = await move(...slot, '--summary', summary, '--batch-rows', '50');
  expect(moved.code).toBe(0);
  expect(moved.err).toMatch(/: done after \d+s\n {2}moved: 300 rows/);
  expect(JSON.parse(readFileSync(summary, 'utf8'))).toMatchObject({
    runId: 'driver_push_pg2yt@2026-11-24T09:17Z',
    isComplete: true,
    summary: { rows_moved: ROWS, rows_deleted: ROWS, rows_left: 0 },
  });
  expect(await left()).toEqual([{ rows: 0 }]);

  await send('second');
  expect((await move('--quiet')).err).toBe('');

  const archived = await rowsIn(client, '//home/archive');
  expect(archived.sort()).toEqual(
    ['first', 'second']
      .flatMap((run) => Array.from({ length: ROWS }, (_, index) => `${run} m${index}`))
      .sort(),
  );

  const list = await runs('--log', 'pg:driver_push_log');
  expect(list.out).toMatch(/^driver_push_pg2yt@2026-11-24T09:17Z +pg2yt +1\.4\.1 +finished .* 300 rows /m);
  expect(list.out).toMatch(/^first +driver_push +1\.4\.10 +finished .* 300 /m);
  expect((await runs('show', 'driver_push_pg2yt@2026-11-24T09:17Z')).out).toMatch(/exit 0 +300 rows/);
  expect((await runs('show', 'first')).out).toContain('300 rows are in the log no more');
});

test('a log that is not there, an archive elsewhere and a cluster that does not answer are told, by their codes', {
  timeout: 60_000,
}, async () => {
  const { address } = await localCluster();
  const move = (environment: Record<string, string>, ...flags: string[]) =>
    rtnIn(ROOT, ['run', 'pg2yt', '--', ...flags], { DATABASE_URL: database.url, ...environment });
  const none = await move({ YT_PROXY: address }, '--log', 'pg:no_log');
  expect([none.code, none.err]).toEqual([78, expect.stringContaining('no_log')]);
  const file = await move({ YT_PROXY: address }, '--archive', 'file:archive');
  expect([file.code, file.err]).toEqual([64, expect.stringContaining("got 'file:archive', expected yt:…")]);
  const bare = await move({});
  expect([bare.code, bare.err]).toEqual([64, expect.stringContaining('YT_PROXY')]);
});

/** `run message` of each row of all tables in a folder. */
async function rowsIn(client: YtClient, folder: string): Promise<string[]> {
  let text = '';
  for (const name of await client.list(folder))
    for await (const lines of await client.readTable(`${folder}/${name}`)) text += lines.toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { run_id: string; message_id: string })
    .map(({ run_id, message_id }) => `${run_id} ${message_id}`);
}
