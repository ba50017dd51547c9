import { describe, expect, test } from 'vitest';
import { newCounts } from '../../src/pipeline/counts.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import type { RunControl, RunState, StartRecord } from '../../src/pipeline/ledger.js';
import { NO_CONTROL } from '../../src/pipeline/ledger.js';
import { standingOf, tallyOf } from '../../src/pipeline/run-tally.js';
import { newRun } from '../setup/keep.js';
import { testRun } from '../setup/run.js';

const BEGUN_MS = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(BEGUN_MS + seconds * 1_000).toISOString();

function start(overrides: Partial<StartRecord>, sent = 0, left = 0): StartRecord {
  const counts = { ...newCounts(), left };
  return {
    shard: 0,
    token: 1,
    holder: thisHolder(),
    startedAt: at(0),
    endedAt: null,
    state: 'running',
    counts: { ...counts, logged: { ...counts.logged, sent } },
    exitCode: null,
    error: null,
    ...overrides,
  };
}

describe('the tally of a run', () => {
  test('adds results of all starts, and takes what is left from the last of each shard', () => {
    const starts = [
      start({ shard: 0, token: 1, endedAt: at(10), state: 'stopped' }, 5, 7),
      start({ shard: 0, token: 2, startedAt: at(20), endedAt: at(30), state: 'finished' }, 7, 0),
      start({ shard: 1, token: 1, endedAt: at(10), state: 'stopped' }, 1, 2),
    ];
    expect(tallyOf(starts, BEGUN_MS)).toMatchObject({
      results: 13,
      counts: { logged: { sent: 13 }, left: 2 },
    });
  });

  test('counts time that shards share once, and a start that goes on up to now', () => {
    const starts = [
      start({ shard: 0, endedAt: at(10) }, 30),
      start({ shard: 1, startedAt: at(5), endedAt: at(12) }, 30),
      start({ shard: 0, token: 2, startedAt: at(20) }, 30),
    ];
    expect(tallyOf(starts, BEGUN_MS + 38_000)).toMatchObject({ activeMs: 30_000, perSecond: 3 });
  });

  test('of no start is empty', () => {
    expect(tallyOf([], BEGUN_MS)).toMatchObject({ results: 0, activeMs: 0, perSecond: 0, running: [] });
  });
});

describe('a run stands as', () => {
  const dead = thisHolder().replace(/\/\d+\/\d*$/, '/1/1');
  const cases: [string, RunState, Partial<RunControl>, StartRecord[]][] = [
    ['running', 'running', {}, [start({})]],
    ['paused', 'running', { isPaused: true }, [start({})]],
    ['stopping', 'running', { isPaused: true, isStopped: true }, [start({})]],
    ['died', 'running', { isPaused: true }, [start({ holder: dead })]],
    ['running', 'running', {}, [start({ holder: dead }), start({ shard: 1 })]],
    ['running', 'running', {}, [start({ holder: 'elsewhere/scope/1/1' })]],
    ['running', 'running', {}, []],
    ['stopped', 'stopped', { isStopped: true }, []],
    ['finished', 'finished', { isPaused: true }, []],
  ];
  test.each(cases)('%s where it is %s with %j', (expected, state, control, starts) => {
    const record = {
      ...newRun(testRun()),
      state,
      control: { ...NO_CONTROL, ...control },
      startedAt: at(0),
      endedAt: null,
    };
    expect(standingOf(record, tallyOf(starts, BEGUN_MS))).toBe(expected);
  });
});
