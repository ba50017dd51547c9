import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Claims, SEGMENT_SIZE, type StoredClaims, type Unsent } from '../../src/pipeline/claims.js';
import type { Logger, Run } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import type { Ledger, RunControl, RunEnd, RunRecord, StartRecord } from '../../src/pipeline/ledger.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Outcome, SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from '../setup/keep.js';
import { testRun } from '../setup/run.js';

/** A store of logs and ledgers, seen from outside. */
export interface Store {
  /** A logger of the store, opened for this run. */
  open(run: Run): Promise<Logger>;
  /** The positions that stand in the run's log, in any order, as often as they stand there. */
  logged(runId: string): Promise<number[]>;
  record(runId: string): Promise<RunRecord | undefined>;
  /** The starts of a run, in order. */
  starts(
    runId: string,
  ): Promise<Pick<StartRecord, 'token' | 'holder' | 'state' | 'exitCode' | 'error' | 'counts'>[]>;
  /** In ascending order. */
  unsent(runId: string): Promise<readonly Unsent[]>;
  control(runId: string, control: RunControl): Promise<void>;
}

/** No process has this: whoever sees it has to take it for one that may live. */
export const ELSEWHERE = 'elsewhere/scope/1/1';

export function result(position: number, outcome: Outcome = 'sent', reason?: string): SendResult {
  return {
    outcome,
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
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    ...(reason !== undefined && { reason }),
  };
}

/** One start of a run's shard, as a pipeline would make it. */
export class Start {
  readonly run: Run;
  readonly logger: Logger;
  readonly ledger: Ledger;
  claims = new Claims();
  #closing: Promise<void> | undefined;

  private constructor(run: Run, logger: Logger) {
    if (logger.ledger === undefined) throw new Error('a store without a ledger');
    this.run = run;
    this.logger = logger;
    this.ledger = logger.ledger;
  }

  /** Opened, and the run is begun. */
  static async open(store: Store, run: Run, plan: Parameters<typeof newRun>[1] = {}): Promise<Start> {
    const start = new Start(run, await store.open(run));
    onTestFinished(() => start.close());
    await start.ledger.begin(newRun(run, plan));
    return start;
  }

  /** Holds the lease and knows what was done before. */
  static async take(store: Store, run: Run, holder = ELSEWHERE): Promise<Start> {
    const start = await Start.open(store, run);
    // A holder that is at work changes its beat between the two calls.
    while ((await start.ledger.take(await start.ledger.lease(), holder)) === undefined);
    start.claims = new Claims(await start.ledger.load());
    return start;
  }

  close(): Promise<void> {
    this.#closing ??= this.logger.close();
    return this.#closing;
  }

  claim(...positions: number[]): Promise<void> {
    return this.ledger.claim(this.claims.claim(positions));
  }

  /** Logs results; those that were told to be durable are given back. */
  async log(...results: SendResult[]): Promise<readonly SendResult[]> {
    const queue = new Queue<SendResult>(results.length);
    queue.trySendMany(results);
    queue.close();
    const control = logControl(this.claims);
    await this.logger.log(queue, control);
    return control.results;
  }

  /** Ends as a pipeline does that has nothing under way: what is claimed and not done is released, but `kept`. */
  end(end: Partial<Omit<RunEnd, 'release'>> = {}, kept: readonly number[] = []): Promise<void> {
    const release = this.claims.release((position) => kept.includes(position));
    const state = { state: 'finished', counts: newCounts(), exitCode: 0, error: null } as const;
    return this.ledger.end({ ...state, ...end, release });
  }
}

/** Stored claims as positions. */
export function positionsOf(stored: StoredClaims): { readonly done: number[]; readonly open: number[] } {
  const claims = new Claims(stored);
  const done = [];
  for (let position = 0; position < claims.end; position++) if (claims.isDone(position)) done.push(position);
  return { done, open: [...claims.openPositions()] };
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** What every store promises. */
export function ledgerLaws(store: Store): void {
  describe('the record', () => {
    test('is that of whoever begins first', async () => {
      const run = testRun();
      const first = await (await Start.open(store, run)).ledger.begin(newRun(run));
      const other = { ...newRun(run, { input: 'file:other' }), version: '9.9.9' };
      expect(await (await Start.open(store, run)).ledger.begin(other)).toEqual(first);
      expect(first).toMatchObject({ ...newRun(run), state: 'running', endedAt: null });
    });
  });

  describe('the lease', () => {
    test('is taken by one of a hundred', async () => {
      const run = testRun();
      const starts = await Promise.all(range(1, 5).map(() => Start.open(store, run)));
      const taking = starts.flatMap(({ ledger }) =>
        range(1, 20).map(() => ledger.take(undefined, ELSEWHERE)),
      );
      const taken = (await Promise.all(taking)).filter((lease) => lease !== undefined);
      expect(taken).toMatchObject([{ token: 1, holder: ELSEWHERE }]);
    });

    test('is not taken by one that has seen another token or beat', async () => {
      const run = testRun();
      const holder = await Start.take(store, run);
      const other = await Start.open(store, run);
      expect(await other.ledger.take(undefined, ELSEWHERE)).toBeUndefined();
      const seen = await other.ledger.lease();
      await holder.ledger.renew(newCounts());
      expect(await other.ledger.take(seen, ELSEWHERE)).toBeUndefined();
    });

    test('shows a beat that changes at each renewal, and its holder until it is given back', async () => {
      const run = testRun();
      const { ledger } = await Start.open(store, run);
      expect(await ledger.lease()).toBeUndefined();
      const holder = await Start.take(store, run);
      const beats = new Set([(await ledger.lease())?.beat]);
      for (const _ of range(1, 5)) {
        await holder.ledger.renew(newCounts());
        beats.add((await ledger.lease())?.beat);
      }
      expect(beats.size).toBe(6);
      expect(await ledger.lease()).toMatchObject({ token: 1, holder: ELSEWHERE });
      await holder.end({ state: 'stopped' });
      expect(await ledger.lease()).toMatchObject({ token: 1, holder: '' });
    });

    test('says which part of the input was finished, until it is taken again', async () => {
      const run = testRun({ selection: '--limit 10' });
      await (await Start.take(store, run)).end();
      const next = await Start.open(store, run);
      expect(await next.ledger.lease()).toMatchObject({ finished: { selection: '--limit 10' } });
      await (await Start.take(store, run)).end({ state: 'stopped' });
      expect((await next.ledger.lease())?.finished).toBeUndefined();
    });

    test('is each shard’s own', async () => {
      const ofShard = (shard: number) => testRun({ id: run.id, shard, shards: 2 });
      const run = testRun();
      const starts = [await Start.take(store, ofShard(0)), await Start.take(store, ofShard(1))];
      await starts[0]?.claim(1);
      expect(positionsOf(await (starts[1] as Start).ledger.load())).toEqual({ done: [], open: [] });
    });
  });

  describe('a holder whose lease was taken is fenced', () => {
    test.each<[what: string, act: (late: Start) => Promise<unknown>]>([
      ['in a claim', (late) => late.claim(2)],
      ['in a renewal', (late) => late.ledger.renew(newCounts())],
      ['in a write', (late) => late.log(result(1))],
      ['in its end', (late) => late.end()],
    ])('%s, which changes nothing', async (_, act) => {
      const run = testRun();
      const late = await Start.take(store, run);
      await late.claim(0, 1);
      await late.log(result(0));
      const heir = await Start.take(store, run);
      await expect(act(late)).rejects.toMatchObject({ details: { fenced: true } });
      const expected = { done: [0], open: [1] };
      expect(positionsOf(await heir.ledger.load())).toEqual(expected);
      expect(await store.logged(run.id)).toEqual([0]);
      const third = await Start.take(store, run);
      expect(positionsOf(await third.ledger.load())).toEqual(expected);
      expect(await third.ledger.lease()).toMatchObject({ token: 3, holder: ELSEWHERE });
    });

    test('and so are those who come late twice', async () => {
      const run = testRun();
      const starts = [];
      for (const position of range(0, 4)) {
        const start = await Start.take(store, run);
        await start.claim(position);
        starts.push(start);
      }
      const writes = starts.map((start, position) => start.log(result(position)));
      const settled = await Promise.allSettled(writes);
      expect(settled.map(({ status }) => status)).toEqual([...Array(4).fill('rejected'), 'fulfilled']);
      expect(await store.logged(run.id)).toEqual([4]);
      const { ledger } = await Start.take(store, run);
      expect(positionsOf(await ledger.load())).toEqual({ done: [4], open: [0, 1, 2, 3] });
    });
  });

  test('whoever claims or writes while the lease is taken is seen by the heir or is fenced', async () => {
    const run = testRun();
    let holder = await Start.take(store, run);
    for (const round of range(0, 14)) {
      const [written, claimed] = [2 * round, 2 * round + 1];
      const both = Promise.allSettled([holder.log(result(written)), holder.claim(claimed)]);
      // So many turns later the lease is taken: at each a little further into the write and the claim.
      for (const _ of range(1, round)) await new Promise((resolve) => setImmediate(resolve));
      const heir = await Start.take(store, run);
      const { done, open } = positionsOf(await heir.ledger.load());
      const [write, claim] = await both;
      if (write.status === 'fulfilled') expect(done).toContain(written);
      if (claim.status === 'fulfilled') expect(open).toContain(claimed);
      expect((await store.logged(run.id)).sort((a, b) => a - b)).toEqual(done);
      await holder.close();
      holder = heir;
    }
  });

  describe('what a start that died has left', () => {
    test('is in doubt where it was claimed, and done where a result was durable', async () => {
      const run = testRun();
      const dead = await Start.take(store, run);
      await dead.claim(...range(0, 9));
      await dead.claim(20_000, 20_002);
      expect(await dead.log(result(3), result(20_000), result(7, 'failed'))).toHaveLength(3);
      const { ledger } = await Start.take(store, run);
      expect(positionsOf(await ledger.load())).toEqual({
        done: [3, 7, 20_000],
        open: [0, 1, 2, 4, 5, 6, 8, 9, 20_002],
      });
    });

    test('is done without a claim where it was refused', async () => {
      const run = testRun();
      await (await Start.take(store, run)).log(result(5, 'rejected'));
      const { ledger } = await Start.take(store, run);
      expect(positionsOf(await ledger.load())).toEqual({ done: [5], open: [] });
    });
  });

  test('an end gives back what was not sent, and keeps what may have been', async () => {
    const run = testRun();
    const start = await Start.take(store, run);
    await start.claim(...range(0, 9));
    await start.log(result(0));
    await start.end({ state: 'stopped' }, [4, 5]);
    const { ledger } = await Start.take(store, run);
    expect(positionsOf(await ledger.load())).toEqual({ done: [0], open: [4, 5] });
  });

  test('segments that are done to the last position become the watermark', async () => {
    const run = testRun();
    const start = await Start.take(store, run);
    const positions = range(0, 2 * SEGMENT_SIZE + 9);
    await start.claim(...positions);
    await start.log(...positions.filter((position) => position !== SEGMENT_SIZE).map((each) => result(each)));
    expect(await (await Start.open(store, run)).ledger.load()).toMatchObject({
      watermark: SEGMENT_SIZE,
      segments: [{ index: 1 }, { index: 2 }],
    });
    await start.log(result(SEGMENT_SIZE));
    const { watermark, segments } = await (await Start.take(store, run)).ledger.load();
    expect({ watermark, indexes: segments.map(({ index }) => index) }).toEqual({
      watermark: 2 * SEGMENT_SIZE,
      indexes: [2],
    });
  });

  test('control that is asked for is given at the renewal', async () => {
    const run = testRun();
    const { ledger } = await Start.take(store, run);
    const none = { isStopped: false, isPaused: false, rate: null };
    expect(await ledger.renew(newCounts())).toEqual(none);
    const control = { isStopped: true, isPaused: true, rate: 2.5 };
    await store.control(run.id, control);
    expect(await ledger.renew(newCounts())).toEqual(control);
    expect(await ledger.begin(newRun(run))).toMatchObject({ control });
  });

  test('the history of a run has each start, and why what was not sent', async () => {
    const run = testRun();
    const counts = { ...newCounts(), read: 7 };
    const dead = await Start.take(store, run);
    await dead.ledger.renew(counts);
    await dead.claim(0, 1, 2);
    await dead.log(result(0), result(1, 'failed', 'throttled'), result(2, 'unknown'));
    const last = await Start.take(store, run);
    expect(await store.record(run.id)).toMatchObject({ state: 'running', endedAt: null });
    await last.end({ state: 'stopped', exitCode: 75, error: 'the log is full', counts });
    expect(await store.starts(run.id)).toMatchObject([
      { token: 1, holder: ELSEWHERE, state: 'stopped', error: 'its process died', exitCode: null },
      { token: 2, state: 'stopped', error: 'the log is full', exitCode: 75, counts },
    ]);
    expect(await store.record(run.id)).toMatchObject({
      state: 'stopped',
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await (await Start.take(store, run)).end();
    expect(await store.record(run.id)).toMatchObject({ state: 'finished' });
    expect(await store.unsent(run.id)).toEqual([
      { position: 1, reason: 'throttled' },
      { position: 2, reason: 'unknown' },
    ]);
  });

  test('whatever is claimed, logged, taken over and ended: the store knows what a model knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => replay(store, steps)),
      {
        numRuns: 25,
      },
    );
  });
}

type Step =
  | { readonly kind: 'claim' | 'log'; readonly positions: readonly number[] }
  | { readonly kind: 'die' | 'end' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'log' as const),
      positions: fc.uniqueArray(fc.integer({ min: 0, max: 2 * SEGMENT_SIZE }), {
        minLength: 1,
        maxLength: 40,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('die' as const, 'end' as const) }) },
);

/** Does the steps on a new run, and looks after each. */
async function replay(store: Store, steps: readonly Step[]): Promise<void> {
  const run = testRun();
  let start = await Start.take(store, run);
  const open = new Set<number>();
  const done = new Set<number>();
  for (const step of steps) {
    if (step.kind === 'claim') {
      const free = step.positions.filter((position) => !done.has(position));
      await start.claim(...free);
      for (const position of free) open.add(position);
    } else if (step.kind === 'log') {
      const fresh = step.positions.filter((position) => !done.has(position));
      if (fresh.length > 0) await start.log(...fresh.map((position) => result(position)));
      for (const position of fresh) done.add(position);
    } else {
      if (step.kind === 'end') {
        await start.end({ state: 'stopped' });
        open.clear();
      }
      await start.close();
      start = await Start.take(store, run);
    }
    for (const position of done) open.delete(position);
    const ascending = (positions: Iterable<number>) => [...positions].sort((a, b) => a - b);
    expect(positionsOf(await start.ledger.load())).toEqual({ done: ascending(done), open: ascending(open) });
  }
  await start.close();
  expect((await store.logged(run.id)).sort((a, b) => a - b)).toEqual([...done].sort((a, b) => a - b));
}
