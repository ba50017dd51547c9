import { fork } from 'node:child_process';
import { Pool } from 'undici';
import { httpChannel } from '../src/channels/http.js';
import type { Logger, Reader } from '../src/pipeline/contract.js';
import { newCounts } from '../src/pipeline/counts.js';
import { Ending } from '../src/pipeline/ending.js';
import { LiveControl } from '../src/pipeline/live-control.js';
import { runPipeline } from '../src/pipeline/pipeline.js';
import { asyncSender } from '../src/senders/async.js';
import { show } from './figures.js';
import { BENCH_PLAN, benchRun } from './run.js';

// What the pipeline costs: sends a second through reader, admission, async sender and http channel into a logger that
// only counts, as a share of a bare loop of undici requests with the same body, connections and server. Both run in
// this process against one server process, in turns; the best of the rounds counts, since machines are noisy.

const MESSAGES = 40_000;
const CONCURRENCY = 64;
const ROUNDS = 3;
const INPUT = {
  key: 'message_id',
  recipient: 'driver_id',
  row: {
    type: 'object',
    required: ['message_id', 'driver_id', 'title', 'text'],
    properties: Object.fromEntries(
      ['message_id', 'driver_id', 'title', 'text'].map((name) => [
        name,
        { type: 'string', maxLength: 1_024 },
      ]),
    ),
  },
};

function row(position: number): Record<string, string> {
  return {
    message_id: `m-${position}`,
    driver_id: `driver-${position}`,
    title: 'New bonus',
    text: 'Drive five trips today: +10%',
  };
}

/** Requests a second of N loops that await one request after the other. */
async function bareLoop(origin: string): Promise<number> {
  const pool = new Pool(origin, { connections: CONCURRENCY });
  let next = 0;
  const startedMs = performance.now();
  const loop = async () => {
    while (next < MESSAGES) {
      const { message_id, driver_id: to, title, text } = row(next++);
      const headers = {
        'content-type': 'application/json',
        authorization: 'Bearer token',
        'idempotency-key': message_id ?? '',
      };
      const { body } = await pool.request({
        method: 'POST',
        path: '/v1/push',
        headers,
        body: JSON.stringify({ to, title, text }),
      });
      await body.text();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, loop));
  const rate = (MESSAGES * 1_000) / (performance.now() - startedMs);
  await pool.destroy();
  return rate;
}

/** Messages a second of the whole pipeline, without a log behind it. */
async function pipeline(origin: string): Promise<number> {
  const reader: Reader = {
    isEndless: false,
    total: MESSAGES,
    open: async () => {},
    close: async () => {},
    async read(out, signal) {
      for (let position = 0; position < MESSAGES; position += 200) {
        await out.sendMany(
          Array.from({ length: 200 }, (_, index) => ({
            position: position + index,
            row: row(position + index),
          })),
          signal,
        );
      }
    },
  };
  const logger: Logger = {
    unwritten: [],
    address: 'nowhere',
    ledger: undefined,
    open: async () => {},
    close: async () => {},
    async log(results, { settle, written }) {
      for (
        let batch = await results.receiveMany(5_000);
        batch.length > 0;
        batch = await results.receiveMany(5_000)
      )
        written(batch, settle(batch));
    },
  };
  const channel = httpChannel({
    method: 'POST',
    url: `${origin}/v1/push`,
    headers: { authorization: 'Bearer token' },
    idempotencyKey: 'Idempotency-Key',
    body: (message: Record<string, unknown>) => ({
      to: message.driver_id,
      title: message.title,
      text: message.text,
    }),
    providerId: '/id',
    outcomes: { sent: [200] },
  });
  const counts = newCounts();
  const startedMs = performance.now();
  const run = benchRun('bench', { warn: () => {} });
  const options = {
    input: INPUT,
    keep: {
      plan: BENCH_PLAN,
      inDoubt: 'resend' as const,
      live: new LiveControl(),
    },
    ending: new Ending(),
    counts,
    drainTimeoutMs: 1_000,
    spill: async () => {},
  };
  const exitCode = await runPipeline(
    { reader, sender: asyncSender({ channel, concurrency: CONCURRENCY }), logger },
    run,
    options,
  );
  if (exitCode !== 0 || counts.logged.sent !== MESSAGES)
    throw new Error(`the pipeline ended with ${exitCode} and ${counts.logged.sent} sent`);
  return (MESSAGES * 1_000) / (performance.now() - startedMs);
}

const server = fork(new URL('./server.mjs', import.meta.url), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
const origin = await new Promise<string>((resolve) =>
  server.once('message', (port) => resolve(`http://127.0.0.1:${port}`)),
);
const best = { bare: 0, pipeline: 0 };
for (let round = 0; round < ROUNDS; round++) {
  best.bare = Math.max(best.bare, await bareLoop(origin));
  best.pipeline = Math.max(best.pipeline, await pipeline(origin));
}
server.kill();
console.log(
  `bare undici loop ${show(best.bare)}/s, pipeline ${show(best.pipeline)}/s, ratio ${(best.pipeline / best.bare).toFixed(2)}`,
);
