import { expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { LOG_COLUMNS } from '../../src/loggers/columns.js';
import { collectLargeBatch } from '../../src/loggers/large-batch.js';
import { log } from '../../src/loggers/log.js';
import { YtLog } from '../../src/loggers/yt-log.js';
import { Claims } from '../../src/pipeline/claims.js';
import type { LogControl, Pressure, Run } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import type { NewRun } from '../../src/pipeline/ledger.js';
import { parseLocation } from '../../src/pipeline/location.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import type { YtClient } from '../../src/yt/client.js';
import { testRun } from '../setup/run.js';
import { localCluster } from '../setup/yt.js';
import { type Fate, harmfulProxy } from '../setup/yt-proxy.js';

const NEW_RUN: NewRun = {
  runId: 'night@1',
  rootId: 'night@1',
  operation: 'driver_push',
  version: '1.4.10',
  digest: 'd'.repeat(64),
  plan: {
    layer: 'l@1.0.0',
    runner: 'one-shot',
    input: 'yt://t',
    inputIdentity: null,
    log: 'yt://home/crm/log',
    params: {},
    tuning: [],
    selection: null,
    shards: 1,
    retry: null,
  },
};
const LOG = '//home/crm/log';
const STARTED_MS = Date.UTC(2026, 0, 31, 23, 59, 59, 7);

function result(position: number, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: 'sent',
    messageId: `m "${position}"\n`,
    position,
    recipient: position % 2 === 0 ? 'водитель' : null,
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: STARTED_MS + position,
    finishedAtMs: STARTED_MS + position + 1,
    ...overrides,
  };
}

async function cluster(): Promise<{ client: YtClient; address: string; stop(): Promise<void> }> {
  const local = await localCluster();
  await local.client.create('map_node', '//home/crm', { recursive: true });
  return local;
}

const NO_PRESSURE: Pressure = { isPressed: false, onPressed: () => {} };

/** Begins the run and takes its lease: only then may a log write. */
async function hold({ ledger }: YtLog): Promise<void> {
  await ledger.begin(NEW_RUN);
  await ledger.take(await ledger.lease(), 'holder');
}

/** What a log asks of the run, here of one that keeps its claims in memory alone. */
function control(written: LogControl['written']): LogControl {
  const claims = new Claims();
  const settle = (batch: readonly SendResult[]) => ({ ...claims.settle(batch), counts: newCounts() });
  return { settle, written, pressure: NO_PRESSURE };
}

async function openLog(address: string, overrides: Partial<Run> = {}) {
  const environment = { YT_PROXY: address, YT_USE_HOSTS: '0' };
  const run = testRun({ id: 'night@1', environment, ...overrides });
  const logger = new YtLog(parseLocation(`yt:${LOG}`));
  onTestFinished(() => logger.close());
  await logger.open(run);
  return { logger, run };
}

function queueOf(results: readonly SendResult[]): Queue<SendResult> {
  const queue = new Queue<SendResult>(results.length);
  queue.trySendMany(results);
  queue.close();
  return queue;
}

async function writeAll(logger: YtLog, results: readonly SendResult[]): Promise<number> {
  let count = 0;
  const counted = control((batch) => {
    count += batch.length;
  });
  await logger.log(queueOf(results), counted);
  return count;
}

async function rowsOf(client: YtClient, path = LOG): Promise<Record<string, unknown>[]> {
  const pieces: Buffer[] = [];
  for await (const piece of await client.readTable(path)) pieces.push(piece);
  return Buffer.concat(pieces)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('the table is made with the schema of the log, and every result is one row; times are microseconds', async () => {
  const { client, address } = await cluster();
  const { logger } = await openLog(address);
  await hold(logger);
  const odd = result(1, { messageId: 'half \ud800 pair', errorText: 'down', attempts: 0 });
  expect(await writeAll(logger, [result(0), odd])).toBe(2);
  const schema = (await client.get(`${LOG}/@schema`)) as { $value: { name: string; type: string }[] };
  expect(schema.$value.map(({ name }) => name)).toEqual(LOG_COLUMNS.map(({ name }) => name));
  expect(schema.$value).toContainEqual(
    expect.objectContaining({ name: 'started_at', type: 'timestamp', required: true }),
  );
  expect(await rowsOf(client)).toEqual([
    {
      run_id: 'night@1',
      operation: 'driver_push',
      version: '1.4.10',
      digest: 'd'.repeat(64),
      message_id: 'm "0"\n',
      position: 0,
      outcome: 'sent',
      recipient: 'водитель',
      channel: 'http',
      attempts: 1,
      http_status: 200,
      suppress: false,
      started_at: STARTED_MS * 1_000,
      finished_at: STARTED_MS * 1_000 + 1_000,
    },
    expect.objectContaining({ message_id: 'half \ufffd pair', error_text: 'down', attempts: 0 }),
  ]);
});

test('50,000 results make three chunks, while a run is busy', async () => {
  const { client, address } = await cluster();
  const { logger } = await openLog(address);
  await hold(logger);
  expect(
    await writeAll(
      logger,
      Array.from({ length: 50_000 }, (_, at) => result(at)),
    ),
  ).toBe(50_000);
  expect(await client.get(`${LOG}/@`, { attributes: ['row_count', 'chunk_count'] })).toEqual({
    row_count: 50_000,
    chunk_count: 3,
  });
});

test('a single result is durable within a second, though more are to come', async () => {
  const { client, address } = await cluster();
  const { logger } = await openLog(address);
  await hold(logger);
  const queue = new Queue<SendResult>(10);
  let durable = () => {};
  const isDurable = new Promise<void>((resolve) => {
    durable = resolve;
  });
  const logging = logger.log(
    queue,
    control(() => durable()),
  );
  const startedMs = performance.now();
  queue.trySend(result(0));
  await isDurable;
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(await rowsOf(client)).toHaveLength(1);
  queue.close();
  await logging;
});

test.each([
  ['the request of a commit', 'commit_transaction', 'lose request'],
  ['the answer to a commit', 'commit_transaction', 'lose answer'],
  ['the answer to an append', 'write_table', 'lose answer'],
  ['the answer to the change of the ledger', 'multiset_attributes', 'lose answer'],
  ['the lease that a commit relies on', 'commit_transaction', { ytCode: 1000 }],
  ['a transaction the cluster has ended', 'commit_transaction', { ytCode: 11000 }],
  ['a busy cluster', 'write_table', { ytCode: 105, status: 503 }],
] as [string, string, Fate][])('%s lost: the rows stand once', async (_, target, fate) => {
  const { client, address } = await cluster();
  let isArmed = false;
  const proxy = await harmfulProxy(address, (command): Fate => {
    if (!isArmed || command !== target) return 'pass';
    isArmed = false;
    return fate;
  });
  const { logger } = await openLog(proxy.address);
  await hold(logger);
  isArmed = true;
  expect(await writeAll(logger, [result(0), result(1)])).toBe(2);
  expect(isArmed).toBe(false);
  expect((await rowsOf(client)).map(({ position }) => position)).toEqual([0, 1]);
});

test('a commit that was carried out while its answer says that it was not: the number tells, the rows stand once', async () => {
  const { client, address } = await cluster();
  let isArmed = true;
  const proxy = await harmfulProxy(address, (command): Fate => {
    if (command === 'commit_transaction' && isArmed) return 'lose answer';
    if (command === 'ping_transaction' || command !== 'abort_transaction') return 'pass';
    isArmed = false;
    return 'pass';
  });
  // Every answer to the commit is lost until the log gives this transaction up and aborts it.
  const clock = new FastClock();
  const { logger, run } = await openLog(proxy.address, { clock });
  await hold(logger);
  isArmed = true;
  expect(await writeAll(logger, [result(0)])).toBe(1);
  expect(run.warnings.join()).toContain('trying again');
  expect(await rowsOf(client)).toHaveLength(1);
  expect(await client.get(`${LOG}.rtn/runs/night%401/0/@write/number`)).toBe(1);
});

test('what cannot be written at all stands in `unwritten`, with what was collected meanwhile', async () => {
  const { address } = await cluster();
  let isArmed = false;
  const proxy = await harmfulProxy(address, (command) =>
    isArmed && command === 'write_table' ? { ytCode: 902 } : 'pass',
  );
  const { logger } = await openLog(proxy.address);
  await hold(logger);
  isArmed = true;
  const results = Array.from({ length: 30_000 }, (_, at) => result(at));
  await expect(writeAll(logger, results)).rejects.toMatchObject({ code: 'storage' });
  expect(logger.unwritten.map(({ position }) => position)).toEqual(results.map(({ position }) => position));
});

test.each([
  ['a missing folder', async () => {}, '//none/log', 'configuration', 'folder //none at .* does not exist'],
  [
    'a folder at the path',
    async (client: YtClient): Promise<unknown> => client.create('map_node', LOG),
    LOG,
    'configuration',
    'it is a map_node, not a table',
  ],
  [
    'a folder that is none',
    async (client: YtClient): Promise<unknown> => client.create('table', LOG),
    `${LOG}/x`,
    'configuration',
    'folder //home/crm/log at .* is a table',
  ],
  [
    'another schema',
    async (client: YtClient) => {
      const schema = [
        { name: 'run_id', type: 'int64' },
        { name: 'own', type: 'string', required: true },
      ];
      await client.create('table', LOG, { attributes: { schema } });
    },
    LOG,
    'configuration',
    'column run_id is int64, expected string; it lacks the column operation .*column own is required',
  ],
] as const)('%s is told before the first send', async (_, prepare, path, code, message) => {
  const { client, address } = await cluster();
  await prepare(client);
  const logger = new YtLog(parseLocation(`yt:${path}`));
  onTestFinished(() => logger.close());
  await expect(logger.open(testRun({ environment: { YT_PROXY: address } }))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('no right to write, or no proxy for data, is told before the first send', async () => {
  const { address } = await cluster();
  const proxy = await harmfulProxy(address, (command) =>
    command === 'write_table' ? { ytCode: 901 } : 'pass',
  );
  await expect(openLog(proxy.address)).rejects.toMatchObject({ code: 'credentials' });
});

test('a table without a schema takes a log', async () => {
  const { client, address } = await cluster();
  await client.create('table', LOG);
  const { logger } = await openLog(address);
  await hold(logger);
  await writeAll(logger, [result(0)]);
  expect(await rowsOf(client)).toHaveLength(1);
});

test('`use: log` takes yt:PATH, and asks for YT_PROXY', async () => {
  const logger = log({ name: 'log', type: 'send-log', location: parseLocation('yt://home/log') });
  expect(logger.address).toBe('YT table //home/log');
  await expect(logger.open(testRun())).rejects.toMatchObject({
    code: 'usage',
    message: 'YT_PROXY is not set, and the log is yt://home/log',
  });
  await logger.close();
});

const LIMITS = { maxResults: 5, maxWaitMs: 5_000, quietMs: 300 };

test('a batch goes out when it is full, quiet, or has waited long; while the one before is written it grows', async () => {
  const clock = new VirtualClock();
  const queue = new Queue<SendResult>(100);
  let isBusy = false;
  const collect = () =>
    collectLargeBatch(queue, LIMITS, clock, {
      isBusy: () => isBusy,
      signal: new AbortController().signal,
      pressure: NO_PRESSURE,
    });
  const outcomes: number[] = [];
  const collected = (batch: SendResult[]) => void outcomes.push(batch.length);

  queue.trySendMany([0, 1, 2, 3, 4, 5].map((at) => result(at)));
  await collect().then(collected);
  expect(outcomes).toEqual([5]);

  const quiet = collect().then(collected);
  await clock.advance(280);
  expect(outcomes).toEqual([5]);
  await clock.advance(40);
  await quiet;
  expect(outcomes).toEqual([5, 1]);

  isBusy = true;
  queue.trySend(result(6));
  const busy = collect().then(collected);
  await clock.advance(10_000);
  queue.trySend(result(7));
  await clock.advance(20);
  isBusy = false;
  await clock.advance(20);
  await busy;
  expect(outcomes).toEqual([5, 1, 2]);
});

test('while the sender waits for results to become durable, a batch goes out at its next lull, and soon if there is none', async () => {
  const clock = new VirtualClock();
  const queue = new Queue<SendResult>(100);
  const pressure = { isPressed: false, onPressed: () => {} };
  const limits = { ...LIMITS, maxResults: 50 };
  const until = { isBusy: () => false, signal: new AbortController().signal, pressure };
  const outcomes: { size: number; atMs: number }[] = [];
  const collect = async () => {
    const { length: size } = await collectLargeBatch(queue, limits, clock, until);
    outcomes.push({ size, atMs: clock.monotonic() });
  };

  queue.trySend(result(0));
  const lull = collect();
  await clock.advance(40);
  pressure.isPressed = true;
  const pressedMs = clock.monotonic();
  pressure.onPressed();
  await lull;
  expect(outcomes).toEqual([{ size: 1, atMs: pressedMs }]);

  const startedMs = clock.monotonic();
  queue.trySend(result(1));
  const steady = collect();
  for (let at = 2; outcomes.length < 2; at++) {
    queue.trySend(result(at));
    await clock.advance(10);
  }
  await steady;
  expect(outcomes[1]?.size).toBeGreaterThan(5);
  expect((outcomes[1]?.atMs ?? 0) - startedMs).toBeLessThanOrEqual(120);
});

/** Waits of the log's and the client's own repeats are a hundredth as long, their deadlines too. */
class FastClock {
  now = () => Date.now();
  monotonic = () => performance.now() * 100;
  random = () => 0.5;
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs / 100);
    return () => clearTimeout(timer);
  }
}
