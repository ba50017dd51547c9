import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, Channel, Logger, Reader } from '../../src/pipeline/contract.js';
import { type Counts, loggedTotal, newCounts } from '../../src/pipeline/counts.js';
import { Ending } from '../../src/pipeline/ending.js';
import type { PastRun } from '../../src/pipeline/family.js';
import { LiveControl } from '../../src/pipeline/live-control.js';
import { runPipeline } from '../../src/pipeline/pipeline.js';
import type { InDoubtPolicy, RetryPlan } from '../../src/pipeline/plan.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { Selection, type SelectionOptions, selectionText } from '../../src/pipeline/selection.js';
import { asyncSender } from '../../src/senders/async.js';
import { TEST_PLAN, testKeep } from '../setup/keep.js';
import { MemoryLedger, MemoryStore } from '../setup/memory-ledger.js';
import { testRun } from '../setup/run.js';

const INPUT = { key: 'id', row: { type: 'object', properties: { id: { type: 'string' } } } };
const ROWS = 3_000;
const WINDOW = 200;

/** What is outside of the process, and so outlives it. */
class World {
  readonly store = new MemoryStore();
  /** How often each message has reached the provider. */
  readonly received = new Map<string, number>();
  readonly log: SendResult[] = [];
}

interface Start {
  readonly inDoubt?: InDoubtPolicy;
  /** The process is gone after so many milliseconds: nothing of it reaches the world any more. */
  readonly dieAfterMs?: number;
  readonly endAfterMs?: number;
  readonly seed?: number;
  readonly selection?: SelectionOptions;
  readonly rateLimit?: number;
  readonly answer?: (id: string) => Answer['class'];
  readonly version?: string;
  readonly shard?: number;
  readonly shards?: number;
  readonly retry?: RetryPlan;
  readonly id?: string;
  /** Whether the wall clock jumps by hours, back and forth. */
  readonly jumps?: boolean;
}

/** A clock whose wall time may be anything, from one look to the next. */
class JumpingClock extends VirtualClock {
  override now(): number {
    return super.now() + Math.round((this.random() - 0.5) * 48) * 3_600_000;
  }
}

/** One start of a run in virtual time; undefined counts where it died. */
async function start(world: World, options: Start = {}) {
  const clock = new (options.jumps ? JumpingClock : VirtualClock)({ seed: options.seed ?? 1 });
  const run = testRun({
    id: options.id ?? 'r',
    rootId: 'r',
    clock,
    version: options.version ?? '1.4.10',
    shard: options.shard ?? 0,
    shards: options.shards ?? 1,
  });
  const selection = options.selection === undefined ? null : selectionText(options.selection);
  const counts = newCounts();
  const ending = new Ending();
  let isDead = false;
  const never = new Promise<never>(() => {});
  const alive = <T>(value: T): T | Promise<never> => (isDead ? never : value);
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.schedule(ms, resolve));
  let latest = -1;

  const reader: Reader = {
    isEndless: false,
    total: ROWS,
    open: async () => {},
    close: async () => {},
    async read(out, signal, range) {
      for (let position = range?.from ?? 0; position < (range?.to ?? ROWS) && !signal.aborted; position++)
        await out.send({ position, row: { id: `m${position}` } }, signal);
    },
  };
  const channel: Channel = {
    key: 'scripted',
    open: async () => {},
    close: async () => {},
    async send({ id, position }) {
      await alive(undefined);
      latest = Math.max(latest, position);
      await wait(1 + clock.random() * 20);
      await alive(undefined);
      const answerClass = options.answer?.(id) ?? 'sent';
      if (answerClass === 'sent') world.received.set(id, (world.received.get(id) ?? 0) + 1);
      await wait(1 + clock.random() * 20);
      return await alive({
        class: answerClass,
        httpStatus: null,
        providerId: null,
        errorCode: null,
        errorText: null,
        retryAfterMs: null,
        ...(answerClass === 'terminal' && { error: new RtnError('credentials', 'refused') }),
      });
    },
  };
  const ledger = new MemoryLedger(world.store, selection);
  const claim = ledger.claim.bind(ledger);
  ledger.claim = async (change) => {
    await alive(undefined);
    await wait(3);
    await alive(undefined);
    return claim(change);
  };
  const logger: Logger = {
    unwritten: [],
    address: 'memory',
    ledger,
    open: async () => {},
    close: async () => {},
    async log(results, { settle, written }) {
      for (;;) {
        const batch = await results.receiveMany(100);
        if (batch.length === 0) return;
        const settled = settle(batch);
        await wait(5);
        await alive(undefined);
        ledger.settle(settled);
        world.log.push(...batch);
        written(batch, settled);
      }
    },
  };
  const { rateLimit = 0 } = options;
  let exitCode: number | undefined;
  const running = runPipeline(
    { reader, sender: asyncSender({ channel, concurrency: 16, rateLimit, maxAttempts: 2 }), logger },
    run,
    {
      input: INPUT,
      keep: testKeep({
        plan: { ...TEST_PLAN, selection, shards: options.shards ?? 1, retry: options.retry ?? null },
        inDoubt: options.inDoubt ?? 'resend',
        inDoubtWindow: WINDOW,
        live: new LiveControl(options.shards),
      }),
      ending,
      counts,
      drainTimeoutMs: 30_000,
      selection: options.selection && new Selection(INPUT, 'driver_push', options.selection),
      spill: async () => {},
    },
  ).then((code) => {
    exitCode = code;
  });
  if (options.endAfterMs !== undefined) clock.schedule(options.endAfterMs, () => ending.end('SIGTERM'));
  const dieAfterMs = options.dieAfterMs ?? Number.POSITIVE_INFINITY;
  for (let nowMs = 0; exitCode === undefined && nowMs < dieAfterMs; nowMs += 20)
    await clock.advance(Math.min(20, dieAfterMs - nowMs));
  if (exitCode === undefined) isDead = true;
  else await running;
  return { exitCode, counts, ending, latest };
}

function expectBalance(counts: Counts): void {
  expect(counts.read).toBe(loggedTotal(counts) + counts.left + counts.held);
}

function logged(world: World, outcome: string): SendResult[] {
  return world.log.filter((result) => result.outcome === outcome);
}

/** Kills at these times, then a start to the end. */
async function killed(inDoubt: InDoubtPolicy, kills: readonly number[]) {
  const world = new World();
  let doubts = 0;
  for (const [seed, dieAfterMs] of kills.entries()) {
    await start(world, { inDoubt, dieAfterMs, seed });
    const open = world.store.claims().open;
    expect(open).toBeLessThanOrEqual(WINDOW * (inDoubt === 'hold' ? seed + 1 : 1));
    doubts = Math.max(doubts, open);
  }
  const last = await start(world, { inDoubt, seed: 99 });
  expectBalance(last.counts);
  return { world, last, doubts };
}

describe.each([[[777]], [[40, 333, 12]], [[1_500, 500, 90, 61, 247]]])(
  'a runner that dies after %j ms',
  (kills) => {
    test('with resend loses nobody, and doubles only what was in doubt', async () => {
      const { world, last, doubts } = await killed('resend', kills);
      expect(last.exitCode).toBe(0);
      expect(doubts).toBeGreaterThan(0);
      expect(world.received.size).toBe(ROWS);
      const doubles = [...world.received.values()].reduce((sum, times) => sum + times - 1, 0);
      expect(doubles).toBeLessThanOrEqual(WINDOW * kills.length);
      expect(new Set(world.log.map(({ messageId }) => messageId)).size).toBe(ROWS);
      expect(world.log).toHaveLength(ROWS);
    });

    test('with skip doubles nobody, and logs each that may be lost as unknown', async () => {
      const { world, last } = await killed('skip', kills);
      expect(last.exitCode).toBe(0);
      expect([...world.received.values()].every((times) => times === 1)).toBe(true);
      expect(world.log).toHaveLength(ROWS);
      const unknown = logged(world, 'unknown');
      expect(unknown.length).toBeGreaterThan(0);
      expect(unknown.length).toBeLessThanOrEqual(WINDOW * kills.length);
      const isAccounted = new Set([...world.received.keys(), ...unknown.map(({ messageId }) => messageId)]);
      expect(isAccounted.size).toBe(ROWS);
    });

    test('with hold keeps what is in doubt for a person, start after start', async () => {
      const { world, last } = await killed('hold', kills);
      expect(last.exitCode).toBe(65);
      const held = [...world.store.claims().openPositions()];
      expect(last.counts.held).toBe(held.length);
      expect(held.length).toBeGreaterThan(0);
      expect(world.log).toHaveLength(ROWS - held.length);
      expect([...world.received.values()].every((times) => times === 1)).toBe(true);
      const again = await start(world, { inDoubt: 'hold' });
      expect(again).toMatchObject({ exitCode: 65, counts: { held: held.length, attempts: 0 } });
    });
  },
);

describe('a run that has ended', () => {
  test('sends nothing when it is started again', async () => {
    const world = new World();
    expect((await start(world)).exitCode).toBe(0);
    const again = await start(world);
    expect(again).toMatchObject({ exitCode: 0, counts: { read: 0, attempts: 0 } });
    expect(world.log).toHaveLength(ROWS);
  });

  test.each([0, 400])(
    'by SIGTERM at a rate of %j leaves nothing in doubt, and goes on where it was',
    async (rateLimit) => {
      const world = new World();
      const first = await start(world, { endAfterMs: 500, rateLimit });
      expect(first.exitCode).toBe(75);
      expect(loggedTotal(first.counts)).toBeGreaterThan(0);
      expect(world.store.claims().open).toBe(0);
      expectBalance(first.counts);
      const second = await start(world);
      expectBalance(second.counts);
      expect(second).toMatchObject({ exitCode: 0, counts: { read: ROWS - loggedTotal(first.counts) } });
      expect([...world.received.values()].every((times) => times === 1)).toBe(true);
    },
  );

  test('by a terminal answer takes back the claims of what was not sent', async () => {
    const world = new World();
    const first = await start(world, { answer: (id) => (id === 'm1234' ? 'terminal' : 'sent') });
    expect(first.exitCode).toBe(77);
    expect(world.store.claims().open).toBe(0);
    expectBalance(first.counts);
    expect((await start(world)).exitCode).toBe(0);
    expect(world.received.size).toBe(ROWS);
    expect([...world.received.values()].every((times) => times === 1)).toBe(true);
  });

  test('with a part of its input goes on with the rest, and sends nothing twice', async () => {
    const world = new World();
    await start(world, { selection: { sample: 0.1 } });
    const canary = world.received.size;
    expect(canary).toBeGreaterThan(0);
    const rest = await start(world);
    expect(rest.counts.read).toBe(ROWS - canary);
    expect(world.received.size).toBe(ROWS);
    expect([...world.received.values()].every((times) => times === 1)).toBe(true);
  });

  test('is not gone on with by another version', async () => {
    const world = new World();
    await start(world, { endAfterMs: 300 });
    const other = await start(world, { version: '1.4.11' });
    expect(other.exitCode).toBe(78);
    expect(other.ending.stopCause).toMatchObject({
      stage: 'ledger',
      error: { message: expect.stringContaining('version: was "1.4.10", is "1.4.11"') },
    });
  });
});

describe('shards', () => {
  test('send each its part of the input, and nothing of the others', async () => {
    const worlds = [new World(), new World(), new World()];
    for (const [shard, world] of worlds.entries()) {
      await start(world, { shard, shards: 3, dieAfterMs: 300 });
      expect((await start(world, { shard, shards: 3 })).exitCode).toBe(0);
    }
    expect(worlds.map(({ log }) => log.length)).toEqual([1_000, 1_000, 1_000]);
    expect(new Set(worlds.flatMap(({ log }) => log.map(({ position }) => position))).size).toBe(ROWS);
  });

  test('divide the rate', async () => {
    const world = new World();
    await start(world, { shard: 1, shards: 3, rateLimit: 300, dieAfterMs: 2_000 });
    expect(world.received.size).toBeGreaterThan(150);
    expect(world.received.size).toBeLessThan(230);
  });
});

describe('a retry', () => {
  const first = async (inDoubt: InDoubtPolicy) => {
    const world = new World();
    await start(world, { inDoubt, dieAfterMs: 300 });
    const answers: Record<string, Answer['class']> = {
      m2000: 'throttled',
      m2001: 'retry',
      m2002: 'rejected',
    };
    await start(world, { inDoubt, answer: (id) => answers[id] ?? 'sent' });
    return world;
  };
  const relative = ({ store }: World): PastRun => ({
    runId: store.record?.runId ?? '',
    inputIdentity: 'sha256:0',
    shards: [
      {
        claims: store.stored(),
        unsent: [...store.unsent].map(([position, reason]) => ({ position, reason })),
      },
    ],
  });
  const again = async (roots: readonly World[], what: string) => {
    const world = new World();
    world.store.relatives.push(...roots.map(relative));
    return { world, ...(await start(world, { id: `r~${roots.length}`, retry: { of: 'r', what } })) };
  };

  test.each([
    ['failed', ['m2000', 'm2001']],
    ['throttled', ['m2000']],
    ['rejected', ['m2002']],
  ])('of what is %s sends that alone', async (what, ids) => {
    const root = await first('resend');
    const { world, exitCode } = await again([root], what);
    expect(exitCode).toBe(0);
    expect([...world.received.keys()].sort()).toEqual(ids);
    const later = await again([root, world], what);
    expect(later.world.received.size).toBe(0);
  });

  test('that is stopped counts as left only what it was to send', async () => {
    const root = await first('hold');
    const held = root.store.claims().open;
    const world = new World();
    world.store.relatives.push(relative(root));
    const retry = { of: 'r', what: 'in-doubt' };
    const stopped = await start(world, { id: 'r~1', retry, answer: () => 'terminal' });
    expect(stopped.exitCode).toBe(77);
    expectBalance(stopped.counts);
    expect(stopped.counts.left).toBeLessThanOrEqual(held);
  });

  test('of what is in doubt sends what was held, and the run then holds it no longer', async () => {
    const root = await first('hold');
    const held = root.store.claims().open;
    expect(held).toBeGreaterThan(0);
    const { world } = await again([root], 'in-doubt');
    expect(world.received.size).toBe(held);
    root.store.relatives.push(relative(root), relative(world));
    expect(await start(root, { inDoubt: 'hold' })).toMatchObject({
      exitCode: 0,
      counts: { held: 0, attempts: 0 },
    });
  });
});

test('a wall clock that jumps by hours changes nothing, before and after a crash', async () => {
  const world = new World();
  await start(world, { jumps: true, dieAfterMs: 700, inDoubt: 'skip' });
  const last = await start(world, { jumps: true, inDoubt: 'skip' });
  expect(last.exitCode).toBe(0);
  expect(world.log).toHaveLength(ROWS);
  expect([...world.received.values()].every((times) => times === 1)).toBe(true);
});

test('what failed is known by its reason', async () => {
  const world = new World();
  await start(world, { answer: (id) => (id === 'm7' ? 'retry' : id === 'm8' ? 'rejected' : 'sent') });
  expect(Object.fromEntries(world.store.unsent)).toEqual({ 7: 'retry', 8: 'rejected' });
});

test('a claim holds no more than the rate lets out in a quarter of a second', async () => {
  const world = new World();
  await start(world, { dieAfterMs: 2_000, rateLimit: 100 });
  const { size } = world.received;
  const open = world.store.claims().open;
  expect(size).toBeGreaterThan(100);
  // Besides those: what is on its way at the provider, and results that are not durable yet.
  expect(open).toBeLessThanOrEqual(100 * 0.25 + 100 * 0.04 + 12);
});
