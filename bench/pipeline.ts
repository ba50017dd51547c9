import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argument, median, show } from './figures.js';

// What a run costs: the generated one-shot runner of driver_push as a process (it reads a file of JSON lines, validates,
// makes idempotency keys, sends, and logs to a file flushed to disk), as a share of bare loops of undici with as many
// connections that send as many requests of the same size to the same provider, in turns. All are timed from the start
// of the process to its end; the median of the rounds counts.
//
//   npm run bench -- pipeline [--rounds=N] [--memory]

const ROOT = process.cwd();
const BENCH = join(ROOT, 'bench');
const CASES = [
  { name: 'provider of 0 ms', delayMs: 0, concurrency: 64, messages: 400_000 },
  { name: 'provider of 50 ms', delayMs: 50, concurrency: 500, messages: 100_000 },
];
const MEMORY_ROWS = [100_000, 500_000, 2_000_000];
/** As long as an idempotency key. */
const KEY = 'k'.repeat(43);
const TEXTS = {
  title: 'New bonus',
  text: 'Drive five trips today and get 10% more on each of them until midnight',
};
const idOf = (index: number) => String(index).padStart(8, '0');
const ROUNDS = argument('rounds', 5);

const folder = mkdtempSync(join(tmpdir(), 'rtn-bench-'));
// Within the project, where the runner finds the package by its name.
const runners = join(ROOT, 'runners', 'bench');
const children = new Set<ChildProcess>();
let runs = 0;
try {
  const runner = generateRunner();
  if (process.argv.includes('--memory')) await measureMemory(runner);
  else for (const each of CASES) await compare(runner, each);
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
  rmSync(runners, { recursive: true, force: true });
}

async function compare(
  runner: string,
  { name, delayMs, concurrency, messages }: (typeof CASES)[number],
): Promise<void> {
  const provider = await startProvider(delayMs);
  const input = writeRows(messages);
  const bare = (api: string) => () =>
    run([join(BENCH, 'bare.mjs'), api, provider.origin, `${concurrency}`, `${messages}`, bodyOf(0), KEY]);
  const contenders: [string, () => Promise<unknown>][] = [
    ['bare request loop', bare('request')],
    ['bare dispatch loop', bare('dispatch')],
    ['generated runner', () => run(runnerArgs(runner, provider.origin, input, concurrency))],
  ];
  const rates = new Map<string, number[]>(contenders.map(([contender]) => [contender, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [contender, start] of contenders) {
      const before = await provider.seen();
      const startedMs = performance.now();
      await start();
      rates.get(contender)?.push((messages * 1_000) / (performance.now() - startedMs));
      const after = await provider.seen();
      const [requests, bytes] = [after.requests - before.requests, after.bodyBytes - before.bodyBytes];
      if (requests !== messages || bytes !== messages * bodyOf(0).length)
        throw new Error(`${contender}: the provider has seen ${requests} requests, ${bytes} bytes`);
    }
  }
  provider.stop();
  print(`${name}, concurrency ${concurrency}, ${show(messages)} messages, median of ${ROUNDS}`);
  const reference = median(rates.get('bare request loop') ?? []);
  for (const [contender, each] of rates) {
    const [least, most] = [Math.min(...each), Math.max(...each)];
    const ratio = (median(each) / reference).toFixed(3);
    print(
      `  ${contender.padEnd(20)} ${show(median(each)).padStart(7)}/s  ratio ${ratio}  (${show(least)} to ${show(most)})`,
    );
  }
}

/** Peak and later resident memory of the runner, by number of rows. */
async function measureMemory(runner: string): Promise<void> {
  const provider = await startProvider(0);
  for (const rows of MEMORY_ROWS) {
    const input = writeRows(rows);
    const samples = await run(runnerArgs(runner, provider.origin, input, 64));
    rmSync(input);
    const later = samples.slice(Math.floor(samples.length / 2));
    print(
      `${show(rows).padStart(9)} rows: resident at most ${show(Math.max(...samples))} MB, median of the later half ${show(median(later))} MB`,
    );
  }
  provider.stop();
}

/** Runs a process of Node to its end; gives its resident memory in MB, sampled where the system tells it. */
async function run(args: readonly string[]): Promise<number[]> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PUSH_TOKEN: 'token' },
  });
  children.add(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const samples: number[] = [];
  const sampling = setInterval(() => {
    const memory = residentMb(child.pid);
    if (memory !== undefined) samples.push(memory);
  }, 100);
  const [code] = await once(child, 'close');
  clearInterval(sampling);
  children.delete(child);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  return samples;
}

function residentMb(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
  } catch {
    return undefined;
  }
}

function generateRunner(): string {
  const rtn = join(ROOT, 'dist', 'cli', 'main.js');
  const args = ['generate', 'driver_push@1.4.10', '--runner', 'one-shot', '--out', runners];
  execFileSync(process.execPath, [rtn, ...args], { stdio: 'ignore' });
  return join(runners, 'driver_push-1.4.10.one-shot.mjs');
}

function runnerArgs(runner: string, origin: string, input: string, concurrency: number): string[] {
  const log = join(folder, `log-${runs}`);
  const flags = {
    recipients: `file:${input}`,
    log: `file:${log}`,
    endpoint: origin,
    concurrency,
    'run-id': `bench-${runs++}`,
  };
  return [runner, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]), '--quiet'];
}

async function startProvider(delayMs: number) {
  const server = fork(join(BENCH, 'server.mjs'), [`${delayMs}`]);
  children.add(server);
  const [port] = await once(server, 'message');
  return {
    origin: `http://127.0.0.1:${port}`,
    async seen(): Promise<{ requests: number; bodyBytes: number }> {
      server.send('seen');
      return (await once(server, 'message'))[0];
    },
    stop() {
      children.delete(server);
      server.kill();
    },
  };
}

/** A file of so many rows, all of one size. */
function writeRows(count: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `rows-${count}.ndjson`);
  const file = openSync(path, 'w');
  for (let from = 0; from < count; from += 10_000) {
    const size = Math.min(10_000, count - from);
    writeSync(file, Array.from({ length: size }, (_, index) => rowOf(from + index)).join(''));
  }
  closeSync(file);
  return path;
}

function rowOf(index: number): string {
  const row = { message_id: `m-${idOf(index)}`, driver_id: `driver-${idOf(index)}`, ...TEXTS };
  return `${JSON.stringify(row)}\n`;
}

function bodyOf(index: number): string {
  return JSON.stringify({ to: `driver-${idOf(index)}`, ...TEXTS });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
