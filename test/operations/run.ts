import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PushProvider, startPushProvider } from '../../src/local/provider.js';
import { faultsFor, rowsOf, type SendingOperation } from './cases.js';
import { type InputKind, writeInput } from './inputs.js';
import { type LoggedRow, type LogKind, logLocation, readLedger, readLog } from './logs.js';
import type { Surroundings } from './surroundings.js';

/** The value of every secret of these runs: nowhere may it stand. */
export const PLANTED_SECRET = 'planted-secret/%41+"x';

export interface OperationRun {
  readonly code: number;
  readonly output: string;
  /** Closed; what it saw can still be read. */
  readonly provider: PushProvider;
  readonly log: readonly LoggedRow[];
  /** All that the run left, as one text: its output, its log, its summary, its state, the runner itself. */
  readonly traces: string;
}

/** Runs an operation over 10,000 rows to a provider with faults, as a process of its own, to its end. */
export async function runOperation(
  sending: SendingOperation,
  locations: { readonly input: InputKind; readonly log: LogKind },
  surroundings: Surroundings,
): Promise<OperationRun> {
  const { cluster, database, folder } = surroundings;
  const rows = rowsOf(sending);
  await cluster?.client.create('map_node', '//home/crm', { recursive: true });
  await database.query('drop table if exists send_log');
  const { location, stdin } = await writeInput(locations.input, rows, surroundings);
  const runner = await generateRunner(sending.operation, 'one-shot', surroundings);
  const runId = randomUUID();
  const provider = await startPushProvider({ ...faultsFor(sending, rows), token: PLANTED_SECRET });
  try {
    const words = [`--${sending.inputFlag}`, location, '--log', logLocation(locations.log, surroundings)]
      .concat(['--endpoint', provider.endpoint, '--run-id', runId, '--yes'])
      .concat(['--summary', join(folder, 'summary.json'), '--state-dir', join(folder, 'state')]);
    const environment = {
      [sending.secret]: PLANTED_SECRET,
      DATABASE_URL: database.url,
      ...(cluster && { YT_PROXY: cluster.address }),
    };
    const ended = await execute([runner, ...words, ...sending.flags], surroundings, environment, stdin);
    const log = await readLog(locations.log, runId, surroundings);
    const ledger = await readLedger(locations.log, runId, surroundings);
    const said = [ended.output, JSON.stringify(log), JSON.stringify(ledger), readFileSync(runner, 'utf8')];
    const files = ['summary.json', 'log', 'state'].map((name) => textBelow(join(folder, name)));
    return { ...ended, provider, log, traces: [...said, ...files].join('\n') };
  } finally {
    await provider.close();
  }
}

/** Writes a runner of an operation into the folder, beside a package by which it finds the library; gives its path. */
export async function generateRunner(
  operation: string,
  kind: 'one-shot' | 'service',
  surroundings: Surroundings,
  flags: readonly string[] = [],
): Promise<string> {
  const { folder, root } = surroundings;
  const runners = join(folder, 'runners');
  const rtn = join(root, 'dist', 'cli', 'main.js');
  const generated = await execute([rtn, 'generate', operation, '--out', runners, ...flags], surroundings);
  if (generated.code !== 0) throw new Error(generated.output);
  const name = readdirSync(runners).find((each) => each.includes(`.${kind}.`));
  if (name === undefined) throw new Error(`${operation} has no runner ${kind}`);
  const library = join(folder, 'node_modules', 'realtime-notifications');
  mkdirSync(library, { recursive: true });
  const index = JSON.stringify(join(root, 'dist', 'index.js'));
  writeFileSync(join(library, 'index.mjs'), `export * from ${index};\n`);
  writeFileSync(
    join(library, 'package.json'),
    '{"name":"realtime-notifications","type":"module","exports":"./index.mjs"}',
  );
  return join(runners, name);
}

async function execute(
  words: readonly string[],
  { root }: Surroundings,
  environment: Readonly<Record<string, string>> = {},
  stdin?: string,
) {
  const input = stdin === undefined ? 'ignore' : openSync(stdin, 'r');
  const child = spawn(process.execPath, words, {
    cwd: root,
    env: { PATH: process.env.PATH, ...environment },
    stdio: [input, 'pipe', 'pipe'],
  });
  if (typeof input === 'number') closeSync(input);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number, output };
}

/** The text of a file, or of all files of a folder; empty where there is none. */
function textBelow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return filesBelow(path);
  }
}

/** Without the copy of stdin: that is the input. */
function filesBelow(folder: string): string {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !/\.stdin(?:\.|$)/.test(entry.name),
    );
    return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8')).join('\n');
  } catch {
    return '';
  }
}
