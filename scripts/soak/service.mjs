import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, run } from '../install.mjs';

const LOAD = 0.8;
const BARE_SECONDS = 10;
const CONCURRENCY = 64;
const SAMPLE_MS = 5_000;
/** Memory may be so much larger in the last quarter than in the second; shorter runs are not judged by it. */
const MOST_GROWTH = 1.15;
const LEAST_MINUTES = 5;

const runners = join(ROOT, '.cache', 'soak');

/**
 * driver_push as a service, for so many minutes, at 0.8 of the rate that a bare PULL-parse-request loop reaches in the same
 * run. Gives the exit code: 1 when a message is lost between receipt and log, or when memory grows.
 * @param {number} minutes
 */
export async function soakService(minutes) {
  const work = mkdtempSync(join(tmpdir(), 'rtn-soak-'));
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(work, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(75));
  const provider = start(join(ROOT, 'bench', 'server.mjs'), []);
  const [port] = await once(provider, 'message');
  const origin = `http://127.0.0.1:${port}`;
  const perSecond = await bareRate(work, origin);
  const rate = Math.floor(LOAD * perSecond);
  say(
    `A bare loop reaches ${format(perSecond)} messages a second; the service gets ${format(rate)} for ${minutes} min.`,
  );
  const before = await requestsOf(provider);
  const outcome = await soak({ minutes, rate, work, origin });
  const requests = (await requestsOf(provider)) - before;
  provider.kill();
  return judge(outcome, requests, minutes);
}

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/** What a loop without any of our code reaches, with the same sender and provider. @param {string} work @param {string} origin */
async function bareRate(work, origin) {
  const endpoint = `ipc://${join(work, 'bare')}`;
  const bare = start(join(ROOT, 'scripts', 'soak', 'bare.mjs'), [endpoint, origin, String(CONCURRENCY)]);
  await once(bare, 'message');
  const pusher = start(join(ROOT, 'scripts', 'soak', 'push.mjs'), [endpoint, '0', String(BARE_SECONDS)]);
  await once(pusher, 'message');
  bare.send('end');
  const [{ perSecond }] = await once(bare, 'message');
  pusher.kill();
  return /** @type {number} */ (perSecond);
}

/**
 * Runs the service under load; gives what was pushed, what its log has, and how its memory went.
 * @param {{ minutes: number, rate: number, work: string, origin: string }} load
 */
async function soak({ minutes, rate, work, origin }) {
  run(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), 'generate', 'driver_push', '--out', runners], {
    quiet: true,
  });
  const endpoint = `ipc://${join(work, 'service')}`;
  const log = join(work, 'log');
  const service = spawn(
    process.execPath,
    [
      join(runners, 'driver_push-1.4.10.service.mjs'),
      ...['--listen', endpoint, '--endpoint', origin, '--log', `file:${log}`],
      ...['--health-port', '0', '--state-dir', work, '--concurrency', String(CONCURRENCY)],
    ],
    { cwd: ROOT, env: { ...process.env, PUSH_TOKEN: 'token' }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  children.add(service);
  let said = '';
  service.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-4_000);
  });
  const ended = once(service, 'close');
  const status = await until(() => /health and metrics on (\S+)/.exec(said)?.[1]);
  await until(async () => (await fetch(`${status}/readyz`)).ok || undefined);
  const pusher = start(join(ROOT, 'scripts', 'soak', 'push.mjs'), [
    endpoint,
    String(rate),
    String(minutes * 60),
  ]);
  /** @type {{ rssMb: number, oldestS: number }[]} */
  const samples = [];
  const sampler = setInterval(async () => {
    const metrics = await metricsOf(status);
    samples.push({ rssMb: rssMb(service.pid), oldestS: metrics.get('rtn_oldest_unlogged_seconds') ?? 0 });
    if (samples.length % 12 === 0)
      say(
        `  ${samples.length / 12} min: ${format(samples.at(-1)?.rssMb ?? 0)} MB, ${format(logged(metrics))} logged`,
      );
  }, SAMPLE_MS);
  const [{ pushed, waitedMs }] = await once(pusher, 'message');
  clearInterval(sampler);
  const patienceMs = performance.now() + 30_000;
  while (logged(await metricsOf(status)) < pushed && performance.now() < patienceMs) await pause(100);
  service.kill('SIGTERM');
  const [exitCode] = await ended;
  return { pushed, waitedMs, exitCode, lines: await linesIn(log), samples, said };
}

/** @param {Awaited<ReturnType<typeof soak>>} outcome @param {number} requests @param {number} minutes */
function judge({ pushed, waitedMs, exitCode, lines, samples, said }, requests, minutes) {
  const quarter = Math.floor(samples.length / 4);
  const early = mean(samples.slice(quarter, 2 * quarter).map(({ rssMb }) => rssMb));
  const late = mean(samples.slice(-quarter || undefined).map(({ rssMb }) => rssMb));
  const oldestS = Math.max(0, ...samples.map((sample) => sample.oldestS));
  say(
    `${format(pushed)} pushed, ${format(requests)} requests, ${format(lines)} results in the log; exit code ${exitCode}`,
  );
  say(
    `memory: ${format(early)} MB in the second quarter, ${format(late)} MB in the last; oldest unlogged row ${oldestS.toFixed(2)} s`,
  );
  say(`the sender waited ${(waitedMs / 1_000).toFixed(1)} s of ${minutes * 60}`);
  const isLost = pushed !== lines || requests !== lines || exitCode !== 0;
  const hasGrown = minutes >= LEAST_MINUTES && late > MOST_GROWTH * early;
  if (isLost) say(`FAILED: they do not agree\n${said}`);
  if (hasGrown) say('FAILED: memory grows');
  if (minutes < LEAST_MINUTES) say(`Memory is judged from ${LEAST_MINUTES} minutes on.`);
  return isLost || hasGrown ? 1 : 0;
}

/** @param {string} file @param {string[]} words */
function start(file, words) {
  const child = fork(file, words, { cwd: ROOT });
  children.add(child);
  return child;
}

/** @param {import('node:child_process').ChildProcess} provider */
async function requestsOf(provider) {
  provider.send('seen');
  const [{ requests }] = await once(provider, 'message');
  return /** @type {number} */ (requests);
}

/** Values of metrics by name; those of several labels together. @param {string} status @returns {Promise<Map<string, number>>} */
async function metricsOf(status) {
  const values = new Map();
  for (const line of (await (await fetch(`${status}/metrics`)).text()).split('\n')) {
    const [, name, value] = /^(\w+)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  return values;
}

/** @param {Map<string, number>} metrics */
function logged(metrics) {
  return metrics.get('rtn_results_total') ?? 0;
}

/** @param {number | undefined} pid */
function rssMb(pid) {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
}

/** @param {string} folder */
async function linesIn(folder) {
  let lines = 0;
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.ndjson')))
    for await (const chunk of createReadStream(join(folder, name)))
      for (const byte of chunk) if (byte === 10) lines++;
  return lines;
}

/** @template T @param {() => T | undefined | Promise<T | undefined>} look @returns {Promise<T>} */
async function until(look) {
  for (let time = 0; time < 300; time++) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(100);
  }
  throw new Error('the service did not become ready');
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {number[]} numbers */
function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}

/** @param {number} number */
function format(number) {
  return Math.round(number).toLocaleString('en-US');
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`);
}
