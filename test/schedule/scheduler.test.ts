import { describe, expect, test } from 'vitest';
import { RtnError } from '../../src/error.js';
import type { CatchUp, Overlap } from '../../src/schedule/schedule.js';
import { type Script, schedule, World } from './world.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** A world whose first slot, 09:01, takes two and a half minutes; the others are quick. */
const slowFirst = () =>
  new World((slot) => ({ lastsMs: slot === '09:01' ? 150 * SECOND_MS : 5 * SECOND_MS }));

describe('a slot whose predecessor is still running', () => {
  const table: [Overlap, starts: string[], states: string[]][] = [
    [
      'forbid',
      ['09:01#1 at 09:01:00', '09:04#1 at 09:04:00'],
      ['09:01 ran', '09:02 missed', '09:03 missed', '09:04 ran'],
    ],
    [
      'queue',
      ['09:01#1 at 09:01:00', '09:02#1 at 09:03:30', '09:03#1 at 09:03:35', '09:04#1 at 09:04:00'],
      ['09:01 ran', '09:02 ran', '09:03 ran', '09:04 ran'],
    ],
    [
      'replace',
      ['09:01#1 at 09:01:00', '09:02#1 at 09:02:02', '09:03#1 at 09:03:00', '09:04#1 at 09:04:00'],
      ['09:01 skipped', '09:02 ran', '09:03 ran', '09:04 ran'],
    ],
    [
      'allow',
      ['09:01#1 at 09:01:00', '09:02#1 at 09:02:00', '09:03#1 at 09:03:00', '09:04#1 at 09:04:00'],
      ['09:01 ran', '09:02 ran', '09:03 ran', '09:04 ran'],
    ],
  ];
  test.each(table)('%s', async (overlap, starts, states) => {
    const world = slowFirst();
    world.serve(schedule({ overlap }));
    await world.minutes(4);
    expect(world.starts).toEqual(starts);
    expect(world.states()).toEqual(states);
  });

  test('waits no longer than its deadline', async () => {
    const world = slowFirst();
    world.serve(schedule({ overlap: 'queue', deadlineMs: 80 * SECOND_MS }));
    await world.minutes(4);
    expect(world.states()).toEqual(['09:01 ran', '09:02 missed', '09:03 ran', '09:04 ran']);
  });

  test('forbid counts one that waits for another try as running', async () => {
    const world = new World((slot, attempt) => ({
      lastsMs: 5 * SECOND_MS,
      exitCode: slot === '09:01' && attempt === 1 ? 75 : 0,
    }));
    world.serve(schedule({ retries: { attempts: 1, pauseMs: 90 * SECOND_MS } }));
    await world.minutes(3);
    expect(world.starts).toEqual(['09:01#1 at 09:01:00', '09:01#2 at 09:02:35', '09:03#1 at 09:03:00']);
    expect(world.states()).toEqual(['09:01 ran', '09:02 missed', '09:03 ran']);
  });
});

describe('slots that passed while nobody was there', () => {
  // The server is gone from 09:01:30 to 09:05:45.
  const table: [
    CatchUp,
    deadlineMs: number | undefined,
    overlap: Overlap,
    starts: string[],
    states: string[],
  ][] = [
    ['none', undefined, 'forbid', ['09:05', '09:06'], ['09:04 missed', '09:05 ran', '09:06 ran']],
    ['latest', undefined, 'forbid', ['09:05', '09:06'], ['09:04 skipped', '09:05 ran', '09:06 ran']],
    [
      'all',
      undefined,
      'forbid',
      ['09:02', '09:03', '09:04', '09:05', '09:06'],
      ['09:02 ran', '09:03 ran', '09:04 ran', '09:05 ran', '09:06 ran'],
    ],
    [
      'all',
      2 * MINUTE_MS,
      'allow',
      ['09:05', '09:04', '09:06'],
      ['09:03 missed', '09:04 ran', '09:05 ran', '09:06 ran'],
    ],
    [
      'latest',
      2 * MINUTE_MS,
      'queue',
      ['09:05', '09:06'],
      ['09:03 missed', '09:04 skipped', '09:05 ran', '09:06 ran'],
    ],
  ];
  test.each(table)(
    'catch up %s, deadline %s ms, overlap %s',
    async (catchUp, deadlineMs, overlap, starts, states) => {
      const world = new World();
      const served = schedule({ catchUp, overlap, ...(deadlineMs !== undefined && { deadlineMs }) });
      const first = world.serve(served);
      await world.minutes(1);
      first.kill();
      await world.clock.advance(4.25 * MINUTE_MS);
      world.serve(served);
      await world.minutes(1);
      expect(
        world.starts
          .slice(1)
          .map((start) => start.slice(0, 5))
          .sort(),
      ).toEqual([...starts].sort());
      expect(world.states()).toEqual(['09:01 ran', ...states]);
    },
  );

  test('latest runs the newest, late, where none is due just now', async () => {
    const world = new World();
    const hourly = schedule({ cron: '0 * * * *' });
    world.serve(hourly).kill();
    world.serve(hourly);
    await world.minutes(1);
    // The laptop sleeps: timers stand still, the clock does not.
    world.clock.jump(5 * 60 * MINUTE_MS);
    await world.minutes(1);
    expect(world.states()).toEqual(['13:00 skipped', '14:00 ran']);
    expect(world.starts).toHaveLength(1);
  });

  test('are one record where they are many', async () => {
    const world = new World();
    const first = world.serve(schedule({ catchUp: 'none' }));
    await world.minutes(1);
    first.kill();
    await world.minutes(10_000);
    world.serve(schedule({ catchUp: 'none' }));
    await world.minutes(1);
    const missed = world.history.all().filter(({ state }) => state === 'missed');
    expect(missed).toHaveLength(1);
    expect(missed[0]?.reason).toMatch(/^nobody was there \(9999 slots since 2026-01-01T09:02Z\)$/);
    expect(world.alerts.filter((alert) => alert.endsWith('missed'))).toHaveLength(1);
  });

  test('a schedule that is new begins now', async () => {
    const world = new World();
    await world.minutes(60);
    world.serve(schedule({ catchUp: 'all' }));
    await world.minutes(1);
    expect(world.states()).toEqual(['10:01 ran']);
  });
});

describe('a run that fails', () => {
  const table: [codes: number[], attempts: number, state: string, starts: number][] = [
    [[75, 69, 0], 2, 'ran', 3],
    [[75, 69, 74], 2, 'failed', 3],
    [[65], 2, 'failed', 1],
    [[78], 2, 'failed', 1],
    [[137], 2, 'failed', 1],
    [[75], 0, 'failed', 1],
  ];
  test.each(table)('with %j and %i retries: %s', async (codes, attempts, state, starts) => {
    const world = new World((_, attempt) => ({
      lastsMs: 10 * SECOND_MS,
      exitCode: codes[attempt - 1] ?? 0,
    }));
    world.serve(schedule({ cron: '1 9 * * *', retries: { attempts, pauseMs: 2 * MINUTE_MS } }));
    await world.minutes(10);
    expect(world.states()).toEqual([`09:01 ${state}`]);
    expect(world.starts).toEqual(
      ['09:01#1 at 09:01:00', '09:01#2 at 09:03:10', '09:01#3 at 09:05:20'].slice(0, starts),
    );
    expect(world.alerts).toEqual(state === 'failed' ? ['09:01 failed'] : []);
  });

  const timeouts: [how: string, Script, exitCode: number][] = [
    ['is told to end', { lastsMs: 60 * MINUTE_MS }, 75],
    ['is killed when it does not', { lastsMs: 60 * MINUTE_MS, isHard: true }, 137],
  ];
  test.each(timeouts)('after its timeout %s', async (_, script, exitCode) => {
    const world = new World(() => script);
    const retries = { attempts: 3, pauseMs: SECOND_MS };
    world.serve(schedule({ cron: '1 9 * * *', timeoutMs: 5 * MINUTE_MS, retries }));
    await world.minutes(10);
    expect(world.history.all()).toMatchObject([
      { state: 'failed', exitCode, attempt: 1, reason: 'its timeout of 300 s had passed' },
    ]);
  });

  test('has its whole timeout, however long it took to be started', async () => {
    const world = new World(() => ({ opensMs: 4 * MINUTE_MS, lastsMs: 4 * MINUTE_MS }));
    world.serve(schedule({ cron: '1 9 * * *', timeoutMs: 5 * MINUTE_MS }));
    await world.minutes(10);
    const startedMs = Date.UTC(2026, 0, 1, 9, 5);
    expect(world.history.all()).toMatchObject([
      { state: 'ran', startedMs, endedMs: startedMs + 4 * MINUTE_MS },
    ]);
  });

  test('tells so once, and that it is well again', async () => {
    const world = new World((slot) => ({ lastsMs: SECOND_MS, exitCode: slot < '09:03' ? 65 : 0 }));
    world.serve(schedule());
    await world.minutes(5);
    expect(world.alerts).toEqual(['09:01 failed', '09:02 failed', '09:03 recovered']);
    expect(world.history.all().every(({ alert }) => alert === null)).toBe(true);
  });
});

describe('a paused schedule', () => {
  test('neither runs nor misses what passes, and does not catch it up', async () => {
    const world = new World();
    world.serve(schedule({ catchUp: 'all' }));
    await world.minutes(1);
    world.history.change('night', () => ({ isPaused: true }));
    await world.minutes(5);
    world.history.change('night', () => ({ isPaused: false, cursorMs: world.clock.now() }));
    await world.minutes(1);
    expect(world.states()).toEqual(['09:01 ran', '09:07 ran']);
    expect(world.alerts).toEqual([]);
  });

  test('stays paused over a restart where its YAML says so', async () => {
    const world = new World();
    const first = world.serve(schedule({ catchUp: 'all', isPaused: true }));
    await world.minutes(3);
    first.kill();
    await world.minutes(3);
    const { scheduler } = world.serve(schedule({ catchUp: 'all' }));
    await world.minutes(1);
    expect(world.states()).toEqual(['09:07 ran']);
    scheduler.load([schedule({ catchUp: 'all', isPaused: true })]);
    await world.minutes(3);
    expect(world.states()).toEqual(['09:07 ran']);
  });
});

describe('a schedule that is changed', () => {
  test('is due at its new times from then on, and doubles none', async () => {
    const world = new World();
    const { scheduler } = world.serve(schedule({ catchUp: 'all' }));
    await world.minutes(2);
    scheduler.load([schedule({ catchUp: 'all', cron: '*/2 * * * *' })]);
    await world.minutes(4);
    scheduler.load([schedule({ catchUp: 'all' })]);
    await world.minutes(1);
    expect(world.states()).toEqual(['09:01 ran', '09:02 ran', '09:04 ran', '09:06 ran', '09:07 ran']);
  });

  test('runs no slot again where the clock is put back', async () => {
    const world = new World();
    world.serve(schedule({ catchUp: 'all' }));
    await world.minutes(3);
    world.clock.jump(-2 * MINUTE_MS);
    await world.minutes(4);
    expect(world.states()).toEqual(['09:01 ran', '09:02 ran', '09:03 ran', '09:04 ran', '09:05 ran']);
    expect(world.starts).toHaveLength(5);
  });
});

test('a schedule that a clock far ahead has left still says so once', async () => {
  const world = new World();
  world.serve(schedule());
  await world.minutes(1);
  world.clock.jump(60 * MINUTE_MS);
  await world.minutes(1);
  world.clock.jump(-60 * MINUTE_MS);
  await world.minutes(5);
  expect(world.events.filter(({ event }) => event === 'warning')).toEqual([
    {
      event: 'warning',
      schedule: 'night',
      message: expect.stringContaining('starts nothing before 2026-01-01T10:02Z'),
      next: expect.stringContaining('date -u'),
    },
  ]);
});

describe('a server that is killed', () => {
  const slow = () => new World(() => ({ lastsMs: 3 * MINUTE_MS }));
  const hourly = schedule({ cron: '1 * * * *' });

  test('leaves its run to the next one, which waits for its end', async () => {
    const world = slow();
    const first = world.serve(hourly);
    await world.minutes(1);
    first.kill();
    await world.minutes(1);
    world.serve(hourly);
    await world.minutes(3);
    expect(world.starts).toEqual(['09:01#1 at 09:01:00']);
    expect(world.history.all()).toMatchObject([{ state: 'ran', attempt: 1, exitCode: 0 }]);
  });

  test('knows how a run ended while nobody was there', async () => {
    const world = new World(() => ({ lastsMs: MINUTE_MS, exitCode: 65 }));
    const first = world.serve(hourly);
    await world.minutes(1);
    first.kill();
    await world.minutes(5);
    world.serve(hourly);
    await world.minutes(1);
    expect(world.starts).toHaveLength(1);
    expect(world.history.all()).toMatchObject([{ state: 'failed', exitCode: 65 }]);
    expect(world.forgotten).toEqual(['09:01#1']);
    expect(world.alerts).toEqual(['09:01 failed']);
  });

  test('and its run with it: the same slot is started again', async () => {
    const world = slow();
    const first = world.serve(hourly);
    await world.minutes(1);
    first.kill();
    world.killProcess('09:01');
    await world.minutes(1);
    world.serve(hourly);
    await world.minutes(5);
    expect(world.starts).toEqual(['09:01#1 at 09:01:00', '09:01#2 at 09:02:30']);
    expect(world.history.all()).toMatchObject([{ state: 'ran', attempt: 2, retries: 0 }]);
  });

  test('over and over: the slot has failed after ten of them', async () => {
    const world = slow();
    let server = world.serve(hourly);
    await world.minutes(1);
    for (let kill = 0; kill < 12; kill++) {
      server.kill();
      world.killProcess('09:01');
      server = world.serve(hourly);
      await world.clock.advance(SECOND_MS);
    }
    expect(world.history.all()).toMatchObject([{ state: 'failed', reason: 'its process died 10 times' }]);
    expect(world.starts).toHaveLength(10);
  });

  test('ends in order are no deaths', async () => {
    const world = new World(() => ({ lastsMs: 60 * MINUTE_MS }));
    for (let ends = 0; ends < 15; ends++) {
      const { scheduler, served } = world.serve(hourly);
      await world.minutes(1);
      scheduler.end(0);
      await world.minutes(1);
      await served;
    }
    expect(world.starts).toHaveLength(15);
    const last = world.serve(hourly);
    await world.minutes(1);
    last.kill();
    world.killProcess('09:01');
    world.serve(hourly);
    await world.minutes(1);
    expect(world.history.all()).toMatchObject([{ state: 'running', attempt: 17, deaths: 1 }]);
  });
});

test('several servers start each slot once', async () => {
  const world = new World();
  for (let servers = 0; servers < 3; servers++) world.serve(schedule());
  await world.minutes(5);
  expect(world.starts).toHaveLength(5);
  expect(world.states()).toEqual(['09:01 ran', '09:02 ran', '09:03 ran', '09:04 ran', '09:05 ran']);
});

test('a schedule whose memory cannot be read is told once, and the others go on', async () => {
  const world = new World();
  world.history.broken.add('bad');
  world.serve(schedule({ name: 'bad' }), schedule());
  await world.minutes(3);
  expect(world.states()).toEqual(['09:01 ran', '09:02 ran', '09:03 ran']);
  const errors = () => world.events.filter(({ event }) => event === 'error');
  expect(errors()).toEqual([
    { event: 'error', schedule: 'bad', message: 'bad cannot be read', next: 'mend it' },
  ]);
  world.history.broken.clear();
  await world.minutes(2);
  expect(world.states()).toEqual([
    '09:01 ran',
    '09:02 ran',
    '09:03 ran',
    '09:04 ran',
    '09:04 ran',
    '09:05 ran',
    '09:05 ran',
  ]);
  expect(errors()).toHaveLength(1);
});

const noSpace = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

test.each<[string, Error, string[], number]>([
  ['the system refuses is tried again', noSpace, ['09:01 ran'], 0],
  [
    'could start no process is tried again',
    new RtnError('temporary', 'node could not be started'),
    ['09:01 ran'],
    0,
  ],
  [
    'cannot be made has failed',
    new RtnError('configuration', 'there is no such version'),
    ['09:01 failed'],
    78,
  ],
])('a start that %s', async (_, refused, states, exitCode) => {
  const world = new World((_slot, attempt) => ({ lastsMs: SECOND_MS, ...(attempt === 1 && { refused }) }));
  world.serve(schedule({ cron: '1 9 * * *', retries: { attempts: 1, pauseMs: SECOND_MS } }));
  await world.minutes(2);
  expect(world.states()).toEqual(states);
  expect(world.history.all()).toMatchObject([{ exitCode }]);
});

test('a storm of starts takes turns, and each has its whole timeout', async () => {
  const world = new World(() => ({ opensMs: SECOND_MS, lastsMs: 2 * SECOND_MS }));
  const storm = Array.from({ length: 40 }, (_, index) =>
    schedule({ name: `s${index}`, cron: '1 9 * * *', timeoutMs: 3 * SECOND_MS }),
  );
  world.serve(...storm);
  await world.minutes(1);
  expect(world.history.all()).toHaveLength(40);
  await world.minutes(1);
  expect(new Set(world.states())).toEqual(new Set(['09:01 ran']));
  expect(world.starts).toHaveLength(40);
  expect(world.mostOpening).toBe(8);
});

describe('a server that is told to end', () => {
  test('waits for its run, tells it to end after the grace, and leaves the rest to the next', async () => {
    const world = new World((_, attempt) => ({ lastsMs: attempt === 1 ? 20 * MINUTE_MS : SECOND_MS }));
    const { scheduler, served } = world.serve(schedule());
    await world.minutes(1);
    scheduler.end(MINUTE_MS);
    await world.minutes(2);
    await served;
    expect(world.history.all()).toMatchObject([
      { state: 'waiting', exitCode: 75, reason: 'its server was told to end' },
    ]);
    world.serve(schedule());
    await world.clock.advance(10 * SECOND_MS);
    expect(world.starts).toEqual(['09:01#1 at 09:01:00', '09:01#2 at 09:03:30']);
    expect(world.history.all()[0]).toMatchObject({ state: 'ran', attempt: 2 });
  });
});
