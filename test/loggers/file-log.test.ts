import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LOG_COLUMNS } from '../../src/loggers/columns.js';
import { FileLog } from '../../src/loggers/file-log.js';
import { removeFileRun } from '../../src/loggers/file-runs.js';
import { log } from '../../src/loggers/log.js';
import type { Run } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { fileNameOf } from '../../src/pipeline/file-name.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { parseLocation } from '../../src/pipeline/location.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from '../setup/keep.js';
import { testRun } from '../setup/run.js';

function result(position: number): SendResult {
  return {
    outcome: position % 2 === 0 ? 'sent' : 'rejected',
    messageId: `m "${position}"\n\u2028`,
    position,
    recipient: position % 2 === 0 ? 'd' : null,
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: Date.UTC(2026, 0, 31, 23, 59, 59, 7) + position * 13,
    finishedAtMs: Date.UTC(2026, 0, 31, 23, 59, 59, 990) + position * 13,
  };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'rtn-test-log-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Opens a log, begins the run and takes its lease. */
async function begun(path: string, run: Run): Promise<FileLog> {
  const logger = new FileLog(path);
  await logger.open(run);
  await logger.ledger.begin(newRun(run));
  await logger.ledger.take(await logger.ledger.lease(), thisHolder());
  return logger;
}

/** Logs the results as a start of the run and ends it; gives the sizes of what was told to be durable. */
async function logAll(path: string, run: Run, results: readonly SendResult[]): Promise<number[]> {
  const logger = await begun(path, run);
  const written: number[] = [];
  try {
    const queue = new Queue<SendResult>(results.length);
    queue.trySendMany(results);
    queue.close();
    await logger.log(queue, { ...logControl(), written: (batch) => void written.push(batch.length) });
    const release = { claimed: [], ranges: [], released: [] };
    await logger.ledger.end({ state: 'finished', counts: newCounts(), exitCode: 0, error: null, release });
  } finally {
    await logger.close();
  }
  return written;
}

const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('every result is one line with the columns of the log, in order, readable by its owner alone', async () => {
  const [path, run] = [folder(), testRun({ id: 'night' })];
  const results = Array.from({ length: 1_203 }, (_, position) => result(position));
  expect(await logAll(path, run, results)).toEqual([1_203]);
  const rows = lines(join(path, 'night.0.ndjson'));
  expect(rows).toEqual(
    results.map((each) =>
      Object.fromEntries(
        LOG_COLUMNS.map(({ name, of, type }) => [
          name,
          type === 'timestamptz'
            ? new Date(name === 'started_at' ? each.startedAtMs : each.finishedAtMs).toISOString()
            : of(each, run),
        ]),
      ),
    ),
  );
  expect(Object.keys(rows[0])).toEqual(LOG_COLUMNS.map(({ name }) => name));
  expect(statSync(join(path, 'night.0.ndjson')).mode & 0o777).toBe(0o600);
});

test('the ledger keeps the plan of a run beside its log', async () => {
  const [path, run] = [folder(), testRun({ id: 'night' })];
  await logAll(path, run, [result(0)]);
  expect(readdirSync(path).sort()).toEqual(['night.0.1.ledger', 'night.0.ndjson', 'night.run.json']);
  const record = JSON.parse(readFileSync(join(path, 'night.run.json'), 'utf8'));
  expect(record).toEqual({ ...newRun(run), startedAt: expect.stringMatching(/^\d{4}-.*Z$/) });
});

test('a later start goes on in the same file', async () => {
  const path = folder();
  await logAll(path, testRun({ id: 'night' }), [result(0)]);
  await logAll(path, testRun({ id: 'night' }), [result(1)]);
  expect(lines(join(path, 'night.0.ndjson')).map(({ position }) => position)).toEqual([0, 1]);
});

test('a log that has lost its ledger is not written into', async () => {
  const path = folder();
  await logAll(path, testRun({ id: 'night' }), [result(0)]);
  await removeFileRun(path, 'night');
  await expect(logAll(path, testRun({ id: 'night' }), [result(1)])).rejects.toMatchObject({
    code: 'configuration',
  });
  expect(lines(join(path, 'night.0.ndjson'))).toHaveLength(1);
});

test('a result is durable within a second of its outcome, though more are to come', async () => {
  const [path, run] = [folder(), testRun({ id: 'night' })];
  const logger = await begun(path, run);
  const queue = new Queue<SendResult>(10);
  let durable = () => {};
  const isDurable = new Promise<void>((resolve) => {
    durable = resolve;
  });
  const logging = logger.log(queue, { ...logControl(), written: () => durable() });
  const startedMs = performance.now();
  queue.trySend(result(0));
  await isDurable;
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(lines(join(path, 'night.0.ndjson'))).toHaveLength(1);
  queue.close();
  await logging;
  await logger.close();
});

test('what cannot be written stands in `unwritten`, in order', async () => {
  const path = folder();
  const logger = await begun(path, testRun({ id: 'night' }));
  writeFileSync(join(path, 'night.0.ndjson'), '');
  const queue = new Queue<SendResult>(2);
  queue.trySendMany([result(0), result(1)]);
  queue.close();
  await expect(logger.log(queue, logControl())).rejects.toMatchObject({ code: 'configuration' });
  expect(logger.unwritten.map(({ position }) => position)).toEqual([0, 1]);
  await logger.close();
});

test('a folder that cannot be made is told before anything is read', async () => {
  await expect(new FileLog('/dev/null/x').open(testRun())).rejects.toMatchObject({ code: 'configuration' });
});

test('`use: log` takes file:FOLDER', () => {
  const output = { name: 'log', type: 'send-log' as const, location: parseLocation('file:logs') };
  expect(log(output).address).toMatch(/logs$/);
});

test.each([
  ['driver_push-20260101T000000-abc', 'driver_push-20260101T000000-abc'],
  ['nightly@2026-01-01T00:00Z', 'nightly%402026-01-01T00%3A00Z'],
  ['../../etc', '%2E.%2F..%2Fetc'],
  ['a b*~', 'a%20b%2A%7E'],
  ['\ud800', '%EF%BF%BD'],
])('run id %j makes the file name %s', (id, name) => {
  expect(fileNameOf(id)).toBe(name);
});

test('long run ids make names of a bounded length that differ', () => {
  const names = ['a', 'b'].map((end) => fileNameOf('х'.repeat(300) + end));
  expect(names[0]).not.toBe(names[1]);
  for (const name of names) expect(name.length).toBeLessThan(200);
});
