import { FileLog } from '../../dist/loggers/file-log.js';
import { Claims } from '../../dist/pipeline/claims.js';
import { newCounts } from '../../dist/pipeline/counts.js';
import { thisHolder } from '../../dist/pipeline/holder.js';
import { Queue } from '../../dist/pipeline/queue.js';

// A start of a run that claims and logs positions, some at a time, and prints what it was told is durable; then
// `ended: CODE`. `claims` only claims.

const [folder, runId, what = 'all'] = process.argv.slice(2);
const SIZE = 40;
const digest = 'd'.repeat(64);
const plan = { shards: 1 };
const run = {
  id: runId,
  rootId: runId,
  keyId: runId,
  operation: 'driver_push',
  version: '1.0.0',
  digest,
  shard: 0,
  shards: 1,
  selection: null,
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => Math.random(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
  warn: () => {},
};

const log = new FileLog(folder);
await log.open(run);
const { ledger } = log;
await ledger.begin({ runId, rootId: runId, operation: run.operation, version: run.version, digest, plan });
await ledger.take(await ledger.lease(), thisHolder());
const claims = new Claims(await ledger.load());
console.log('began');
try {
  for (let last = []; ; ) {
    const next = Array.from({ length: SIZE }, (_, index) => claims.end + index);
    const [claimed, logged] = await Promise.allSettled([claim(next), what === 'claims' || logAll(last)]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (logged.status === 'rejected') throw logged.reason;
    last = next;
  }
} catch (error) {
  console.log(`ended: ${error.details?.fenced ? 'fenced' : (error.code ?? error.stack)}: ${error.message}`);
}

async function claim(positions) {
  await ledger.claim(claims.claim(positions));
  console.log(`claimed ${positions[0]} ${positions.at(-1)}`);
}

async function logAll(positions) {
  if (positions.length === 0) return;
  const queue = new Queue(positions.length);
  queue.trySendMany(positions.map(result));
  queue.close();
  await log.log(queue, {
    settle: (results) => ({ ...claims.settle(results), counts: newCounts() }),
    written: (results) => console.log(`logged ${results[0].position} ${results.at(-1).position}`),
    pressure: { isPressed: false, onPressed: () => {} },
  });
}

function result(position) {
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
    startedAtMs: 0,
    finishedAtMs: 0,
  };
}
