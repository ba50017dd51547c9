import { RtnError, runner } from '../../dist/index.js';

// A runner whose stages are scripted: which one hangs or fails, and whether the queues are full then. It prints
// `ready: PRESSURE` when that is so.

const text = (value) => ({ type: 'string', default: value });

await runner({
  operation: {
    name: 'scripted',
    version: '1.0.0',
    runner: 'one-shot',
    digest: 'd'.repeat(64),
    layer: 'test@1.0.0',
  },
  inputs: { rows: { key: 'id', row: { type: 'object' } } },
  outputs: { log: { type: 'send-log', default: 'pg:scripted_log' } },
  params: { pressure: text('empty'), hangs: text('nothing'), fails: text('nothing') },
  secrets: {},
  policy: { drainTimeoutMs: 60_000 },
  pipeline: ({ params }) => scripted(params),
});

function scripted({ pressure, hangs, fails }) {
  const isFull = pressure === 'full';
  const queues = {};
  const never = () => new Promise(() => setInterval(() => {}, 1_000));
  const isReady = () =>
    isFull
      ? queues.incoming?.length === 512 && queues.messages?.length === 512
      : queues.logged > 0 && (hangs !== 'sender' || queues.isSilent) && (hangs !== 'log' || queues.isHung);
  const watch = setInterval(() => {
    if (!isReady()) return;
    clearInterval(watch);
    process.stderr.write(`ready: ${pressure}\n`);
  }, 5);
  watch.unref();
  const reader = {
    isEndless: false,
    total: undefined,
    open: async () => {},
    close: async () => {},
    async read(out, signal) {
      queues.incoming = out;
      for (let position = 0; !signal.aborted; position++) {
        await out.send({ position, row: { id: `m${position}` } }, signal);
        if (!isFull) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (hangs === 'reader') await never();
    },
  };
  const sender = {
    open: async () => {},
    close: async () => {},
    async send(messages, results, { signal, counts }) {
      queues.messages = messages;
      let left = 0;
      for (
        let message = await messages.receive();
        message !== undefined;
        message = await messages.receive()
      ) {
        // Some rows come through, so that there is something to log; then the provider is silent.
        if (hangs === 'sender' && message.position >= 10) {
          counts.inFlight++;
          queues.isSilent = true;
          await never();
        }
        if (signal.aborted) left++;
        else await results.send(sent(message));
      }
      return { left };
    },
  };
  const logger = {
    unwritten: [],
    address: 'a script',
    ledger: undefined,
    open: async () => {},
    close: async () => {},
    async log(results, { settle, written }) {
      queues.logged = 0;
      for (;;) {
        const batch = await results.receiveMany(100);
        if (batch.length === 0) return;
        if (hangs === 'log' && (isFull || queues.logged > 0)) {
          queues.isHung = true;
          await never();
        }
        if (isFull) while (!isReady()) await new Promise((resolve) => setTimeout(resolve, 5));
        this.unwritten = batch;
        if (fails === 'log') throw new RtnError('storage', 'the disk is full');
        this.unwritten = [];
        queues.logged += batch.length;
        written(batch, settle(batch));
        if (isFull && hangs !== 'nothing') await never();
      }
    },
  };
  return { reader, sender, logger };
}

function sent({ id, position, recipient }) {
  return {
    outcome: 'sent',
    messageId: id,
    position,
    recipient,
    channel: 'scripted',
    attempts: 1,
    httpStatus: null,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: 0,
    finishedAtMs: 0,
  };
}
