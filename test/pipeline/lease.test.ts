import { expect, test } from 'vitest';
import { type Clock, VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { acquireLease, LeaseKeeper } from '../../src/pipeline/lease.js';
import { fenced, NO_CONTROL, type RunControl } from '../../src/pipeline/ledger.js';
import { MemoryLedger, MemoryStore } from '../setup/memory-ledger.js';

/** A keeper on a ledger whose renewals come to what `renew` does; `lost` and `warned` get what it tells. */
function keep(renew: () => Promise<RunControl>, clock: Clock) {
  const lost: RtnError[] = [];
  const warned: string[] = [];
  const ledger = new (class extends MemoryLedger {
    override renew = renew;
  })(new MemoryStore());
  const on = {
    asked: () => {},
    lost: (error: RtnError) => lost.push(error),
    warn: (text: string) => warned.push(text),
  };
  return { keeper: new LeaseKeeper(ledger, clock, newCounts(), on), lost, warned };
}

test('a store that does not answer is waited for, but not for ever', async () => {
  const clock = new VirtualClock();
  const { lost, warned } = keep(async () => {
    throw new RtnError('unavailable', 'nobody is there');
  }, clock);
  await clock.advance(100_000);
  expect([lost, warned.length]).toEqual([[], 33]);
  await clock.advance(60_000);
  expect(lost).toMatchObject([{ code: 'unavailable', message: 'nobody is there' }]);
});

test('a lease that another holder has is lost at once', async () => {
  const clock = new VirtualClock();
  const { lost, warned } = keep(async () => {
    throw fenced('a run');
  }, clock);
  await clock.advance(4_000);
  expect([lost.length, warned]).toEqual([1, []]);
});

test('a wall clock that jumps by hours neither loses a lease nor makes one expire', async () => {
  const clock = new VirtualClock();
  let jumps = 0;
  const jumping: Clock = {
    now: () => clock.now() + (++jumps % 2 === 0 ? 7 : -7) * 3_600_000,
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
  };
  const store = new MemoryStore();
  const holder = new MemoryLedger(store);
  await holder.take(undefined, 'another-host/0/1/1');
  const { keeper, lost } = keep(() => holder.renew(), jumping);
  const waiting = acquireLease(new MemoryLedger(store), {
    clock: jumping,
    holder: 'this-host/0/2/2',
    runId: 'a run',
    waitMs: 60_000,
    signal: new AbortController().signal,
    isFinished: () => false,
    warn: () => {},
  }).catch((thrown: unknown) => thrown);
  await clock.advance(70_000);
  expect(await waiting).toMatchObject({ code: 'temporary' });
  expect([lost, keeper.isStale, store.lease?.token]).toEqual([[], false, 1]);
  expect(await holder.renew()).toEqual(NO_CONTROL);
});
