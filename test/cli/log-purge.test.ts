import { describe, expect, test } from 'vitest';
import { sensitiveDigest } from '../../src/pipeline/sensitive.js';
import { testDatabase } from '../setup/database.js';
import { keepRun, sendResult } from '../setup/kept-run.js';
import { rtn } from '../setup/rtn.js';
import { emptyLogs, testStore } from '../setup/stores.js';

const database = testDatabase();

const DAY_MS = 24 * 3_600_000;

/** A result of so many days ago. */
function aged(position: number, days: number, recipient = `r${position}`) {
  const atMs = Math.floor(Date.now() - days * DAY_MS);
  return sendResult(position, { recipient, startedAtMs: atMs - 1, finishedAtMs: atMs });
}

describe.each(emptyLogs(database.url))('rtn log purge of %s', (kind, makeLog) => {
  test('takes the rows of one recipient out of all runs, where the log has a digest, too', async () => {
    const { keep, rows, at, night, noon } = await testStore(makeLog);
    const hidden = sensitiveDigest("d'1");
    await keep({
      id: night,
      results: [aged(0, 9, "d'1"), aged(1, 9), aged(2, 9, hidden)],
      end: { exitCode: 0 },
    });
    await keep({ id: noon, results: [aged(0, 1, hidden), aged(1, 1)], end: { exitCode: 0 } });
    const told = await at('log', 'purge', '--recipient', "d'1", '--dry-run');
    expect(told).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^would delete 3 rows: recipient d'1, as it/),
    });
    expect(await rows()).toHaveLength(5);
    expect(await at('log', 'purge', '--recipient', "d'1", '--yes')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^deleted 3 rows and 0 records of runs/),
    });
    expect((await rows()).map(({ recipient }) => recipient)).toEqual(['r1', 'r1']);
    expect((await at('runs', 'show', night)).out).toContain('2 rows are in the log no more');
  });

  test('takes old rows, and the records of runs that finished before', async () => {
    const { keep, rows, json, at, night, noon } = await testStore(makeLog);
    await keep({ id: night, results: [aged(0, 40), aged(1, 35), aged(2, 1)], end: { exitCode: 0 } });
    await keep({ id: noon, results: [aged(0, 1)], end: { exitCode: 0 } });
    expect((await at('log', 'purge', '--older-than', '30d', '--yes')).out).toMatch(
      /^deleted 2 rows and 0 records/,
    );
    expect(await rows()).toHaveLength(2);
    await expect
      .poll(async () => (await at('log', 'purge', '--older-than', '0s', '--dry-run')).out)
      .toMatch(/^would delete 2 rows and 2 records of runs/);
    await at('log', 'purge', '--older-than', '0s', '--yes');
    expect([await rows(), await json('runs')]).toEqual([[], []]);
  });

  test('takes a finished run with its record; one that has not finished only with --abandon', async () => {
    const { keep, rows, json, at, night, noon } = await testStore(makeLog);
    await keep({ id: night, results: [aged(0, 0)], end: { exitCode: 0 } });
    await keep({ id: noon, results: [aged(0, 0)], end: { exitCode: 75 } });
    await at('log', 'purge', '--run', night, '--yes');
    expect((await rows()).map(({ run_id }) => run_id)).toEqual([noon]);
    expect((await json('runs')).map(({ runId }: { runId: string }) => runId)).toEqual([noon]);
    expect(await at('log', 'purge', '--run', noon, '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('its record keeps the next start from sending twice'),
    });
    expect(await rows()).toHaveLength(1);
    await at('log', 'purge', '--run', noon, '--abandon', '--yes');
    expect([await rows(), await json('runs')]).toEqual([[], []]);
  });

  test('says what it cannot do while a run is under way', async () => {
    const { keep, rows, at, night } = await testStore(makeLog);
    await keep({ id: night, results: [aged(0, 40), aged(1, 0)] });
    const { code, err } = await at('log', 'purge', '--older-than', '30d', '--yes');
    const expected = {
      pg: { code: 0, err: '' },
      yt: { code: 1, err: expect.stringContaining('runs are under way') },
      file: {
        code: 1,
        err: expect.stringContaining('1 rows were kept: they are in logs of runs that may go on'),
      },
    };
    expect({ code, err }).toEqual(expected[kind as keyof typeof expected]);
    expect(await rows()).toHaveLength(kind === 'pg' ? 1 : 2);
    expect((await at('log', 'purge', '--run', night, '--abandon', '--yes')).err).toContain('is under way');
  });
});

describe('rtn log purge', () => {
  const env = { DATABASE_URL: database.url };
  const purge = (...words: string[]) => rtn(['log', 'purge', '--log', 'pg:asked_log', ...words], { env });

  test('asks on a terminal, and without one wants --yes', async () => {
    await keepRun('pg:asked_log', env, { id: 'asked', results: [aged(0, 9)] });
    expect(await purge('--older-than', '1d')).toMatchObject({
      code: 2,
      err: expect.stringContaining('this would delete 1 rows'),
    });
    const asked: string[] = [];
    const answer = (said: string) => async (text: string) => {
      asked.push(text);
      return said;
    };
    const words = ['log', 'purge', '--log', 'pg:asked_log', '--older-than', '1d'];
    expect(await rtn(words, { env, ask: answer('no') })).toMatchObject({ code: 2 });
    expect(await database.query('select count(*)::int from asked_log')).toEqual([{ count: 1 }]);
    expect(await rtn(words, { env, ask: answer('yes') })).toMatchObject({ code: 0 });
    expect(await database.query('select count(*)::int from asked_log')).toEqual([{ count: 0 }]);
    expect(asked[0]).toMatch(/^Delete 1 rows: ended before .*\? \(yes\/no\)$/);
  });

  test.each([
    [[], 'expected one of --older-than, --recipient and --run'],
    [['--older-than', '1d', '--recipient', 'x'], 'expected one of --older-than, --recipient and --run'],
    [['--older-than', '1 month'], 'expected an age such as 30d'],
    [['--run', 'nobody'], "there is no run 'nobody'"],
  ])('%j is refused: %s', async (words, expected) => {
    const { code, err } = await purge(...words);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(expected) });
  });

  test('deletes from every partition of a log, in pieces', async () => {
    await keepRun('pg:plain_log', env, { id: 'plain' });
    await database.query(
      'create table parted_log (like plain_log including defaults) partition by range (finished_at)',
    );
    // Uncompressed, the rows of a partition fill more pages than one piece has.
    await database.query('alter table parted_log alter column recipient set storage plain');
    for (const [name, from, to] of [
      ['parted_log_old', '2020-01-01', '2021-01-01'],
      ['parted_log_new', '2021-01-01', '2030-01-01'],
    ])
      await database.query(
        `create table ${name} partition of parted_log for values from ('${from}') to ('${to}')`,
      );
    await database.query(
      `insert into parted_log select 'p', 'o', '1', 'd', 'm', n, 'sent', repeat('x', 2000), 'http', 1, 200, null, null, null,
         false, at, at from generate_series(1, 9000) n, unnest(array['2020-06-01', '2026-01-01']::timestamptz[]) at`,
    );
    const words = ['log', 'purge', '--log', 'pg:parted_log', '--recipient', 'x'.repeat(2000), '--yes'];
    expect((await rtn(words, { env })).out).toMatch(/^deleted 18,000 rows/);
    expect(await database.query('select count(*)::int from parted_log')).toEqual([{ count: 0 }]);
  });
});
