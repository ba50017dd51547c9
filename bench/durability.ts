import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { httpChannel } from '../src/channels/http.js';
import { startLocalPostgres } from '../src/local/postgres.js';
import { collectBatch } from '../src/loggers/batch.js';
import { copyChunks } from '../src/loggers/copy-rows.js';
import { PostgresLog } from '../src/loggers/postgres-log.js';
import { COLUMN_LIST } from '../src/loggers/postgres-table.js';
import type { Logger, Reader, Run } from '../src/pipeline/contract.js';
import { newCounts } from '../src/pipeline/counts.js';
import { Ending } from '../src/pipeline/ending.js';
import { LiveControl } from '../src/pipeline/live-control.js';
import { runPipeline } from '../src/pipeline/pipeline.js';
import { asyncSender } from '../src/senders/async.js';
import { argument, median, range, show } from './figures.js';
import { BENCH_PLAN, benchRun } from './run.js';

// What it costs that a run survives: sends a second of the whole pipeline with its ledger on Postgres (claims before
// sending, done bits with every write, a window of 1,000 messages), as a share of the same pipeline with the same COPY
// into the same table and no ledger. Both are asked for 5,000 sends a second, and then for as many as they can.
//
//   npm run bench -- durability [--rounds=N] [--seconds=N]

const ROUNDS = argument('rounds', 5);
const SECONDS = argument('seconds', 6);
const CONCURRENCY = 64;
/** More than either reaches. */
const UNLIMITED_MESSAGES = 100_000;
const FOLDER = mkdtempSync(join(tmpdir(), 'rtn-bench-durability-'));
const INPUT = { key: 'id', recipient: 'id', row: { type: 'object', required: ['id'] } };

function reader(messages: number): Reader {
  return {
    isEndless: false,
    total: messages,
    open: async () => {},
    close: async () => {},
    async read(out, signal) {
      for (let position = 0; position < messages; position += 200) {
        const batch = Array.from({ length: Math.min(200, messages - position) }, (_, index) => ({
          position: position + index,
          row: { id: `m-${position + index}` },
        }));
        await out.sendMany(batch, signal);
      }
    },
  };
}

/** The same COPY as the log's, in one transaction a batch, and nothing else. */
function bareLog(pool: pg.Pool, run: Run): Logger {
  const write = async (chunks: Iterable<Buffer>) => {
    const client = await pool.connect();
    await client.query('begin');
    await pipeline(Readable.from(chunks), client.query(from(`copy send_log (${COLUMN_LIST}) from stdin`)));
    await client.query('commit');
    client.release();
  };
  return {
    unwritten: [],
    address: 'send_log',
    ledger: undefined,
    open: async () => {},
    close: async () => {},
    async log(results, { settle, written, pressure }) {
      for (;;) {
        const batch = await collectBatch(results, run.clock, pressure);
        if (batch.length === 0) return;
        await write(copyChunks(batch, run));
        written(batch, settle(batch));
      }
    },
  };
}

/** Sends a second of one run, from its first row to its end. */
async function rateOf(origin: string, run: Run, logger: Logger, rateLimit: number): Promise<number> {
  const messages = rateLimit === 0 ? UNLIMITED_MESSAGES : rateLimit * SECONDS;
  const channel = httpChannel({
    method: 'POST',
    url: `${origin}/v1/push`,
    body: (row: Record<string, unknown>) => ({ to: row.id }),
    providerId: '/id',
    outcomes: { sent: [200] },
  });
  const counts = newCounts();
  let startedMs = 0;
  const exitCode = await runPipeline(
    {
      reader: reader(messages),
      sender: asyncSender({ channel, concurrency: CONCURRENCY, rateLimit }),
      logger,
    },
    run,
    {
      input: INPUT,
      keep: {
        plan: BENCH_PLAN,
        inDoubt: 'hold',
        inDoubtWindow: 1_000,
        live: new LiveControl(),
      },
      ending: new Ending(),
      counts,
      drainTimeoutMs: 1_000,
      started: () => {
        startedMs = performance.now();
      },
      spill: async () => {},
    },
  );
  if (exitCode !== 0 || counts.logged.sent !== messages)
    throw new Error(`a run ended with ${exitCode} and ${counts.logged.sent} sent`);
  return (messages * 1_000) / (performance.now() - startedMs);
}

await chmod(FOLDER, 0o755);
const postgres = await startLocalPostgres({ directory: FOLDER });
const pool = new pg.Pool({ connectionString: postgres.url });
const server = fork(new URL('./server.mjs', import.meta.url), ['5'], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
try {
  const origin = await new Promise<string>((resolve) =>
    server.once('message', (port) => resolve(`http://127.0.0.1:${port}`)),
  );
  let runs = 0;
  const withLedger = (rate: number) =>
    rateOf(
      origin,
      benchRun(`bench-${runs++}`, { environment: { DATABASE_URL: postgres.url }, stateDir: FOLDER }),
      new PostgresLog('send_log'),
      rate,
    );
  const without = (rate: number) => {
    const run = benchRun(`bench-${runs++}`, {
      environment: { DATABASE_URL: postgres.url },
      stateDir: FOLDER,
    });
    return rateOf(origin, run, bareLog(pool, run), rate);
  };
  await withLedger(1_000);
  for (const limit of [5_000, 0]) {
    const rates: { on: number; off: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const on = round % 2 === 0 ? await withLedger(limit) : 0;
      const off = await without(limit);
      rates.push({ on: on || (await withLedger(limit)), off });
    }
    const [on, off] = [rates.map((each) => each.on), rates.map((each) => each.off)];
    console.log(limit === 0 ? 'as many as they can' : `${show(limit)} sends a second asked for`);
    console.log(`  without a ledger  ${range(off, 'sends/s')}`);
    console.log(`  with the ledger   ${range(on, 'sends/s')}`);
    console.log(`  ratio of the medians ${(median(on) / median(off)).toFixed(3)}`);
  }
} finally {
  server.kill();
  await pool.end();
  await postgres.close();
  rmSync(FOLDER, { recursive: true, force: true });
}
