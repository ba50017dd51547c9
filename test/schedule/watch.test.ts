import { describe, expect, test } from 'vitest';
import { cronTimes } from '../../src/cli/schedule-times.js';
import { type KnownSlot, NOTHING_KNOWN, type Standing } from '../../src/schedule/history.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { newSlot } from '../../src/schedule/slots.js';
import { judgeSlot, type LastStart } from '../../src/schedule/verdict.js';
import { beginLook, endLook } from '../../src/schedule/watch.js';
import { schedule } from './world.js';

const MINUTE_MS = 60_000;
const NINE_MS = Date.UTC(2026, 0, 1, 9);
/** Minutes after nine. */
const at = (minute: number): number => NINE_MS + minute * MINUTE_MS;
const clock = (timeMs: number) => new Date(timeMs).toISOString().slice(11, 16);

/** A watcher of one schedule of every ten minutes, and what there is to see. */
function watcher(given: Partial<Schedule> = {}) {
  let watched = schedule({ cron: '*/10 * * * *', deadlineMs: 5 * MINUTE_MS, ...given });
  let standing: Standing = NOTHING_KNOWN;
  const starts = new Map<number, LastStart>();
  const records = new Map<number, KnownSlot>();
  const isLeft = ({ server }: KnownSlot) => server === 'gone';
  const look = (minute: number): string[] => {
    const nowMs = at(minute);
    const begun = beginLook(watched, standing, nowMs, (after, until) =>
      cronTimes.between(watched, after, until),
    );
    const verdicts = begun.slots.map((slotMs) => {
      const start = starts.get(slotMs);
      const run = start && { version: '1.0.0', lastStarts: [start] };
      const facts = { record: records.get(slotMs), run, cursorMs: standing.cursorMs, isLeft };
      return [slotMs, judgeSlot(watched, slotMs, facts, nowMs)] as const;
    });
    const { memory, isTroubled, news } = endLook(watched, begun, new Map(verdicts), standing.isTroubled);
    standing = { ...standing, watch: memory, isTroubled };
    return news.map(
      ({ slotMs, event, reason }) => `${clock(slotMs)} ${event}${reason === null ? '' : `: ${reason}`}`,
    );
  };
  look(5);
  return {
    look,
    troubles: () => standing.watch?.troubles.map(({ slotMs }) => clock(slotMs)),
    /** The run of the slot at this minute begins with it, and has ended a minute later unless it goes on. */
    run: (minute: number, exitCode: number | null = 0, more: Partial<LastStart> = {}) =>
      starts.set(at(minute), {
        startedMs: at(minute),
        endedMs: exitCode === null ? null : at(minute + 1),
        exitCode,
        error: null,
        isGone: false,
        starts: 1,
        ...more,
      }),
    record: (minute: number, change: Partial<KnownSlot>) =>
      records.set(at(minute), { ...newSlot(watched, at(minute)), silentMs: 0, ...change }),
    stand: (change: Partial<Standing>) => {
      standing = { ...standing, ...change };
    },
    change: (change: Partial<Schedule>) => {
      watched = { ...watched, ...change };
    },
  };
}

const MISSED = 'missed: no run of it is known';

describe('a slot is missed', () => {
  test('once its deadline has passed, and is told once', () => {
    const { look, troubles } = watcher();
    expect([look(14), look(15), look(16)]).toEqual([[], [`09:10 ${MISSED}`], []]);
    expect(troubles()).toEqual(['09:10']);
  });

  test('after 10 minutes where there is no deadline, and after the timeout where it may have to wait', () => {
    const { look } = watcher({ deadlineMs: undefined, timeoutMs: 30 * MINUTE_MS, catchUp: 'all' });
    expect([look(49), look(50)]).toEqual([[], [`09:10 ${MISSED}`]]);
  });

  test('though later ones ran, where nothing makes up for it; where the latest stands for all, it is no news', () => {
    const both = (['none', 'all', 'latest'] as const).map((catchUp) => {
      const { look, run } = watcher({ catchUp });
      run(20);
      run(40);
      return look(45);
    });
    const told = [`09:10 ${MISSED}`, '09:20 recovered', `09:30 ${MISSED}`, '09:40 recovered'];
    expect(both).toEqual([told, told, []]);
  });

  test('with those beside it in one line, while the watcher itself was away', () => {
    const { look, troubles } = watcher({ catchUp: 'none' });
    expect(look(60)).toEqual([`09:50 ${MISSED} (5 slots since 2026-01-01T09:10Z)`]);
    expect(troubles()).toEqual(['09:50']);
  });

  test('where the watcher was away for long, among the newest hundred', () => {
    const { look } = watcher({ catchUp: 'none' });
    expect(look(20_005)).toEqual([expect.stringContaining('(100 slots since ')]);
  });

  test('where its server is gone', () => {
    const { look, record } = watcher();
    record(10, { state: 'running', server: 'gone' });
    expect(look(11)).toEqual(['09:10 missed: its run was left by a server that is gone']);
  });

  test('not while it is paused, nor of the time before its cron was changed', () => {
    const { look, stand, change } = watcher();
    stand({ isPaused: true });
    expect(look(40)).toEqual([]);
    stand({ isPaused: false });
    change({ cron: '5 * * * *' });
    expect([look(66), look(69), look(130)]).toEqual([[], [], [expect.stringContaining('11:05 missed')]]);
  });
});

describe('a run', () => {
  test('has failed at once where its code is for good, and recovers with the next success', () => {
    const { look, run, troubles } = watcher();
    run(10, 65);
    expect([look(11), look(12)]).toEqual([['09:10 failed: exit code 65'], []]);
    run(20);
    expect(look(22)).toEqual(['09:20 recovered']);
    expect([look(25), troubles()]).toEqual([[], []]);
  });

  test('has not failed while a retry may follow', () => {
    const { look, run } = watcher({ retries: { attempts: 1, pauseMs: 5 * MINUTE_MS } });
    run(10, 69);
    expect(look(12)).toEqual([]);
    run(10, 69, { starts: 2, error: 'the provider is away' });
    expect(look(13)).toEqual(['09:10 failed: the provider is away']);
  });

  test('has failed where the retry never came', () => {
    const { look, run } = watcher({
      retries: { attempts: 1, pauseMs: 5 * MINUTE_MS },
      deadlineMs: 10_000 * MINUTE_MS,
    });
    run(10, 69);
    expect([look(30), look(31)]).toEqual([[], ['09:10 failed: exit code 69']]);
  });

  test('that goes on is waited for, past later slots', () => {
    const { look, run } = watcher({ overlap: 'allow' });
    run(10, null);
    run(20);
    expect(look(29)).toEqual([]);
    run(10, 65);
    expect(look(30)).toEqual(['09:10 failed: exit code 65']);
  });

  test('has failed where its process died, or has told nothing long after its timeout', () => {
    const { look, run } = watcher({ timeoutMs: 5 * MINUTE_MS });
    run(10, null, { isGone: true });
    expect(look(11)).toEqual(['09:10 failed: its process died']);
    run(20, null);
    expect(look(34)).toEqual([]);
    expect(look(35)).toEqual(['09:20 failed: its timeout of 300 s has passed, and it has not told its end']);
  });

  test('that somebody repeats with success is a recovery, unless a later one is amiss, too', () => {
    const { look, run, troubles } = watcher();
    run(10, 65);
    run(20, 65);
    expect(look(22)).toHaveLength(2);
    run(10);
    expect([look(23), troubles()]).toEqual([[], ['09:20']]);
    run(20);
    expect([look(24), troubles()]).toEqual([['09:20 recovered'], []]);
  });
});

test('what a server has dealt with is known and not told again', () => {
  const { look, record, stand, troubles } = watcher();
  stand({ cursorMs: at(30), isTroubled: true });
  record(10, { state: 'failed', exitCode: 65 });
  record(20, { state: 'skipped' });
  record(30, { state: 'failed', exitCode: 65, isManual: true });
  expect([look(39), troubles()]).toEqual([[], ['09:10']]);
  // The server has told of its own recovery.
  stand({ isTroubled: false });
  record(40, { state: 'ran', exitCode: 0 });
  expect([look(41), troubles()]).toEqual([[], []]);
});
