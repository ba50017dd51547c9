import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { startLocalPostgres } from '../src/local/postgres.js';
import { LOG_COLUMNS } from '../src/loggers/columns.js';
import { PostgresLog } from '../src/loggers/postgres-log.js';
import { COLUMN_LIST } from '../src/loggers/postgres-table.js';
import { Claims } from '../src/pipeline/claims.js';
import type { LogControl, Run } from '../src/pipeline/contract.js';
import { newCounts } from '../src/pipeline/counts.js';
import { Queue } from '../src/pipeline/queue.js';
import type { SendResult } from '../src/pipeline/record.js';
import { copyRow } from '../src/postgres/copy-text.js';
import { argument, range, ratioText, show } from './figures.js';
import { BENCH_PLAN, benchRun } from './run.js';

// What the Postgres log costs: rows a second of `PostgresLog.log`, fed from a queue, as a share of one bare COPY FROM
// STDIN of the same rows, whose text was prepared before, into a table made alike. Both write to one real Postgres that
// flushes to disk, in turns, each round into empty tables; the median of the rounds counts.
//
//   npm run bench -- copy [--rounds=N] [--rows=N]

const ROUNDS = argument('rounds', 9);
const ROWS = argument('rows', 300_000);
/** As much as the pipeline lets wait before the log. */
const QUEUE_CAPACITY = 10_000;
/** The size of the pieces that streams read and write by default. */
const CHUNK_BYTES = 65_536;
const FOLDER = mkdtempSync(join(tmpdir(), 'rtn-bench-copy-'));

/** One in ten went wrong and says how, some of those in several lines. */
function result(position: number): SendResult {
  const isFailed = position % 10 === 0;
  const startedAtMs = Date.UTC(2026, 0, 1) + Math.floor(position / 7);
  return {
    outcome: isFailed ? 'failed' : 'sent',
    messageId: `m-${String(position).padStart(8, '0')}`,
    position,
    recipient: `driver-${String(position).padStart(8, '0')}`,
    channel: 'http',
    attempts: isFailed ? 5 : 1,
    httpStatus: isFailed ? 503 : 200,
    providerId: isFailed ? null : `push-${position}`,
    errorCode: isFailed ? 'http_503' : null,
    errorText: isFailed ? `no backend took it,${position % 50 === 0 ? '\n' : ' '}try again later` : null,
    suppress: false,
    startedAtMs,
    finishedAtMs: startedAtMs + 40 + (position % 13),
  };
}

/** The rows as COPY wants them, cut into chunks. */
function preparedText(results: readonly SendResult[], run: Run): Buffer[] {
  const text = Buffer.from(
    results.map((each) => copyRow(LOG_COLUMNS.map(({ of }) => of(each, run)))).join(''),
  );
  return Array.from({ length: Math.ceil(text.length / CHUNK_BYTES) }, (_, index) =>
    text.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
}

/** Rows a second of one COPY, its transaction included. */
async function bareCopy(pool: pg.Pool, chunks: readonly Buffer[]): Promise<number> {
  const client = await pool.connect();
  const startedMs = performance.now();
  await pipeline(Readable.from(chunks), client.query(from(`copy bare_log (${COLUMN_LIST}) from stdin`)));
  const rate = (ROWS * 1_000) / (performance.now() - startedMs);
  client.release();
  return rate;
}

/** Rows a second from the first one in the queue until all are durable. */
async function logged(log: PostgresLog, results: readonly SendResult[]): Promise<number> {
  const queue = new Queue<SendResult>(QUEUE_CAPACITY);
  let durable = 0;
  const counts = newCounts();
  const claims = new Claims();
  const control: LogControl = {
    settle: (batch) => ({ ...claims.settle(batch), counts }),
    written: (batch) => {
      durable += batch.length;
    },
    pressure: { isPressed: false, onPressed: () => {} },
  };
  const startedMs = performance.now();
  const logging = log.log(queue, control);
  await queue.sendMany(results);
  queue.close();
  await logging;
  const rate = (ROWS * 1_000) / (performance.now() - startedMs);
  if (durable !== ROWS) throw new Error(`${durable} of ${ROWS} rows were reported as durable`);
  return rate;
}

async function round(pool: pg.Pool, url: string, results: readonly SendResult[], number: number) {
  const run = benchRun(`bench-${number}`, { environment: { DATABASE_URL: url }, stateDir: FOLDER });
  const chunks = preparedText(results, run);
  const log = new PostgresLog('send_log');
  await log.open(run);
  const { id: runId, rootId, operation, version, digest } = run;
  await log.ledger.begin({ runId, rootId, operation, version, digest, plan: BENCH_PLAN });
  await log.ledger.take(undefined, 'bench');
  if (number === 0) await pool.query('create table bare_log (like send_log including all)');
  const rates = { bare: 0, log: 0 };
  const turns = [
    async () => {
      rates.bare = await bareCopy(pool, chunks);
    },
    async () => {
      rates.log = await logged(log, results);
    },
  ];
  for (const turn of number % 2 === 0 ? turns : turns.reverse()) {
    await pool.query('truncate bare_log, send_log');
    await pool.query('checkpoint');
    await turn();
  }
  await log.close();
  return rates;
}

await chmod(FOLDER, 0o755);
const postgres = await startLocalPostgres({ directory: FOLDER });
const pool = new pg.Pool({ connectionString: postgres.url });
try {
  const results = Array.from({ length: ROWS }, (_, position) => result(position));
  const rounds: { bare: number; log: number }[] = [];
  await round(pool, postgres.url, results, 0);
  for (let number = 1; number <= ROUNDS; number++)
    rounds.push(await round(pool, postgres.url, results, number));
  const [bare, log] = [rounds.map((each) => each.bare), rounds.map((each) => each.log)];
  console.log(`${show(ROWS)} rows, median of ${ROUNDS} rounds`);
  console.log(`  bare COPY        ${range(bare, 'rows/s')}`);
  console.log(`  PostgresLog.log  ${range(log, 'rows/s')}`);
  console.log(`  ${ratioText(log, bare)}`);
} finally {
  await pool.end();
  await postgres.close();
  rmSync(FOLDER, { recursive: true, force: true });
}
