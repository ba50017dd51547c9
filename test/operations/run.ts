import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { type PushProvider, type PushProviderOptions, startPushProvider } from '../../src/local/provider.js';
import type { Row } from '../../src/pipeline/record.js';
import type { TestDatabase } from '../setup/database.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** The value of every secret of these runs: nowhere may it stand. */
const PLANTED_SECRET = 'planted-secret/%41+"x';

type InputKind = 'ndjson' | 'csv.gz' | 'pg' | 'yt';
type LogKind = 'file' | 'pg' | 'yt';

export interface OperationCase {
  readonly operation: string;
  readonly inputFlag: string;
  readonly secret: string;
  readonly flags: readonly string[];
  readonly input: InputKind;
  readonly log: LogKind;
  readonly faults: Omit<PushProviderOptions, 'token'>;
}

/** One row of the log, as far as these tests look. */
interface LoggedRow {
  readonly outcome: string;
  readonly message_id: string;
  readonly position: number;
  readonly recipient: string | null;
  readonly provider_id: string | null;
  readonly error_code: string | null;
  readonly suppress: boolean;
}

export interface OperationRun {
  readonly code: number;
  readonly output: string;
  readonly provider: PushProvider;
  readonly log: readonly LoggedRow[];
  /** All that the run left, as one text: its output, its log, its summary, its state, the runner itself. */
  readonly traces: string;
}

/** Generates the one-shot runner of an operation and runs it as a process of its own, to its end. */
export async function runOperation(
  { operation, inputFlag, secret, flags, input, log, faults }: OperationCase,
  rows: readonly Row[],
  database: TestDatabase,
): Promise<OperationRun> {
  const provider = await startPushProvider({ ...faults, token: PLANTED_SECRET });
  onTestFinished(() => provider.close());
  const folder = temporaryFolder();
  const cluster = input === 'yt' || log === 'yt' ? await localCluster() : undefined;
  await cluster?.client.create('map_node', '//home/crm', { recursive: true });
  const runId = randomUUID();
  const source = await writeInput(input, rows, folder, database, cluster?.client);
  const target = log === 'file' ? `file:${folder}/log` : log === 'pg' ? 'pg:send_log' : 'yt://home/crm/log';
  await database.query('drop table if exists send_log');

  const generated = await execute('node', [RTN, 'generate', operation, '--out', join(folder, 'runners')], {});
  const runner = readdirSync(join(folder, 'runners')).find((name) => name.includes('.one-shot.'));
  if (generated.code !== 0 || runner === undefined) throw new Error(generated.output);
  link(folder);
  const { code, output } = await execute(
    'node',
    [join(folder, 'runners', runner), `--${inputFlag}`, source, '--log', target, '--endpoint']
      .concat([provider.endpoint, '--run-id', runId, '--summary', join(folder, 'summary.json')])
      .concat(['--state-dir', join(folder, 'state'), ...flags]),
    {
      [secret]: PLANTED_SECRET,
      DATABASE_URL: database.url,
      ...(cluster && { YT_PROXY: cluster.address }),
    },
  );
  const logged = await readLog(log, runId, folder, database, cluster?.client);
  const summary = readFileSync(join(folder, 'summary.json'), 'utf8');
  const text = readFileSync(join(folder, 'runners', runner), 'utf8');
  const ledger = JSON.stringify(await readLedger(log, runId, database, cluster?.client));
  const traces = [output, JSON.stringify(logged), ledger, summary, text, filesBelow(join(folder, 'state'))];
  if (log === 'file') traces.push(filesBelow(join(folder, 'log')));
  return { code, output, provider, log: logged, traces: traces.join('\n') };
}

const RTN = join(ROOT, 'dist', 'cli', 'main.js');

/** A package beside the runner, by which it finds the library that it imports. */
function link(folder: string): void {
  mkdirSync(join(folder, 'node_modules', 'realtime-notifications'), { recursive: true });
  const index = JSON.stringify(join(ROOT, 'dist', 'index.js'));
  writeFileSync(
    join(folder, 'node_modules', 'realtime-notifications', 'index.mjs'),
    `export * from ${index};\n`,
  );
  writeFileSync(
    join(folder, 'node_modules', 'realtime-notifications', 'package.json'),
    '{"name":"realtime-notifications","type":"module","exports":"./index.mjs"}',
  );
}

async function execute(command: string, argv: readonly string[], environment: Record<string, string>) {
  const child = spawn(command, argv, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number, output };
}

type Client = Awaited<ReturnType<typeof localCluster>>['client'];

async function writeInput(
  kind: InputKind,
  rows: readonly Row[],
  folder: string,
  database: TestDatabase,
  client: Client | undefined,
): Promise<string> {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  if (kind === 'ndjson') {
    writeFileSync(join(folder, 'rows.ndjson'), lines.join(''));
    return `file:${folder}/rows.ndjson`;
  }
  if (kind === 'csv.gz') {
    const columns = Object.keys(rows[0] ?? {});
    const quoted = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`;
    const csv = [columns.join(','), ...rows.map((row) => columns.map((name) => quoted(row[name])).join(','))];
    writeFileSync(join(folder, 'rows.csv.gz'), gzipSync(csv.join('\n')));
    return `file:${folder}/rows.csv.gz`;
  }
  if (kind === 'yt') {
    await client?.create('table', '//home/crm/rows');
    await client?.writeTable('//home/crm/rows', lines);
    return 'yt://home/crm/rows';
  }
  const columns = Object.keys(rows[0] ?? {});
  await database.query('drop table if exists audience');
  await database.query(`create table audience (${columns.map((name) => `${name} text`).join(', ')}, at int)`);
  await database.query(
    `insert into audience select ${columns.map((name) => `r->>'${name}'`).join(', ')}, n
     from jsonb_array_elements($1::jsonb) with ordinality as x(r, n)`,
    [JSON.stringify(rows)],
  );
  writeFileSync(join(folder, 'rows.sql'), `select ${columns.join(', ')} from audience order by at`);
  return `pg:${folder}/rows.sql`;
}

async function readLog(
  kind: LogKind,
  runId: string,
  folder: string,
  database: TestDatabase,
  client: Client | undefined,
): Promise<LoggedRow[]> {
  if (kind === 'pg') {
    const rows = await database.query('select * from send_log');
    return rows.map((row) => ({ ...row, position: Number(row.position) })) as unknown as LoggedRow[];
  }
  if (kind === 'yt') return (await tableRows(client, '//home/crm/log')) as LoggedRow[];
  const lines = readFileSync(join(folder, 'log', `${runId}.0.ndjson`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as LoggedRow);
}

/** What the run wrote of itself beside its log; a file's is among its files. */
async function readLedger(
  kind: LogKind,
  runId: string,
  database: TestDatabase,
  client: Client | undefined,
): Promise<unknown> {
  if (kind === 'pg') return database.query('select * from rtn.runs where run_id = $1', [runId]);
  if (kind !== 'yt') return undefined;
  const run = `//home/crm/log.rtn/runs/${runId}`;
  return Promise.all([`${run}/@`, `${run}/0/@`].map((path) => client?.get(path)));
}

async function tableRows(client: Client | undefined, path: string): Promise<unknown[]> {
  let text = '';
  for await (const lines of (await client?.readTable(path)) ?? []) text += lines.toString();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

function filesBelow(folder: string): string {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n');
  } catch {
    return '';
  }
}
