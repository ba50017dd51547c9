import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { YtClient } from '../../src/yt/client.js';
import type { Surroundings } from './surroundings.js';

export const LOG_KINDS = ['pg', 'yt', 'file'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

/** One row of the log, as far as these tests look. */
export interface LoggedRow {
  readonly outcome: string;
  readonly message_id: string;
  readonly position: number;
  readonly provider_id: string | null;
}

/** What `--log` takes for a log of this kind. */
export function logLocation(kind: LogKind, { folder }: Surroundings): string {
  if (kind === 'file') return `file:${folder}/log`;
  return kind === 'pg' ? 'pg:send_log' : 'yt://home/crm/log';
}

export async function readLog(
  kind: LogKind,
  runId: string,
  { folder, database, cluster }: Surroundings,
): Promise<LoggedRow[]> {
  if (kind === 'pg') {
    const rows = await database.query('select * from send_log');
    return rows.map((row) => ({ ...row, position: Number(row.position) })) as unknown as LoggedRow[];
  }
  if (kind === 'yt') return (await tableRows(cluster?.client, '//home/crm/log')) as LoggedRow[];
  const lines = readFileSync(join(folder, 'log', `${runId}.0.ndjson`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as LoggedRow);
}

/** What the run wrote of itself beside its log; a file's is among its files. */
export async function readLedger(
  kind: LogKind,
  runId: string,
  { database, cluster }: Surroundings,
): Promise<unknown> {
  if (kind === 'pg') return database.query('select * from rtn.runs where run_id = $1', [runId]);
  if (kind !== 'yt') return undefined;
  const run = `//home/crm/log.rtn/runs/${runId}`;
  return Promise.all([`${run}/@`, `${run}/0/@`].map((path) => cluster?.client.get(path)));
}

async function tableRows(client: YtClient | undefined, path: string): Promise<unknown[]> {
  let text = '';
  for await (const lines of (await client?.readTable(path)) ?? []) text += lines.toString();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}
