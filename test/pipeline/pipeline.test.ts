import { describe, expect, test } from 'vitest';
import { type Clock, VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, Channel, Logger, Reader } from '../../src/pipeline/contract.js';
import { loggedTotal, newCounts } from '../../src/pipeline/counts.js';
import { Ending } from '../../src/pipeline/ending.js';
import { runPipeline } from '../../src/pipeline/pipeline.js';
import type { Row, SendResult } from '../../src/pipeline/record.js';
import { asyncSender } from '../../src/senders/async.js';
import { testRun } from '../setup/run.js';

const INPUT = {
  key: 'id',
  recipient: 'to',
  row: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
};
const PLAN = { layer: 'l@1.0.0', runner: 'one-shot', input: 'yt://t', params: {} };
const ROWS = 5_000;

interface Trouble {
  readonly rows?: number;
  readonly row?: (position: number) => Row;
  readonly isEndless?: boolean;
  /** Throw in the reader once it has handed over so many rows. */
  readonly readerFailsAt?: number;
  readonly answer?: (id: string) => Answer['class'];
  readonly latencyMs?: number;
  /** Throw in the logger at its n-th batch (from 1). */
  readonly loggerFailsAt?: number;
  readonly loggerDelayMs?: number;
  readonly spillFails?: boolean;
  readonly openFails?: 'log' | 'sender' | 'reader' | 'ledger';
  readonly clock?: Clock;
  readonly drainTimeoutMs?: number;
  readonly concurrency?: number;
}

/** A pipeline of the real sender and scripted ends; `act` may end or stop it once it runs. */
async function play(trouble: Trouble, act: (ending: Ending) => unknown = () => {}) {
  const { rows = ROWS, latencyMs = 1, answer = () => 'sent' as const, clock } = trouble;
  const run = testRun(clock === undefined ? {} : { clock });
  const ending = new Ending();
  const counts = newCounts();
  const calls: string[] = [];
  const requested = new Set<string>();
  const logged: SendResult[] = [];
  const spilled: SendResult[] = [];
  const failWhen = (stage: string) => {
    calls.push(`open ${stage}`);
    if (trouble.openFails === stage) throw new RtnError('unavailable', `${stage} cannot open`);
  };

  const reader: Reader = {
    isEndless: trouble.isEndless ?? false,
    total: rows,
    open: async () => failWhen('reader'),
    close: async () => void calls.push('close reader'),
    async read(out, signal) {
      for (let position = 0; position < rows && !signal.aborted; position += 100) {
        if (position >= (trouble.readerFailsAt ?? Number.POSITIVE_INFINITY))
          throw new RtnError('data', 'the table is torn');
        const batch = Array.from({ length: 100 }, (_, index) => ({
          position: position + index,
          row: trouble.row?.(position + index) ?? { id: `m${position + index}`, to: 'driver' },
        }));
        await out.sendMany(batch, signal);
      }
      if (trouble.isEndless && !signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  const channel: Channel = {
    key: 'scripted',
    open: async () => failWhen('sender'),
    close: async () => void calls.push('close sender'),
    async send({ id }) {
      requested.add(id);
      await new Promise<void>((resolve) => void run.clock.schedule(latencyMs, resolve));
      const answerClass = answer(id);
      const error =
        answerClass === 'terminal' ? { error: new RtnError('credentials', 'the token is refused') } : {};
      return {
        class: answerClass,
        httpStatus: null,
        providerId: null,
        errorCode: null,
        errorText: null,
        retryAfterMs: null,
        ...error,
      };
    },
  };
  let batches = 0;
  const logger: Logger & { unwritten: readonly SendResult[] } = {
    unwritten: [],
    address: 'a test',
    ledger: {
      begin: async () => failWhen('ledger'),
      end: async ({ state, exitCode }) => void calls.push(`end ${state} ${exitCode}`),
    },
    open: async () => failWhen('log'),
    close: async () => void calls.push('close log'),
    async log(results, { written }) {
      for (;;) {
        const batch = await results.receiveMany(50);
        if (batch.length === 0) return;
        if (trouble.loggerDelayMs !== undefined) {
          await new Promise<void>((resolve) => void run.clock.schedule(trouble.loggerDelayMs ?? 0, resolve));
        }
        this.unwritten = batch;
        if (++batches === trouble.loggerFailsAt) throw new RtnError('storage', 'the disk is full');
        this.unwritten = [];
        logged.push(...batch);
        written(batch);
      }
    },
  };
  const exitCode = await runPipeline(
    { reader, sender: asyncSender({ channel, concurrency: trouble.concurrency ?? 16 }), logger },
    run,
    {
      input: INPUT,
      plan: PLAN,
      ending,
      counts,
      drainTimeoutMs: trouble.drainTimeoutMs ?? 30_000,
      started: () => act(ending),
      async spill(results) {
        if (trouble.spillFails) throw new RtnError('storage', 'no space for the spill file');
        spilled.push(...results);
      },
    },
  );
  return { exitCode, ending, counts, calls, requested, logged, spilled, run };
}

/** What must hold however a run ended. */
function expectBalance({ counts, logged, spilled, requested }: Awaited<ReturnType<typeof play>>): void {
  expect(counts.read).toBe(loggedTotal(counts) + counts.spilled + counts.lost + counts.left);
  expect(loggedTotal(counts)).toBe(logged.length);
  expect(counts.spilled).toBe(spilled.length);
  const results = [...logged, ...spilled].map(({ messageId }) => messageId);
  expect(new Set(results).size).toBe(results.length);
  for (const { messageId, channel } of logged) if (channel !== null) expect(requested).toContain(messageId);
}

test('at the end of the input every row is logged, and everything is closed in reverse order', async () => {
  const played = await play({});
  expect(played.exitCode).toBe(0);
  expect(played.counts).toMatchObject({ read: ROWS, left: 0, logged: { sent: ROWS } });
  expect(played.calls).toEqual([
    'open log',
    'open sender',
    'open reader',
    'open ledger',
    'end finished 0',
    'close reader',
    'close sender',
    'close log',
  ]);
  expectBalance(played);
});

test('an empty input is a success', async () => {
  expect(await play({ rows: 0 })).toMatchObject({ exitCode: 0, counts: { read: 0 } });
});

describe('a row that does not fit', () => {
  test.each([
    ['the schema', { id: 5 }, 'invalid_row', 'column id must be string', '5'],
    ['the key', { to: 'driver' }, 'invalid_row', "must have required property 'id'", '#0'],
    ['a JSON number', { id: 'm0', amount: 2n ** 60n }, 'unsafe_integer', 'column amount', 'm0'],
  ])(
    '%s is logged as rejected with the reason, and not sent',
    async (_, row, errorCode, errorText, messageId) => {
      const played = await play({
        rows: 100,
        row: (position) => (position === 0 ? row : { id: `ok${position}` }),
      });
      expect(played.exitCode).toBe(0);
      expect(played.logged.find(({ position }) => position === 0)).toMatchObject({
        outcome: 'rejected',
        attempts: 0,
        channel: null,
        errorCode,
        errorText: expect.stringContaining(errorText),
        messageId,
      });
      expect(played.requested.size).toBe(99);
      expectBalance(played);
    },
  );
});

describe('a failure', () => {
  const SLOW_LOG = { loggerDelayMs: 5 };
  test.each<[string, Trouble, string, number, string]>([
    ['of the reader at once', { readerFailsAt: 0 }, 'reader', 65, 'the table is torn'],
    ['of the reader midway', { readerFailsAt: 2_000 }, 'reader', 65, 'the table is torn'],
    [
      'of the reader while the log is slow',
      { readerFailsAt: 2_000, ...SLOW_LOG },
      'reader',
      65,
      'the table is torn',
    ],
    ['of the sender on the first row', { answer: () => 'terminal' }, 'sender', 77, 'the token is refused'],
    [
      'of the sender midway',
      { answer: (id) => (id === 'm1234' ? 'terminal' : 'sent') },
      'sender',
      77,
      'the token is refused',
    ],
    [
      'of the sender while the log is slow',
      { answer: (id) => (id === 'm1234' ? 'terminal' : 'sent'), ...SLOW_LOG },
      'sender',
      77,
      'the token is refused',
    ],
    [
      'of the sender on the last row',
      { answer: (id) => (id === 'm4999' ? 'terminal' : 'sent') },
      'sender',
      77,
      'the token is refused',
    ],
    ['of the log at its first batch', { loggerFailsAt: 1 }, 'log', 74, 'the disk is full'],
    ['of the log midway', { loggerFailsAt: 20 }, 'log', 74, 'the disk is full'],
    [
      'of the log while it drains',
      { rows: 400, loggerFailsAt: 8, ...SLOW_LOG },
      'log',
      74,
      'the disk is full',
    ],
  ])('%s stops the run, and every result is kept', async (_, trouble, stage, exitCode, message) => {
    const played = await play(trouble);
    expect(played.exitCode).toBe(exitCode);
    expect(played.ending.stopCause).toMatchObject({ stage, error: { message } });
    expect(played.calls).toContain(`end stopped ${exitCode}`);
    expect(played.calls.slice(-3)).toEqual(['close reader', 'close sender', 'close log']);
    expectBalance(played);
    if (stage === 'log') expect(played.spilled.length).toBeGreaterThan(0);
  });

  test('of the spill file too is told, and what is lost is counted', async () => {
    const played = await play({ loggerFailsAt: 3, spillFails: true });
    expect(played.exitCode).toBe(74);
    expect(played.counts.lost).toBeGreaterThan(0);
    expect(played.ending.stopCause).toMatchObject({ stage: 'log' });
    expectBalance(played);
  });

  test.each(['log', 'sender', 'reader', 'ledger'] as const)(
    'to open the %s reads nothing and closes what was opened',
    async (stage) => {
      const played = await play({ openFails: stage });
      expect(played.exitCode).toBe(69);
      expect(played.ending.stopCause).toMatchObject({ error: { message: `${stage} cannot open` } });
      expect(played.counts.read).toBe(0);
      const opened = played.calls
        .filter((call) => call.startsWith('open ') && call !== 'open ledger')
        .map((call) => call.slice(5));
      expect(played.calls.filter((call) => call.startsWith('close '))).toEqual(
        opened.reverse().map((name) => `close ${name}`),
      );
      expect(played.calls.some((call) => call.startsWith('end '))).toBe(false);
    },
  );
});

describe('SIGTERM', () => {
  test.each([
    ['with a fast log', {}],
    ['while the log is slow', { loggerDelayMs: 2 }],
  ])(
    '%s stops reading; what was read is sent and logged; a one-shot is to be started again',
    async (_, trouble) => {
      const played = await play(trouble, (ending) => setImmediate(() => ending.end('SIGTERM')));
      expect(played.exitCode).toBe(75);
      expect(played.counts.read).toBeLessThan(ROWS);
      expect(played.counts.left).toBe(0);
      expect(played.counts.logged.sent).toBe(played.counts.read);
      expectBalance(played);
    },
  );

  test('is a success for a stream', async () => {
    const played = await play({ rows: 300, isEndless: true }, (ending) =>
      setTimeout(() => ending.end('SIGTERM'), 50),
    );
    expect(played).toMatchObject({ exitCode: 0, counts: { read: 300, left: 0, logged: { sent: 300 } } });
  });

  test('after the input was read changes nothing', async () => {
    let end = () => {};
    const answer = () => {
      end();
      return 'sent' as const;
    };
    const played = await play({ rows: 100, latencyMs: 20, concurrency: 100, answer }, (ending) => {
      end = () => ending.end('SIGTERM');
    });
    expect(played).toMatchObject({ exitCode: 0, counts: { read: 100, logged: { sent: 100 } } });
  });

  test('becomes a Stop when what was read cannot be sent within the drain timeout', async () => {
    const clock = new VirtualClock();
    const playing = play({ clock, latencyMs: 10_000, concurrency: 2, drainTimeoutMs: 25_000 }, (ending) =>
      clock.schedule(1_000, () => ending.end('SIGTERM')),
    );
    await clock.advance(120_000);
    const played = await playing;
    expect(played.exitCode).toBe(75);
    expect(played.ending.stopCause).toMatchObject({ stage: 'drain' });
    expect(played.counts.logged.sent).toBe(6);
    expect(played.counts.left).toBeGreaterThan(100);
    expect(played.counts.left).toBe(played.counts.read - played.counts.logged.sent);
    expectBalance(played);
  });
});
