import { closeSync, openSync, writeSync } from 'node:fs';
import { systemClock } from '../../dist/clock.js';
import { YtLog } from '../../dist/loggers/yt-log.js';
import { newCounts } from '../../dist/pipeline/counts.js';
import { Ending } from '../../dist/pipeline/ending.js';
import { LiveControl } from '../../dist/pipeline/live-control.js';
import { parseLocation } from '../../dist/pipeline/location.js';
import { runPipeline } from '../../dist/pipeline/pipeline.js';

// A run of 3,000 rows that logs on YTsaurus. What it sends, a line in a file tells: that stands whenever it is killed.

const [id, log, sentFile, pauseMs] = process.argv.slice(2);
const ROWS = 3_000;
const sent = openSync(sentFile, 'a');

const reader = {
  isEndless: false,
  total: ROWS,
  open: async () => {},
  close: async () => {},
  async read(out, signal, { from = 0 } = {}) {
    for (let position = from; position < ROWS && !signal.aborted; position++)
      await out.send({ position, row: { id: `m${position}` } }, signal);
  },
};

const sender = {
  open: async () => {},
  close: async () => closeSync(sent),
  async send(messages, results) {
    for (;;) {
      const batch = await messages.receiveMany(5);
      if (batch.length === 0) return { left: 0 };
      writeSync(sent, batch.map(({ position }) => `${position}\n`).join(''));
      await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
      for (const { id: messageId, position } of batch) await results.send(resultOf(messageId, position));
    }
  },
};

function resultOf(messageId, position) {
  const none = { recipient: null, httpStatus: null, providerId: null, errorCode: null, errorText: null };
  const times = { startedAtMs: Date.now(), finishedAtMs: Date.now() };
  return {
    outcome: 'sent',
    messageId,
    position,
    channel: 'file',
    attempts: 1,
    suppress: false,
    ...none,
    ...times,
  };
}

const run = {
  ...{ id, rootId: id, keyId: id, operation: 'driver_push', version: '1.0.0', digest: 'd'.repeat(64) },
  ...{ shard: 0, shards: 1, selection: null, clock: systemClock, environment: process.env, stateDir: '.' },
  warn: (message) => process.stderr.write(`${message}\n`),
};
const plan = {
  ...{
    layer: 'l@1.0.0',
    runner: 'one-shot',
    input: 'script',
    inputIdentity: 'sha256:1',
    params: {},
    tuning: [],
  },
  ...{ selection: null, shards: 1, retry: null },
};

process.exitCode = await runPipeline({ reader, sender, logger: new YtLog(parseLocation(`yt:${log}`)) }, run, {
  input: { key: 'id', row: { type: 'object' } },
  keep: { plan, inDoubt: 'resend', inDoubtWindow: 500, live: new LiveControl() },
  ending: new Ending(),
  counts: newCounts(),
  drainTimeoutMs: 60_000,
  spill: async () => {
    throw new Error('the log could not be written');
  },
});
