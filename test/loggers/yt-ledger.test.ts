import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RtnError } from '../../src/error.js';
import { startLocalYt } from '../../src/local/yt/server.js';
import { YtLog } from '../../src/loggers/yt-log.js';
import {
  listYtRuns,
  loadYtClaims,
  loadYtUnsent,
  readYtStarts,
  removeYtRun,
  setYtControl,
} from '../../src/loggers/yt-runs.js';
import { Claims, SEGMENT_SIZE } from '../../src/pipeline/claims.js';
import type { Run } from '../../src/pipeline/contract.js';
import { countLogged, newCounts } from '../../src/pipeline/counts.js';
import { isFenced, type NewRun, type RunEnd } from '../../src/pipeline/ledger.js';
import { parseLocation } from '../../src/pipeline/location.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { openYtClient, type YtClient } from '../../src/yt/client.js';
import { YtTransaction } from '../../src/yt/transaction.js';
import { testRun } from '../setup/run.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';
import { type Fate, harmfulProxy } from '../setup/yt-proxy.js';

const LOG = '//home/crm/log';
const RUN_ID = 'night@1';
const SHARD = `${LOG}.rtn/runs/night%401/0`;

const NEW_RUN: NewRun = {
  runId: RUN_ID,
  rootId: RUN_ID,
  operation: 'driver_push',
  version: '1.4.10',
  digest: 'd'.repeat(64),
  plan: {
    layer: 'l@1.0.0',
    runner: 'one-shot',
    input: 'yt://t',
    inputIdentity: 'sha256:1',
    log: 'yt://home/crm/log',
    params: { concurrency: 4, $odd: { $value: 1 }, half: '\ud800', share: 0.5 },
    tuning: ['concurrency'],
    selection: null,
    shards: 1,
    retry: null,
  },
};

function result(position: number, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: 'sent',
    messageId: `m${position}`,
    position,
    recipient: null,
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: 0,
    finishedAtMs: 1,
    ...overrides,
  };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

async function cluster() {
  const local = await localCluster();
  await local.client.create('map_node', '//home/crm', { recursive: true });
  return local;
}

/** What one start of a run has at hand: its log, its ledger, its memory of claims. */
class Start {
  readonly log = new YtLog(parseLocation(`yt:${LOG}`));
  readonly counts = newCounts();
  claims = new Claims();

  get ledger() {
    return this.log.ledger;
  }

  static async open(address: string, overrides: Partial<Run> = {}): Promise<Start> {
    const start = new Start();
    onTestFinished(() => start.log.close());
    const environment = { YT_PROXY: address, YT_USE_HOSTS: '0' };
    await start.log.open(testRun({ id: RUN_ID, environment, ...overrides }));
    return start;
  }

  /** Begins the run and takes its lease from whoever has it. */
  static async holding(address: string, overrides: Partial<Run> = {}): Promise<Start> {
    const start = await Start.open(address, overrides);
    await start.ledger.begin(NEW_RUN);
    await start.take();
    return start;
  }

  async take(holder = 'host/1/2/3'): Promise<void> {
    if ((await this.ledger.take(await this.ledger.lease(), holder)) === undefined)
      throw new Error('not taken');
    this.claims = new Claims(await this.ledger.load());
  }

  claim(positions: readonly number[]): Promise<void> {
    return this.ledger.claim(this.claims.claim(positions));
  }

  settle(results: readonly SendResult[]) {
    countLogged(this.counts, results);
    return { ...this.claims.settle(results), counts: structuredClone(this.counts) };
  }

  async write(results: readonly SendResult[]): Promise<void> {
    const queue = new Queue<SendResult>(results.length);
    queue.trySendMany(results);
    queue.close();
    await this.log.log(queue, {
      settle: (batch) => this.settle(batch),
      written: () => {},
      pressure: { isPressed: false, onPressed: () => {} },
    });
  }

  end(overrides: Partial<RunEnd> = {}): Promise<void> {
    const release = this.claims.release();
    return this.ledger.end({
      state: 'finished',
      counts: this.counts,
      exitCode: 0,
      error: null,
      release,
      ...overrides,
    });
  }
}

async function positionsIn(client: YtClient): Promise<number[]> {
  const pieces: Buffer[] = [];
  for await (const piece of await client.readTable(LOG)) pieces.push(piece);
  const lines = Buffer.concat(pieces).toString().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line).position as number).sort((a, b) => a - b);
}

const segmentNames = async (client: YtClient) =>
  ((await client.get(`${SHARD}/@user_attribute_keys`)) as string[])
    .filter((name) => /_\d+$/.test(name))
    .sort();

test('a run is begun once: the second begin gives the record of the first, its plan as it was given', async () => {
  const { address } = await cluster();
  const [first, second] = [await Start.open(address), await Start.open(address)];
  const record = await first.ledger.begin(NEW_RUN);
  expect(record).toMatchObject({
    ...NEW_RUN,
    state: 'running',
    endedAt: null,
    control: { isStopped: false },
  });
  const later = { ...NEW_RUN, version: '2.0.0', plan: { ...NEW_RUN.plan, inputIdentity: 'sha256:2' } };
  expect(await second.ledger.begin(later)).toEqual(record);
});

test('of many that take a lease at the same time one gets it', async () => {
  const { client, address } = await cluster();
  const takers = await Promise.all(range(0, 8).map(() => Start.open(address)));
  await takers[0]?.ledger.begin(NEW_RUN);
  for (const token of [1, 2]) {
    const seen = await takers[0]?.ledger.lease();
    const taken = await Promise.all(takers.map(({ ledger }, at) => ledger.take(seen, `holder-${at}`)));
    const winners = taken.flatMap((lease, at) => (lease === undefined ? [] : [{ at, lease }]));
    expect(winners).toMatchObject([{ lease: { token, holder: `holder-${winners[0]?.at}` } }]);
    expect(await takers[1]?.ledger.lease()).toEqual(winners[0]?.lease);
  }
  expect(await readYtStarts(client, LOG, RUN_ID)).toMatchObject([
    { token: 1, state: 'stopped', error: 'its process died' },
    { token: 2, state: 'running' },
  ]);
});

test('a lease that was renewed after it was seen is not taken', async () => {
  const { address } = await cluster();
  const [holder, waiter] = [await Start.holding(address), await Start.open(address)];
  const seen = await waiter.ledger.lease();
  await holder.ledger.renew(newCounts());
  expect(await waiter.ledger.take(seen, 'waiter')).toBeUndefined();
  await holder.claim([0]);
  expect((await waiter.ledger.lease())?.beat).toBe((seen?.beat ?? 0) + 1);
});

test.each([
  ['claim', (start: Start) => start.claim([3])],
  ['renew', (start: Start) => start.ledger.renew(newCounts())],
  ['write', (start: Start) => start.write([result(1)])],
  ['end', (start: Start) => start.end()],
] as const)('%s of a holder that was succeeded is fenced and changes nothing', async (_, attempt) => {
  const { client, address } = await cluster();
  const [old, next] = [await Start.holding(address), await Start.open(address)];
  await old.claim([1, 2]);
  await next.take('next');
  const before = await client.get(`${SHARD}/@`);
  await expect(attempt(old)).rejects.toSatisfy(isFenced);
  expect(await client.get(`${SHARD}/@`)).toEqual(before);
  expect(await positionsIn(client)).toEqual([]);
});

test('what is claimed is in doubt for the next start, what is written is done, in every segment it is in', async () => {
  const { client, address } = await cluster();
  const first = await Start.holding(address);
  await first.claim([0, 1, SEGMENT_SIZE, 5 * SEGMENT_SIZE + 7]);
  await first.write([result(0), result(SEGMENT_SIZE)]);
  const second = await Start.holding(address);
  expect([...second.claims.openPositions()]).toEqual([1, 5 * SEGMENT_SIZE + 7]);
  expect(range(0, 3).map((position) => second.claims.isDone(position))).toEqual([true, false, false]);
  expect(second.claims.isDone(SEGMENT_SIZE)).toBe(true);
  expect(await loadYtClaims(client, LOG, RUN_ID, 0)).toEqual(await second.ledger.load());
  expect(await positionsIn(client)).toEqual([0, SEGMENT_SIZE]);
});

test('claims that are taken back at the end are free; the end is recorded and the lease given back', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  await start.claim([0, 1, 2]);
  await start.write([result(0)]);
  const release = start.claims.release((position) => position === 1);
  await start.end({ state: 'stopped', exitCode: 75, error: 'told to', release });
  expect(await start.ledger.lease()).toMatchObject({ token: 1, holder: '', finished: undefined });
  expect(await listYtRuns(client, LOG)).toMatchObject([
    { runId: RUN_ID, state: 'stopped', endedAt: expect.any(String) },
  ]);
  const next = await Start.holding(address);
  expect([...next.claims.openPositions()]).toEqual([1]);
  await next.end();
  expect((await next.ledger.lease())?.finished).toEqual({ selection: null });
  expect(await listYtRuns(client, LOG)).toMatchObject([{ state: 'finished' }]);
  expect(await readYtStarts(client, LOG, RUN_ID)).toMatchObject([
    { token: 1, state: 'stopped', exitCode: 75, error: 'told to', counts: { logged: { sent: 1 } } },
    { token: 2, state: 'finished', exitCode: 0, error: null },
  ]);
});

test('a segment that is full folds into the watermark and its bitmaps go; what was not sent in it stays', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  const refused = (position: number) => result(position, { outcome: 'failed', reason: 'throttled' });
  await start.claim(range(0, SEGMENT_SIZE + 2));
  await start.write([refused(4), refused(5), refused(SEGMENT_SIZE), result(0)]);
  expect(await segmentNames(client)).toEqual([
    'claimed_0',
    'claimed_1',
    'done_0',
    'done_1',
    'start_1',
    'unsent_0',
    'unsent_1',
  ]);
  await start.write([...range(1, 4), ...range(6, SEGMENT_SIZE)].map((position) => result(position)));
  expect(await segmentNames(client)).toEqual(['claimed_1', 'done_1', 'start_1', 'unsent_0', 'unsent_1']);
  const next = await Start.holding(address);
  expect(next.claims.watermark).toBe(SEGMENT_SIZE);
  expect([...next.claims.openPositions()]).toEqual([SEGMENT_SIZE + 1]);
  await next.write([result(SEGMENT_SIZE + 1, { outcome: 'rejected' })]);
  expect(await loadYtUnsent(client, LOG, RUN_ID, 0)).toEqual([
    { position: 4, reason: 'throttled' },
    { position: 5, reason: 'throttled' },
    { position: SEGMENT_SIZE, reason: 'throttled' },
    { position: SEGMENT_SIZE + 1, reason: 'rejected' },
  ]);
});

test('a write whose commit was carried out and not answered stands once when it comes again', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  const carryOut = YtTransaction.prototype.commit;
  const commit = vi.spyOn(YtTransaction.prototype, 'commit').mockImplementationOnce(async function (
    this: YtTransaction,
    options,
  ) {
    await carryOut.call(this, options);
    throw new RtnError('unavailable', 'no answer', { isRetriable: true });
  });
  onTestFinished(() => commit.mockRestore());
  await start.claim([0, 1]);
  await start.write([result(0), result(1)]);
  expect(commit).toHaveBeenCalledOnce();
  await start.write([result(2)]);
  expect(await positionsIn(client)).toEqual([0, 1, 2]);
  expect(await client.get(`${SHARD}/@write`)).toMatchObject({ number: 2, counts: { logged: { sent: 3 } } });
});

test('a write whose commit was neither carried out nor answered is written again', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  const commit = vi.spyOn(YtTransaction.prototype, 'commit').mockImplementationOnce(async () => {
    throw new RtnError('unavailable', 'no answer', { isRetriable: true });
  });
  onTestFinished(() => commit.mockRestore());
  await start.write([result(0)]);
  expect(commit).toHaveBeenCalledTimes(2);
  expect(await positionsIn(client)).toEqual([0]);
});

test.each([
  ['while its rows are uploaded', 'write_table'],
  ['between its last change and its commit', 'commit_transaction'],
] as const)(
  'a write that stalls %s keeps nobody from taking over, and can then not commit',
  async (_, target) => {
    const { client, address } = await cluster();
    const stall = withResolvers<Fate>();
    const stalled = withResolvers<void>();
    let isArmed = false;
    const proxy = await harmfulProxy(address, (command) => {
      if (!isArmed || command !== target) return 'pass';
      isArmed = false;
      stalled.resolve();
      return stall.promise;
    });
    const old = await Start.holding(proxy.address);
    await old.claim([0]);
    isArmed = true;
    const writing = old.write([result(0)]);
    writing.catch(() => {});
    await stalled.promise;
    const next = await Start.open(address);
    expect(await next.ledger.take(await next.ledger.lease(), 'next')).toMatchObject({ token: 2 });
    stall.resolve('pass');
    await expect(writing).rejects.toSatisfy(isFenced);
    expect(await positionsIn(client)).toEqual([]);
    expect([...new Claims(await next.ledger.load()).openPositions()]).toEqual([0]);
    await next.write([result(0)]);
    expect(await positionsIn(client)).toEqual([0]);
  },
);

test('a holder whose transaction the cluster has ended goes on under a new one, as long as nobody took its lease', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  const guard = () => client.get(`${SHARD}/@lease/transaction`) as Promise<string>;
  const ended = await guard();
  await client.execute('POST', 'abort_transaction', { transaction_id: ended });
  await Promise.all([start.claim([0, 1]), start.write([result(0)]), start.ledger.renew(newCounts())]);
  expect(await guard()).not.toBe(ended);
  expect(await start.ledger.lease()).toMatchObject({ token: 1, holder: 'host/1/2/3' });
  expect(await positionsIn(client)).toEqual([0]);
  expect([...new Claims(await start.ledger.load()).openPositions()]).toEqual([1]);
});

test('shards of a run are held apart, and the run is finished when each of them is', async () => {
  const { client, address } = await cluster();
  const plan = { ...NEW_RUN.plan, shards: 2 };
  const [first, second] = [
    await Start.open(address, { shards: 2 }),
    await Start.open(address, { shard: 1, shards: 2 }),
  ];
  await Promise.all([first, second].map(({ ledger }) => ledger.begin({ ...NEW_RUN, plan })));
  await Promise.all([first.take('one'), second.take('two')]);
  await Promise.all([first.claim([0, 1]), second.claim([0])]);
  await Promise.all([first.write([result(0)]), second.write([result(0, { outcome: 'failed' })])]);
  expect([...new Claims(await loadYtClaims(client, LOG, RUN_ID, 0)).openPositions()]).toEqual([1]);
  expect([...new Claims(await loadYtClaims(client, LOG, RUN_ID, 1)).openPositions()]).toEqual([]);
  expect(await loadYtUnsent(client, LOG, RUN_ID, 0)).toEqual([]);
  expect(await loadYtUnsent(client, LOG, RUN_ID, 1)).toEqual([{ position: 0, reason: 'failed' }]);
  await first.end();
  expect(await listYtRuns(client, LOG)).toMatchObject([{ state: 'running', endedAt: null }]);
  await second.end();
  expect(await listYtRuns(client, LOG)).toMatchObject([{ state: 'finished', endedAt: expect.any(String) }]);
});

test('a holder outlives a restart of the cluster, which ends every transaction', async () => {
  const directory = temporaryFolder();
  const before = await startLocalYt({ directory });
  const { address } = before;
  const client = openYtClient({ proxy: address });
  onTestFinished(() => client.close());
  await client.create('map_node', '//home/crm', { recursive: true });
  const start = await Start.holding(address);
  await start.claim([0]);
  await before.close();
  const after = await startLocalYt({ directory, port: Number(address.split(':')[1]) });
  onTestFinished(() => after.close());
  await start.claim([1]);
  await start.write([result(0)]);
  expect(await positionsIn(client)).toEqual([0]);
  expect([...new Claims(await start.ledger.load()).openPositions()]).toEqual([1]);
});

test('a renewal tells what was asked of the run; a run that is removed leaves its log', async () => {
  const { client, address } = await cluster();
  const start = await Start.holding(address);
  await start.write([result(0)]);
  expect(await start.ledger.renew(newCounts())).toEqual({ isStopped: false, isPaused: false, rate: null });
  const control = { isStopped: false, isPaused: true, rate: 2.5 };
  await setYtControl(client, LOG, RUN_ID, control);
  expect(await start.ledger.renew(newCounts())).toEqual(control);
  expect(await listYtRuns(client, LOG)).toMatchObject([{ control }]);
  await removeYtRun(client, LOG, RUN_ID);
  expect(await listYtRuns(client, LOG)).toEqual([]);
  expect(await positionsIn(client)).toEqual([0]);
});

test('killed in the middle and started again, a run has logged each row once, and only what was in doubt was sent twice', async () => {
  const { client, address } = await cluster();
  const sentFile = join(temporaryFolder(), 'sent');
  const start = (pauseMs: number) =>
    spawn(
      process.execPath,
      [join(import.meta.dirname, 'yt-ledger-runner.mjs'), RUN_ID, LOG, sentFile, String(pauseMs)],
      {
        env: { PATH: process.env.PATH, YT_PROXY: address },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  const killed = start(1);
  await expect.poll(() => positionsIn(client).catch(() => []), { interval: 20 }).not.toEqual([]);
  killed.kill('SIGKILL');
  await once(killed, 'close');
  const logged = await positionsIn(client);
  const left = new Claims(await loadYtClaims(client, LOG, RUN_ID, 0));
  expect(logged.length).toBeLessThan(ROWS);
  expect(logged.every((position) => left.isDone(position))).toBe(true);
  const doubted = new Set(left.openPositions());
  expect(sentIn(sentFile).every((position) => left.isDone(position) || doubted.has(position))).toBe(true);

  const [code] = await once(start(0), 'close');
  expect(code).toBe(0);
  expect(await positionsIn(client)).toEqual(range(0, ROWS));
  const sent = sentIn(sentFile);
  expect(new Set(sent).size).toBe(ROWS);
  const twice = sent.filter((position, at) => sent.indexOf(position) !== at);
  expect(twice.every((position) => doubted.has(position))).toBe(true);
  expect(await listYtRuns(client, LOG)).toMatchObject([{ state: 'finished' }]);
  expect(await readYtStarts(client, LOG, RUN_ID)).toMatchObject([
    { token: 1, state: 'stopped', error: 'its process died' },
    { token: 2, state: 'finished', exitCode: 0 },
  ]);
});

const ROWS = 3_000;

function sentIn(path: string): number[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number);
}
