import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PostgresLog } from '../../src/loggers/postgres-log.js';
import type { Run } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { testDatabase } from '../setup/database.js';
import { logControl, newRun, TEST_PLAN } from '../setup/keep.js';
import { testRun } from '../setup/run.js';

const database = testDatabase();

function result(position: number, overrides: Partial<SendResult> = {}): SendResult {
  return {
    outcome: 'sent',
    messageId: `m${position}`,
    position,
    recipient: 'driver',
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    ...overrides,
  };
}

async function openLog(
  table: string,
  url = database.url,
): Promise<{ log: PostgresLog; run: Run & { warnings: string[] } }> {
  const run = testRun({ environment: { DATABASE_URL: url } });
  const log = new PostgresLog(table);
  onTestFinished(() => log.close());
  await log.open(run);
  await log.ledger.begin(newRun(run));
  await log.ledger.take(undefined, 'a test');
  return { log, run };
}

/** Logs these results and ends the queue; gives what was reported as durable. */
async function write(log: PostgresLog, results: readonly SendResult[]): Promise<number> {
  const queue = new Queue<SendResult>(results.length);
  queue.trySendMany(results);
  queue.close();
  const control = logControl();
  await log.log(queue, control);
  return control.results.length;
}

test('the table is made when missing, with every column, the xid and its index', async () => {
  const { log } = await openLog('fresh_log');
  expect(
    await write(log, [
      result(0, {
        outcome: 'failed',
        attempts: 3,
        httpStatus: 503,
        errorCode: 'http_503',
        errorText: 'down',
        providerId: 'p',
      }),
    ]),
  ).toBe(1);
  const [row] = await database.query('select *, xid::text from fresh_log');
  expect(row).toMatchObject({
    operation: 'driver_push',
    version: '1.4.10',
    message_id: 'm0',
    position: '0',
    outcome: 'failed',
    recipient: 'driver',
    channel: 'http',
    attempts: 3,
    http_status: 503,
    provider_id: 'p',
    error_code: 'http_503',
    error_text: 'down',
    started_at: new Date('2026-01-01T00:00:00Z'),
    finished_at: new Date('2026-01-01T00:00:01Z'),
    xid: expect.stringMatching(/^\d+$/),
  });
  expect(await database.query("select indexdef from pg_indexes where tablename = 'fresh_log'")).toMatchObject(
    [{ indexdef: expect.stringContaining('brin') }],
  );
});

test('many results are written in several transactions, none twice', async () => {
  const { log } = await openLog('many_log');
  const results = Array.from({ length: 12_345 }, (_, position) => result(position));
  expect(await write(log, results)).toBe(12_345);
  const [row] = await database.query(
    'select count(*)::int, count(distinct position)::int as positions, count(distinct xid::text)::int as transactions from many_log',
  );
  expect(row).toEqual({ count: 12_345, positions: 12_345, transactions: 3 });
});

test.each([
  ['tab, newline, backslash, quotes', 'a\tb\nc\\d\\N"e\'f\r'],
  ['NUL and half a surrogate pair become U+FFFD', 'a\u0000b\ud800c'],
  ['emoji and an empty string stay', '👍'],
])('any text is stored as it was: %s', async (name, text) => {
  const table = `text_log_${name.length}`;
  const { log } = await openLog(table);
  await write(log, [result(0, { errorText: text, recipient: '' })]);
  const expected = text.replace('\u0000', '\ufffd').replace('\ud800', '\ufffd');
  expect(await database.query(`select error_text, recipient from ${table}`)).toEqual([
    { error_text: expected, recipient: '' },
  ]);
});

test('two runners that start at once make the table and the ledger once', async () => {
  const opened = await Promise.all(Array.from({ length: 4 }, () => openLog('shared_log')));
  await Promise.all(opened.map(({ log }, index) => write(log, [result(index)])));
  expect(await database.query('select count(*)::int from shared_log')).toEqual([{ count: 4 }]);
});

describe('the ledger', () => {
  test('keeps the plan, the end and the counts of a run, apart from the log', async () => {
    const { log, run } = await openLog('ledger_log');
    const read = () =>
      database.query(
        `select operation, plan, r.state, s.state as start, exit_code, error, counts
         from rtn.runs r join rtn.starts s using (run_id) where run_id = $1`,
        [run.id],
      );
    expect(await read()).toMatchObject([
      { operation: 'driver_push', plan: TEST_PLAN, state: 'running', start: 'running' },
    ]);
    const counts = { ...newCounts(), read: 5, left: 5 };
    const release = { claimed: [], ranges: [], released: [] };
    await log.ledger.end({ state: 'stopped', counts, exitCode: 77, error: 'refused', release });
    expect(await read()).toMatchObject([
      { state: 'stopped', start: 'stopped', exit_code: 77, error: 'refused', counts: { read: 5, left: 5 } },
    ]);
  });
});

describe('what a person must mend is told before anything is sent', () => {
  test.each([
    ['no DATABASE_URL', {}, 'usage', 'DATABASE_URL is not set'],
    ['no address of Postgres', { DATABASE_URL: 'mysql://x' }, 'usage', 'expected postgres://'],
    [
      'a wrong password',
      { DATABASE_URL: database.url.replace(/:[^:@]+@/, ':wrong@') },
      'credentials',
      'password authentication failed',
    ],
    ['no such database', { DATABASE_URL: `${database.url}_not` }, 'configuration', 'does not exist'],
  ])('%s', async (_, environment, code, message) => {
    const log = new PostgresLog('some_log');
    onTestFinished(() => log.close());
    const error = await log.open(testRun({ environment })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(JSON.stringify(error) + String(error)).not.toContain(':wrong@');
  });

  test('a table of that name that is no send log', async () => {
    await database.query('create table other (id int)');
    await expect(openLog('other')).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('is no send log'),
    });
  });

  test.each(['Log', 'a.b.c', 'x; drop table y', '"q"', ''])('the table name %j', (name) => {
    expect(() => new PostgresLog(name)).toThrow('no name for a log table');
  });
});

/** A proxy before Postgres that can cut its connections at a chosen point. */
async function proxy(): Promise<{ url: string; cutAfterNext(pattern: string): void }> {
  const target = new URL(database.url);
  let pattern: string | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => {
      upstream.write(chunk);
      if (pattern !== undefined && chunk.includes(pattern)) {
        pattern = undefined;
        // The statement reaches Postgres; its answer does not come back.
        upstream.once('data', () => {
          client.destroy();
          upstream.destroy();
        });
      }
    });
    upstream.on('data', (chunk) => client.destroyed || client.write(chunk));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const cutAfterNext = (text: string) => {
    pattern = text;
  };
  const url = new URL(database.url);
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, cutAfterNext };
}

describe('a connection that breaks', () => {
  test.each(['begin', 'commit'])(
    'with the answer to %s is made anew, and nothing is lost or doubled',
    async (statement) => {
      const broken = await proxy();
      const { log, run } = await openLog(`broken_${statement}_log`, broken.url);
      broken.cutAfterNext(statement);
      expect(
        await write(
          log,
          Array.from({ length: 100 }, (_, position) => result(position)),
        ),
      ).toBe(100);
      expect(run.warnings).toMatchObject([expect.stringContaining('trying again')]);
      expect(
        await database.query(
          `select count(*)::int, count(distinct position)::int as positions from broken_${statement}_log`,
        ),
      ).toEqual([{ count: 100, positions: 100 }]);
    },
  );
});

test('results that cannot be written are kept for the spill file', async () => {
  const { log } = await openLog('gone_log');
  await database.query('drop table gone_log');
  const results = [result(0), result(1)];
  await expect(write(log, results)).rejects.toMatchObject({
    code: 'storage',
    message: expect.stringContaining('gone_log'),
  });
  expect(log.unwritten).toEqual(results);
});
