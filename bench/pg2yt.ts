import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to } from 'pg-copy-streams';
import { systemClock } from '../src/clock.js';
import { startLocalPostgres } from '../src/local/postgres.js';
import { PostgresLog } from '../src/loggers/postgres-log.js';
import { parseLocation } from '../src/pipeline/location.js';
import { pg2yt } from '../src/tasks/pg2yt.js';
import { argument, range, ratioText, show } from './figures.js';
import { benchRun } from './run.js';

// What moving the log costs: rows a second of a whole pass of pg2yt (counting, moving, deleting) from a real Postgres
// into a local YTsaurus in a process of its own, as a share of `COPY log TO STDOUT` piped into one bare HTTP upload, to a
// process that reads it and does nothing. Both in turns; the median of the rounds counts.
//
//   npm run bench -- pg2yt [--rounds=N] [--rows=N]

const ROUNDS = argument('rounds', 7);
const ROWS = argument('rows', 500_000);
/** As many as a batch of the log has at most. */
const ROWS_A_TRANSACTION = 5_000;
const FOLDER = mkdtempSync(join(tmpdir(), 'rtn-bench-pg2yt-'));
const COLUMNS = `run_id, operation, version, digest, message_id, position, outcome, recipient, channel, attempts,
  http_status, provider_id, error_code, error_text, suppress, started_at, finished_at`;

/** One in ten went wrong and says how. All on two days. */
async function fill(pool: pg.Pool): Promise<void> {
  for (let from = 0; from < ROWS; from += ROWS_A_TRANSACTION)
    await pool.query(
      `insert into kept (${COLUMNS})
       select 'night-2026-01-01', 'driver_push', '1.4.10', repeat('d', 64), 'm-' || lpad(i::text, 8, '0'), i,
              case when bad then 'failed' else 'sent' end, 'driver-' || lpad(i::text, 8, '0'), 'http',
              case when bad then 5 else 1 end, case when bad then 503 else 200 end,
              case when not bad then 'push-' || i end, case when bad then 'http_503' end,
              case when bad then E'no backend took it,\\ntry "again" later' end, false,
              at, at + interval '41 ms'
         from generate_series($1::int, $2::int) i,
              lateral (select i % 10 = 0 as bad, '2026-01-01T23:59:30Z'::timestamptz + i * interval '0.13 ms' as at) row`,
      [from, Math.min(from + ROWS_A_TRANSACTION, ROWS) - 1],
    );
  await pool.query('vacuum analyze kept');
}

/** The same rows in the log, each 5,000 of them a transaction. */
async function refill(pool: pg.Pool): Promise<void> {
  await pool.query('drop table if exists moved; create table moved (like kept including all)');
  for (let from = 0; from < ROWS; from += ROWS_A_TRANSACTION)
    await pool.query(
      `insert into moved (${COLUMNS}) select ${COLUMNS} from kept where position >= $1 and position < $2`,
      [from, from + ROWS_A_TRANSACTION],
    );
  await pool.query('vacuum analyze moved');
}

async function bareUpload(pool: pg.Pool, sink: string): Promise<number> {
  const client = await pool.connect();
  await client.query('checkpoint');
  const startedMs = performance.now();
  const upload = request(`http://${sink}/`, { method: 'PUT' });
  const answered = new Promise<void>((resolve, reject) => {
    upload.once('error', reject);
    upload.once('response', (response) => response.resume().once('end', resolve));
  });
  await pipeline(client.query(to('copy kept to stdout')), upload);
  await answered;
  client.release();
  return (ROWS * 1_000) / (performance.now() - startedMs);
}

let passes = 0;

async function pass(pool: pg.Pool, url: string, yt: string): Promise<number> {
  await refill(pool);
  await pool.query('checkpoint');
  const folder = `yt://home/moved-${passes++}`;
  const task = pg2yt(
    { name: 'log', type: 'send-log', location: parseLocation('pg:moved') },
    { name: 'archive', type: 'send-log', location: parseLocation(folder) },
  );
  const startedMs = performance.now();
  const { isComplete, summary } = await task.run({
    ...{ id: `pass-${passes}`, operation: 'archive', version: '1.0.0', digest: 'd', clock: systemClock },
    ...{ isDryRun: false, waitMs: 0, signal: new AbortController().signal },
    environment: { DATABASE_URL: url, YT_PROXY: yt },
    warn: (message) => console.error(message),
    progress: () => {},
  });
  const rate = (ROWS * 1_000) / (performance.now() - startedMs);
  if (!isComplete || summary.rows_moved !== ROWS || summary.rows_deleted !== ROWS)
    throw new Error(`a pass ended with ${JSON.stringify(summary)}`);
  return rate;
}

const children: ChildProcess[] = [];

function peer(...words: string[]): Promise<string> {
  const child = fork(new URL('./peer.js', import.meta.url), words, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  return new Promise((resolve) => child.once('message', (address) => resolve(String(address))));
}

await chmod(FOLDER, 0o755);
const postgres = await startLocalPostgres({ directory: join(FOLDER, 'postgres') });
const pool = new pg.Pool({ connectionString: postgres.url });
// The server ends before the last of its connections have.
pool.on('error', () => {});
try {
  const log = new PostgresLog('kept');
  await log.open(benchRun('bench-0', { environment: { DATABASE_URL: postgres.url } }));
  await log.close();
  await fill(pool);
  const [yt, sink] = await Promise.all([peer('yt', join(FOLDER, 'yt')), peer('sink')]);
  const rounds: { bare: number; moved: number }[] = [];
  await bareUpload(pool, sink);
  for (let round = 0; round < ROUNDS; round++) {
    const early = round % 2 === 0 ? await bareUpload(pool, sink) : undefined;
    const moved = await pass(pool, postgres.url, yt);
    rounds.push({ bare: early ?? (await bareUpload(pool, sink)), moved });
  }
  const [bare, moved] = [rounds.map((each) => each.bare), rounds.map((each) => each.moved)];
  console.log(`${show(ROWS)} rows, median of ${ROUNDS} rounds`);
  console.log(`  bare COPY to an upload  ${range(bare, 'rows/s')}`);
  console.log(`  a pass of pg2yt         ${range(moved, 'rows/s')}`);
  console.log(`  ${ratioText(moved, bare)}`);
} finally {
  for (const child of children) child.kill();
  await pool.end();
  await postgres.close();
  rmSync(FOLDER, { recursive: true, force: true });
}
