import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush } from '../setup/driver-push.js';
import { httpServer, reply } from '../setup/http.js';
import { rtn } from '../setup/rtn.js';
import { temporaryFolder } from '../setup/yt.js';

// A person steers a run of real processes through the ledger: `rtn runs pause | resume | rate | stop`.

const ROWS = 20_000;
/** Requests a second of the whole run, by its own params. */
const OWN_RATE = 200;

const database = testDatabase();

/** A run of so many processes over one file, and the provider that they send to. */
async function startRun(runId: string, processes: number) {
  const folder = temporaryFolder();
  const file = join(folder, 'rows.ndjson');
  writeFileSync(file, Array.from({ length: ROWS }, (_, index) => `${JSON.stringify(row(index))}\n`).join(''));
  const arrivals: number[] = [];
  const provider = await httpServer((_, response) => {
    arrivals.push(performance.now());
    reply(response, 200, { id: 'p' });
  });
  const environment = { DATABASE_URL: database.url, PUSH_TOKEN: 't' };
  const start = (shard: number, rate: number) => {
    const flags = ['--recipients', `file:${file}`, '--log', 'pg:steered_log', '--run-id', runId];
    flags.push(
      '--endpoint',
      provider.origin,
      '--rate-limit',
      `${rate}`,
      '--state-dir',
      join(folder, 'state'),
    );
    if (processes > 1) flags.push('--shard', `${shard}/${processes}`);
    const started = startDriverPush('one-shot', flags, environment);
    onTestFinished(() => void started.child.kill('SIGKILL'));
    return started;
  };
  const startAll = (rate: number) =>
    Array.from({ length: processes }, (_, shard) => start(shard, rate).ended);
  return { arrivals, provider, startAll };
}

/** Runs `rtn runs` on the run, which must succeed. */
async function runs(...words: string[]) {
  const { code, out, err } = await rtn(['runs', ...words, '--json'], { env: { DATABASE_URL: database.url } });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

/** Waits until each process has renewed its lease so many times more: the passing of that many times 3 s. */
async function renewals(runId: string, times: number): Promise<void> {
  const beats = async () => {
    const found = await database.query('select shard, beat::int from rtn.leases where run_id = $1', [runId]);
    return new Map(found.map(({ shard, beat }) => [shard, Number(beat)]));
  };
  const before = await beats();
  await expect
    .poll(async () => [...(await beats())].every(([shard, beat]) => beat >= (before.get(shard) ?? 0) + times))
    .toBe(true);
}

/** Requests a second that came while each process renewed its lease twice. */
async function arrivalRate(runId: string, arrivals: readonly number[]): Promise<number> {
  const [fromMs, from] = [performance.now(), arrivals.length];
  await renewals(runId, 2);
  return ((arrivals.length - from) * 1_000) / (performance.now() - fromMs);
}

test('a paused run that is stopped ends at once: what it has read is not sent, and nothing is in doubt', async () => {
  const runId = 'stopped-while-paused';
  const { arrivals, provider, startAll } = await startRun(runId, 1);
  const [ended] = startAll(OWN_RATE);
  await expect.poll(() => arrivals.length).toBeGreaterThan(OWN_RATE);
  await runs('pause', runId);
  await renewals(runId, 2);
  await runs('stop', runId);
  expect(await ended).toMatchObject({
    code: 75,
    output: expect.stringContaining(`next: rtn runs resume ${runId}`),
  });
  expect(await runs('show', runId)).toMatchObject({
    standing: 'stopped',
    counts: { logged: { sent: provider.requests.length } },
    open: [],
  });
});

test.each([1, 3])(
  'a run whose processes are %i is paused, resumed, slowed down and stopped, and goes on when it is resumed',
  { timeout: 120_000 },
  async (processes) => {
    const runId = `steered-${processes}`;
    const { arrivals, provider, startAll } = await startRun(runId, processes);
    const ends = startAll(OWN_RATE);
    await expect.poll(() => arrivals.length).toBeGreaterThan(OWN_RATE);

    await runs('pause', runId);
    const pausedMs = performance.now();
    await renewals(runId, 3);
    const resumedMs = performance.now();
    expect(arrivals.filter((atMs) => atMs > pausedMs + 5_000 && atMs < resumedMs)).toEqual([]);
    expect(await runs('show', runId)).toMatchObject({ standing: 'paused', state: 'running' });

    const seen = arrivals.length;
    await runs('resume', runId);
    await expect.poll(() => arrivals.length).toBeGreaterThan(seen + OWN_RATE);

    await runs('rate', runId, '40');
    await renewals(runId, 1);
    const slow = await arrivalRate(runId, arrivals);
    expect(slow).toBeGreaterThan(20);
    expect(slow).toBeLessThan(60);
    await runs('rate', runId, 'default');
    await renewals(runId, 1);
    expect(await arrivalRate(runId, arrivals)).toBeGreaterThan(100);

    await runs('stop', runId);
    const ended = await Promise.all(ends);
    expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 75));
    const logged = await database.query('select message_id from steered_log where run_id = $1', [runId]);
    expect(logged).toHaveLength(provider.requests.length);
    expect(logged.length).toBeLessThan(ROWS);
    expect(await runs('show', runId)).toMatchObject({
      standing: 'stopped',
      control: { isStopped: true, isPaused: false, rate: null },
      counts: { logged: { sent: logged.length }, left: 0, held: 0 },
      open: [],
    });

    const refused = await Promise.all(startAll(0));
    expect(refused.map(({ code }) => code)).toEqual(ended.map(() => 78));
    expect(refused[0]?.output).toContain(`next: rtn runs resume ${runId}`);
    expect(provider.requests).toHaveLength(logged.length);

    await runs('resume', runId);
    const finished = await Promise.all(startAll(0));
    expect(finished.map(({ code }) => code)).toEqual(ended.map(() => 0));
    expect(provider.requests).toHaveLength(ROWS);
    expect(await runs('show', runId)).toMatchObject({
      state: 'finished',
      counts: { logged: { sent: ROWS } },
      errors: { rows: ROWS },
    });
  },
);
