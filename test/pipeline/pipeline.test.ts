import { describe, expect, test } from 'vitest';
import { type Clock, VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, Channel, Logger, Reader, Sender } from '../../src/pipeline/contract.js';
import { loggedTotal, newCounts } from '../../src/pipeline/counts.js';
import { Ending } from '../../src/pipeline/ending.js';
import type { NewRun, RunEnd } from '../../src/pipeline/ledger.js';
import { Outstanding } from '../../src/pipeline/outstanding.js';
import { runPipeline } from '../../src/pipeline/pipeline.js';
import type { Message, Row, SendResult } from '../../src/pipeline/record.js';
import { Selection, type SelectionOptions } from '../../src/pipeline/selection.js';
import type { ThresholdOptions } from '../../src/pipeline/thresholds.js';
import { asyncSender } from '../../src/senders/async.js';
import { testKeep } from '../setup/keep.js';
import { MemoryLedger, MemoryStore } from '../setup/memory-ledger.js';
import { testRun } from '../setup/run.js';

const INPUT = {
  key: 'id',
  recipient: 'to',
  row: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
};
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
  readonly suppress?: (id: string) => boolean;
  /** The sender throws, against its contract, once it has put so many results on the queue. */
  readonly senderThrowsAfter?: number;
  /** The logger returns, against its contract, instead of its n-th batch. */
  readonly loggerReturnsAt?: number;
  readonly isRefused?: boolean;
  readonly thresholds?: ThresholdOptions;
  readonly selection?: SelectionOptions;
  /** Wall time of the clock's beginning plus so much. */
  readonly notAfterMs?: number;
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
        suppress: trouble.suppress?.(id) ?? false,
        ...error,
      };
    },
  };
  let batches = 0;
  const store = new MemoryStore();
  const ledger = new (class extends MemoryLedger {
    override async begin(begun: NewRun) {
      failWhen('ledger');
      return super.begin(begun);
    }
    override async end(end: RunEnd) {
      calls.push(`end ${end.state} ${end.exitCode}`);
      await super.end(end);
    }
  })(store);
  const logger: Logger & { unwritten: readonly SendResult[] } = {
    unwritten: [],
    address: 'a test',
    ledger,
    open: async () => failWhen('log'),
    close: async () => void calls.push('close log'),
    async log(results, { settle, written }) {
      for (;;) {
        const batch = await results.receiveMany(50);
        if (batch.length === 0) return;
        if (trouble.loggerDelayMs !== undefined) {
          await new Promise<void>((resolve) => void run.clock.schedule(trouble.loggerDelayMs ?? 0, resolve));
        }
        this.unwritten = batch;
        if (batches + 1 === trouble.loggerReturnsAt) return;
        if (++batches === trouble.loggerFailsAt) throw new RtnError('storage', 'the disk is full');
        this.unwritten = [];
        logged.push(...batch);
        const settled = settle(batch);
        ledger.settle(settled);
        written(batch, settled);
      }
    },
  };
  const real = asyncSender({ channel, concurrency: trouble.concurrency ?? 16 });
  const sender: Sender = {
    ...real,
    async send(messages, results, control) {
      if (trouble.senderThrowsAfter === undefined) return real.send(messages, results, control);
      for (let sent = 0; ; sent++) {
        const [message] = await messages.receiveMany(1);
        if (message === undefined) return { left: 0 };
        requested.add(message.id);
        if (sent === trouble.senderThrowsAfter) throw new Error('a bug');
        await results.send(resultOf(message));
      }
    },
  };
  const outstanding = new Outstanding();
  const exitCode = await runPipeline({ reader, sender, logger }, run, {
    input: INPUT,
    keep: testKeep(),
    outstanding,
    ending,
    counts,
    drainTimeoutMs: trouble.drainTimeoutMs ?? 30_000,
    thresholds: trouble.thresholds,
    selection: trouble.selection && new Selection(INPUT, 'driver_push', trouble.selection),
    notAfterMs: trouble.notAfterMs === undefined ? undefined : run.clock.now() + trouble.notAfterMs,
    async confirm() {
      if (trouble.isRefused) throw new RtnError('temporary', 'not confirmed');
    },
    started: () => act(ending),
    async spill(results) {
      if (trouble.spillFails) throw new RtnError('storage', 'no space for the spill file');
      spilled.push(...results);
    },
  });
  return { exitCode, ending, counts, calls, requested, logged, spilled, outstanding, run, store };
}

function resultOf({ id, position, recipient }: Message): SendResult {
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

/** What must hold however a run ended. */
function expectBalance({
  counts,
  logged,
  spilled,
  requested,
  outstanding,
}: Awaited<ReturnType<typeof play>>): void {
  expect(counts.read).toBe(loggedTotal(counts) + counts.spilled + counts.lost + counts.left);
  expect(loggedTotal(counts)).toBe(logged.length);
  expect(counts.spilled).toBe(spilled.length);
  expect(outstanding.size).toBe(counts.left);
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
    'open ledger',
    'open ledger',
    'open sender',
    'open reader',
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
      const hasBegun = stage === 'sender' || stage === 'reader';
      expect(played.calls.filter((call) => call.startsWith('end '))).toEqual(
        hasBegun ? ['end stopped 69'] : [],
      );
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

describe('a threshold', () => {
  test('of rejected rows stops the run with 65, and what is under way is still logged', async () => {
    const played = await play({
      row: (position) => (position % 2 === 0 ? { id: position } : { id: `m${position}` }),
      thresholds: { maxRejectedRatio: 0.3 },
    });
    expect(played.exitCode).toBe(65);
    expect(played.ending.stopCause).toMatchObject({
      stage: 'threshold',
      error: {
        message: expect.stringMatching(
          /% of the last \d+ results were rejected.*max_rejected_ratio: invalid_row/,
        ),
      },
    });
    expect(played.counts.read).toBeLessThan(ROWS);
    expectBalance(played);
  });

  test('of failures stops the run with 69', async () => {
    const played = await play({
      answer: (id) => (id.endsWith('7') || id.endsWith('3') ? 'in-doubt' : 'sent'),
      thresholds: { maxFailedRatio: 0.1, maxRejectedRatio: 0 },
    });
    expect(played.exitCode).toBe(69);
    expect(played.ending.stopCause).toMatchObject({ stage: 'threshold', error: { code: 'unavailable' } });
    expectBalance(played);
  });

  test('that is not passed changes nothing', async () => {
    const played = await play({
      answer: (id) => (id.endsWith('7') ? 'rejected' : 'sent'),
      thresholds: { maxFailedRatio: 0, maxRejectedRatio: 0.2 },
    });
    expect(played).toMatchObject({ exitCode: 0, counts: { logged: { rejected: ROWS / 10 } } });
  });
});

describe('the latest time to send', () => {
  const play1Minute = async (trouble: Trouble) => {
    const clock = new VirtualClock();
    const playing = play({ clock, ...trouble });
    await clock.advance(60_000);
    return playing;
  };

  test('leaves what is not sent by then; a request under way is still logged', async () => {
    const played = await play1Minute({ latencyMs: 1_000, concurrency: 2, notAfterMs: 9_500 });
    expect(played.exitCode).toBe(75);
    expect(played.ending.stopCause).toMatchObject({ stage: 'deadline' });
    expect(played.counts.logged.sent).toBe(20);
    expect(played.requested.size).toBe(20);
    expectBalance(played);
  });

  test('counts for repeats that wait, too', async () => {
    const played = await play1Minute({ rows: 100, concurrency: 100, answer: () => 'retry', notAfterMs: 50 });
    expect(played.exitCode).toBe(75);
    expect(played.counts.left).toBeGreaterThan(0);
    expectBalance(played);
  });

  test.each([
    ['that comes while the last requests are under way stops nothing', 1_500],
    ['that comes after all was sent stops nothing', 5_000],
  ])('%s', async (_, notAfterMs) => {
    const played = await play1Minute({ rows: 100, latencyMs: 1_000, concurrency: 100, notAfterMs });
    expect(played).toMatchObject({ exitCode: 0, counts: { left: 0, logged: { sent: 100 } } });
    expect(played.ending.stopCause).toBeUndefined();
  });

  test('that has passed opens nothing', async () => {
    const played = await play({ notAfterMs: -1 });
    expect(played).toMatchObject({ exitCode: 75, counts: { read: 0 }, calls: [] });
  });
});

describe('a part of the input', () => {
  test('ends the reading when it is complete, which is a success', async () => {
    const played = await play({ selection: { limit: 10 } });
    expect(played).toMatchObject({ exitCode: 0, counts: { read: 10, left: 0, logged: { sent: 10 } } });
    expect(played.counts.notSelected).toBeLessThan(ROWS);
    expectBalance(played);
  });

  test('is all that a Stop leaves', async () => {
    const played = await play({
      selection: { only: ['m5', 'm4000', 'm4999'] },
      answer: () => 'terminal',
    });
    expect(played.exitCode).toBe(77);
    expect(played.counts.read).toBeLessThanOrEqual(3);
    expectBalance(played);
  });
});

test('recipients that are not to be sent to again are counted', async () => {
  const played = await play({ rows: 100, answer: () => 'sent', suppress: (id) => id === 'm7' });
  expect(played.counts.suppressed).toBe(1);
});

test('a sender that throws leaves what it had taken', async () => {
  const played = await play({ senderThrowsAfter: 30 });
  expect(played.exitCode).toBe(70);
  expect(played.ending.stopCause).toMatchObject({ stage: 'sender' });
  expect(played.ending.further).toEqual([]);
  expectBalance(played);
});

test('a log that returns too early is told, and the results are kept', async () => {
  const played = await play({ loggerReturnsAt: 3 });
  expect(played.exitCode).toBe(70);
  expect(played.ending.stopCause).toMatchObject({ stage: 'log' });
  expect(played.spilled.length).toBeGreaterThan(0);
  expectBalance(played);
});

test('of what a person does not confirm nothing is read', async () => {
  const played = await play({ isRefused: true });
  expect(played).toMatchObject({ exitCode: 75, counts: { read: 0 } });
  expect(played.ending.stopCause).toMatchObject({ stage: 'confirmation' });
  expect(played.calls).toContain('end stopped 75');
  expect(played.store.lease).toMatchObject({ holder: '' });
});
