import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, Channel, Logger, Reader } from '../../src/pipeline/contract.js';
import { loggedTotal, newCounts } from '../../src/pipeline/counts.js';
import { Ending, type Stage } from '../../src/pipeline/ending.js';
import { runPipeline } from '../../src/pipeline/pipeline.js';
import type { Queue } from '../../src/pipeline/queue.js';
import type { Incoming, Message, SendResult } from '../../src/pipeline/record.js';
import { asyncSender } from '../../src/senders/async.js';
import { testKeep } from '../setup/keep.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';

// Each stage x {terminal error, drain timeout, SIGTERM, second signal} x {queues full, queues empty}. The first three run
// in virtual time: the event strikes half a minute into the run, with every queue full because the log stands still, or
// with every queue empty because rows come one by one. The second signal ends a process, so it gets one.

const INPUT = { key: 'id', recipient: 'to', row: { type: 'object', required: ['id'] } };
const STRIKE_MS = 30_000;
/** More than the queues and the sender's slots can hold. */
const ROWS = 12_000;
/** The first rows that admission meets when the queue of results is full: it judges 256 at a time. */
const FULL_POSITION = 8_704;

type Pressure = 'full' | 'empty';

interface Script {
  readonly pressure: Pressure;
  /** The stage that fails at the strike. */
  readonly fails?: readonly Stage[];
  /** The stage that takes so long from the strike on. */
  readonly slow?: Stage | undefined;
  readonly slowMs?: number;
  readonly isEnded?: boolean;
  readonly spillFails?: boolean;
}

interface Queues {
  incoming?: Queue<Incoming>;
  messages?: Queue<Message>;
  results?: Queue<SendResult>;
}

async function play({ pressure, fails = [], slow, slowMs = 0, isEnded, spillFails }: Script) {
  const clock = new VirtualClock();
  const run = testRun({ clock });
  const ending = new Ending();
  const counts = newCounts();
  const queues: Queues = {};
  const logged: SendResult[] = [];
  const spilled: SendResult[] = [];
  const requested = new Set<string>();
  const lengths: (number | undefined)[] = [];
  const isFull = pressure === 'full';
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.schedule(ms, resolve));
  let sharedMs: Promise<void> | undefined;
  const nextMs = () => {
    sharedMs ??= wait(1).then(() => {
      sharedMs = undefined;
    });
    return sharedMs;
  };
  const until = async (ms: number) => {
    if (clock.monotonic() < ms) await wait(ms - clock.monotonic());
  };
  /** Admission meets it at the strike: when the queues are full, or when it comes at that time. */
  const poisonPosition = isFull ? FULL_POSITION : 10;
  const row = (position: number) => {
    const plain = { id: `m${position}`, to: 'driver' };
    if (!fails.includes('admission') || position !== poisonPosition) return plain;
    return {
      get id(): string {
        throw new RtnError('internal', 'the row cannot be judged');
      },
    };
  };

  const reader: Reader = {
    isEndless: false,
    total: ROWS,
    open: async () => {},
    close: async () => {},
    async read(out, signal) {
      queues.incoming = out;
      const fail = async () => {
        await until(STRIKE_MS);
        throw new RtnError('data', 'the table is torn');
      };
      const hand = async () => {
        for (let position = 0; position < ROWS && !signal.aborted; ) {
          const batch = Array.from({ length: isFull ? 100 : 1 }, () => ({ position, row: row(position++) }));
          await out.sendMany(batch, signal);
          if (!isFull) await (position === 10 ? until(STRIKE_MS) : wait(1_000));
        }
        // What a stream holds at its End is still handed over, without a signal.
        if (slow === 'reader')
          for (let rest = 0; rest < slowMs / 1_000; rest++) {
            await out.sendMany([{ position: ROWS + rest, row: row(ROWS + rest) }]);
            await wait(1_000);
          }
      };
      await (fails.includes('reader') ? Promise.race([hand(), fail()]) : hand());
    },
  };
  const channel: Channel = {
    key: 'scripted',
    open: async () => {},
    close: async () => {},
    async send({ id, position }) {
      requested.add(id);
      // The queue of results is full with the first 8,192: those behind are under way at the strike.
      const strikePosition = isFull ? 8_200 : 10;
      if (slow === 'sender' && position >= strikePosition) await until(STRIKE_MS + slowMs);
      await nextMs();
      return answer(position === strikePosition && fails.includes('sender') ? 'terminal' : 'sent');
    },
  };
  const logger: Logger & { unwritten: readonly SendResult[] } = {
    unwritten: [],
    address: 'a test',
    ledger: undefined,
    open: async () => {},
    close: async () => {},
    async log(results, { settle, written }) {
      queues.results = results;
      for (let first = true; ; first = false) {
        const batch = await results.receiveMany(1_000);
        if (batch.length === 0) return;
        this.unwritten = batch;
        // While the log stands still all queues before it fill up.
        const readyMs = STRIKE_MS + (slow === 'log' ? slowMs : 10);
        if (isFull ? first : clock.monotonic() >= STRIKE_MS) await until(readyMs);
        if (fails.includes('log') && clock.monotonic() >= STRIKE_MS) {
          throw new RtnError('storage', 'the disk is full');
        }
        this.unwritten = [];
        logged.push(...batch);
        written(batch, settle(batch));
      }
    },
  };
  const real = asyncSender({ channel, concurrency: 64 });
  const sender: typeof real = {
    ...real,
    send(messages, results, control) {
      queues.messages = messages;
      return real.send(messages, results, control);
    },
  };
  clock.schedule(STRIKE_MS - 1, () => {
    lengths.push(queues.incoming?.length, queues.messages?.length, queues.results?.length);
  });
  // A moment later, so that the row that comes at the strike is on its way.
  if (isEnded) clock.schedule(STRIKE_MS + 0.5, () => ending.end('SIGTERM'));
  let exitCode: number | undefined;
  const playing = runPipeline({ reader, sender, logger }, run, {
    input: INPUT,
    keep: testKeep(),
    ending,
    counts,
    drainTimeoutMs: 60_000,
    async spill(results) {
      if (spillFails) throw new RtnError('storage', 'no space left');
      spilled.push(...results);
    },
  }).then((code) => {
    exitCode = code;
  });
  for (let turns = 0; exitCode === undefined && turns < 1_000; turns++) await clock.advance(10_000);
  await playing;
  return { exitCode, ending, counts, logged, spilled, requested, lengths };
}

function answer(answerClass: Answer['class']): Answer {
  return {
    class: answerClass,
    httpStatus: null,
    providerId: null,
    errorCode: null,
    errorText: null,
    retryAfterMs: null,
    ...(answerClass === 'terminal' && { error: new RtnError('credentials', 'the token is refused') }),
  };
}

type Played = Awaited<ReturnType<typeof play>>;

// Admission takes no time of its own: it waits for the queues alone.
const SLOW = { 'the reader': 'reader', 'the sender': 'sender', 'the log': 'log' } as const;

/** What must hold however a run ended. */
function expectBalance({ counts, ending, logged, spilled, requested }: Played): void {
  const { read, left, held, lost } = counts;
  expect(ending.further.map(({ stage }) => stage)).not.toContain('pipeline');
  expect(held).toBe(0);
  expect(read).toBe(loggedTotal(counts) + counts.spilled + lost + left + held);
  expect(loggedTotal(counts)).toBe(logged.length);
  expect(counts.spilled).toBe(spilled.length);
  const ids = [...logged, ...spilled].map(({ messageId }) => messageId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !requested.has(id))).toEqual([]);
}

/** What came to be before the strike is what the case is named for. */
function expectPressure({ lengths }: Played, pressure: Pressure): void {
  expect(lengths).toEqual(pressure === 'full' ? [512, 512, 8_192] : [0, 0, 0]);
}

const PRESSURES = ['full', 'empty'] as const;
const across = <T extends readonly unknown[]>(rows: readonly T[]) =>
  PRESSURES.flatMap((pressure) => rows.map((row) => [pressure, ...row] as const));

describe('a terminal error, with queues', () => {
  test.each(
    across([
      ['reader', 65, 'the table is torn', {}],
      ['admission', 70, 'the row cannot be judged', {}],
      ['sender', 77, 'the token is refused', {}],
      ['log', 74, 'the disk is full', {}],
    ] as const),
  )('%s, in the %s stage', async (pressure, stage, exitCode, message) => {
    const played = await play({ pressure, fails: [stage] });
    expect(played.exitCode).toBe(exitCode);
    expect(played.ending.stopCause).toMatchObject({ stage, error: { message } });
    expect(played.ending.stopCause?.at).toMatchObject(
      pressure === 'full'
        ? {
            reader: { position: expect.any(Number) },
            admission: { position: FULL_POSITION },
            sender: { id: 'm8200', position: 8_200 },
            log: { id: 'm0', position: 0 },
          }[stage]
        : {
            reader: { position: 10 },
            log: { id: 'm10' },
            admission: { position: 10 },
            sender: { id: 'm10' },
          }[stage],
    );
    if (stage === 'reader' || stage === 'log') expectPressure(played, pressure);
    if (stage === 'log') expect(played.spilled.length).toBeGreaterThan(0);
    else expect(played.spilled).toEqual([]);
    if (pressure === 'full') expect(played.counts.left).toBeGreaterThan(0);
    expectBalance(played);
  });
});

describe('SIGTERM, with queues', () => {
  test.each(across([['no'], ['the reader'], ['the sender'], ['the log']] as const))(
    '%s and %s stage that takes its time: what was read is sent and logged',
    async (pressure, stage) => {
      const slow = stage === 'no' ? undefined : SLOW[stage];
      const played = await play({ pressure, isEnded: true, slow, slowMs: 40_000 });
      expectPressure(played, pressure);
      expect(played.exitCode).toBe(75);
      expect(played.ending.endCause).toBe('SIGTERM');
      expect(played.ending.stopCause).toBeUndefined();
      expect(played.counts).toMatchObject({ left: 0, spilled: 0 });
      expect(played.counts.logged.sent).toBe(played.counts.read);
      expectBalance(played);
    },
  );

  test.each(
    across([
      ['', false, 40_000, []],
      [', after the drain timeout', false, 90_000, ['drain']],
      [', and the spill file too', true, 40_000, ['spill']],
    ] as const),
  )(
    '%s, and the log fails while it drains%s: that decides',
    async (pressure, _, spillFails, slowMs, further) => {
      const played = await play({ pressure, isEnded: true, fails: ['log'], spillFails, slow: 'log', slowMs });
      expect(played.exitCode).toBe(74);
      expect(played.ending.stopCause).toMatchObject({
        stage: 'log',
        at: { id: pressure === 'full' ? 'm0' : 'm10' },
        error: { message: 'the disk is full' },
      });
      expect(played.ending.further.map(({ stage }) => stage)).toEqual(further);
      expect(spillFails ? played.counts.lost : played.counts.spilled).toBeGreaterThan(0);
      expectBalance(played);
    },
  );
});

describe('the drain timeout, with queues', () => {
  // With empty queues one request or one batch of the log is under way, and it comes to its end: nothing was stopped.
  test.each([
    ['full', 'the reader', true],
    ['full', 'the sender', true],
    ['full', 'the log', true],
    ['empty', 'the reader', true],
    ['empty', 'the sender', false],
    ['empty', 'the log', false],
  ] as const)('%s, while %s stage hangs: what is left is counted', async (pressure, stage, isLeft) => {
    const played = await play({ pressure, slow: SLOW[stage], slowMs: 90_000, isEnded: true });
    expectPressure(played, pressure);
    expect(played.exitCode).toBe(75);
    expect(played.counts.left > 0).toBe(isLeft);
    if (isLeft)
      expect(played.ending.stopCause).toMatchObject({ stage: 'drain', error: { code: 'temporary' } });
    else expect(played.ending.stopCause).toBeUndefined();
    expectBalance(played);
  });
});

test('two failures are both told, the first decides', async () => {
  const played = await play({ pressure: 'full', fails: ['sender', 'log'] });
  expect(played.exitCode).toBe(77);
  expect(played.ending.stopCause).toMatchObject({ stage: 'sender', at: { id: 'm8200' } });
  expect(played.ending.further).toMatchObject([{ stage: 'log', error: { message: 'the disk is full' } }]);
  expectBalance(played);
});

// A second signal ends the process at once, so each case is one: a runner with scripted stages.

const RUNNER = join(import.meta.dirname, 'endings-runner.mjs');

/** Starts the scripted runner; `say` waits until it prints a text. */
function start(...flags: string[]) {
  const child = spawn(process.execPath, [RUNNER, '--rows', 'yt://t', ...flags], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
  const says = async (text: string) => {
    while (!output.includes(text)) {
      await Promise.race([once(child.stderr, 'data'), ended]);
      if (child.exitCode !== null && !output.includes(text)) throw new Error(`it ended and said: ${output}`);
    }
  };
  return { child, ended, says };
}

describe('a second signal, with queues', () => {
  test.each(across([['reader'], ['sender'], ['log']] as const))(
    '%s, while the %s stage hangs: exits at once with 75 and says where the run stands',
    async (pressure, hangs) => {
      const { child, ended, says } = start('--pressure', pressure, '--hangs', hangs);
      await says(`ready: ${pressure}`);
      child.kill('SIGTERM');
      await says('SIGTERM: reading stops');
      child.kill('SIGINT');
      const { code, output } = await ended;
      expect(code).toBe(75);
      const [, read, logged, inFlight] =
        /SIGINT, the second signal: exits at once, ([\d,]+) rows read, ([\d,]+) results logged, (\d+) requests/.exec(
          output,
        ) ?? [];
      const numbers = [read, logged, inFlight].map((text) => Number(text?.replaceAll(',', '')));
      expect(numbers.every(Number.isInteger)).toBe(true);
      expect(numbers[1]).toBeLessThanOrEqual(numbers[0] ?? 0);
      expect(numbers[2] === 0).toBe(hangs !== 'sender');
    },
  );
});

describe('as a process', () => {
  test('SIGTERM is the end: what was read is logged, code 75, and the balance stands in the summary', async () => {
    const summary = join(temporaryFolder(), 'summary.json');
    const { child, ended, says } = start('--pressure', 'empty', '--hangs', 'nothing', '--summary', summary);
    await says('ready: empty');
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(code).toBe(75);
    expect(output).toContain('ended by SIGTERM');
    const { counts } = JSON.parse(readFileSync(summary, 'utf8'));
    expect(counts.read).toBeGreaterThan(0);
    expect(counts).toMatchObject({ left: 0, held: 0, spilled: 0, lost: 0 });
    expect(counts.logged.sent).toBe(counts.read);
  });

  test('the last lines name stage, message, cause, the spill file and how to write it to the log', async () => {
    const folder = temporaryFolder();
    const flags = ['--pressure', 'full', '--hangs', 'nothing', '--fails', 'log', '--state-dir', folder];
    const { code, output } = await start(...flags, '--run-id', 'spilling').ended;
    expect(code).toBe(74);
    const file = join(folder, 'spilling.spill.ndjson');
    expect(output).toContain('error: stopped in the log stage at message m0 (position 0): the disk is full');
    expect(output).toContain(`results could not be logged and are in ${file}`);
    expect(output).toContain(`next: start the same command again, or rtn log replay ${file}`);
    expect(JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '')).toMatchObject({
      form: 'rtn-spill/v1',
      run_id: 'spilling',
      operation: 'scripted',
      log: 'pg:scripted_log',
    });
  });
});
