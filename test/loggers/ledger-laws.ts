import { describe, expect, test } from 'vitest';
import { SEGMENT_SIZE } from '../../src/pipeline/claims.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { isFenced } from '../../src/pipeline/ledger.js';
import { newRun } from '../setup/keep.js';
import { testRun } from '../setup/run.js';
import { ledgerModel } from './ledger-model.js';
import { ELSEWHERE, positionsOf, result, Start, type Store } from './ledger-start.js';

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

  test('a holder at work is overtaken: all that it was told is durable its heir has seen', async () => {
    const run = testRun();
    let holder = await Start.take(store, run);
    const told = { claimed: [] as number[], written: [] as number[] };
    for (const round of range(0, 7)) {
      const at = { claim: round * 10_000, write: round * 10_000 + 5_000 };
      const late = holder;
      const claiming = untilFenced(async () => {
        await late.claim(at.claim);
        told.claimed.push(at.claim++);
      });
      const writing = untilFenced(async () => {
        await late.log(result(at.write));
        told.written.push(at.write++);
      });
      holder = await Start.take(store, run);
      const known = positionsOf(await holder.ledger.load());
      await Promise.all([claiming, writing]);
      await late.close();
      expect(known.open).toEqual(expect.arrayContaining(told.claimed));
      expect(known.done).toEqual(expect.arrayContaining(told.written));
      expect((await store.logged(run.id)).sort((a, b) => a - b)).toEqual(known.done);
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

  ledgerModel(store);
}

/** Does it again and again, for as long as the lease is held. */
async function untilFenced(act: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await act();
  } catch (thrown) {
    if (!isFenced(thrown)) throw thrown;
  }
}
