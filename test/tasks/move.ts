import { systemClock } from '../../src/clock.js';
import { parseLocation } from '../../src/pipeline/location.js';
import type { TaskReport, TaskRun } from '../../src/pipeline/task.js';
import { type Pg2YtOptions, pg2yt } from '../../src/tasks/pg2yt.js';
import type { YtClient } from '../../src/yt/client.js';
import { localCluster } from '../setup/yt.js';

/** An empty cluster, a folder to be made there, and the environment of a pass from this Postgres to it. */
export async function archive(postgres: { readonly url: string }) {
  const { client, address } = await localCluster();
  const environment = { DATABASE_URL: postgres.url, YT_PROXY: address };
  return { client, address, environment, folder: '//home/archive' };
}

let runs = 0;

/** What a task is told of its run; warnings are kept. */
function taskRun(overrides: Partial<TaskRun> = {}): TaskRun & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return {
    ...{ id: `pass-${++runs}`, operation: 'archive', version: '1.0.0', digest: 'd'.repeat(64) },
    ...{ clock: systemClock, environment: {}, isDryRun: false, waitMs: 0 },
    signal: new AbortController().signal,
    warn: (message) => void warnings.push(message),
    progress: () => {},
    ...overrides,
    warnings,
  };
}

/** One pass from `pg:TABLE` to a folder. */
export function move(
  table: string,
  folder: string,
  run: Partial<TaskRun>,
  options: Pg2YtOptions = {},
): Promise<TaskReport> {
  const task = pg2yt(
    { name: 'log', type: 'send-log', location: parseLocation(`pg:${table}`) },
    { name: 'archive', type: 'send-log', location: parseLocation(`yt:${folder}`) },
    options,
  );
  return task.run(taskRun(run));
}

/** All rows of a folder's tables, as their JSON lines say them, by table. */
export async function tablesOf(
  client: YtClient,
  folder: string,
): Promise<Record<string, Record<string, unknown>[]>> {
  const tables: Record<string, Record<string, unknown>[]> = {};
  for (const name of await client.list(folder)) {
    const rows: Record<string, unknown>[] = [];
    let text = '';
    for await (const lines of await client.readTable(`${folder}/${name}`)) text += lines.toString();
    for (const line of text.split('\n')) if (line !== '') rows.push(JSON.parse(line));
    tables[name] = rows;
  }
  return tables;
}

/** All rows of a folder, of whichever day. */
export async function rowsOf(client: YtClient, folder: string): Promise<Record<string, unknown>[]> {
  return Object.values(await tablesOf(client, folder)).flat();
}

/** A row of the log as SQL gives it, as the folder should have it: nulls left out, times in microseconds. */
export const EXPECTED = `
  select jsonb_strip_nulls(to_jsonb(l) - 'xid' || jsonb_build_object(
    'started_at', (extract(epoch from started_at) * 1000000)::bigint,
    'finished_at', (extract(epoch from finished_at) * 1000000)::bigint)) as row`;
