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

const ODD = sendResult(0, {
  outcome: 'rejected',
  recipient: '=cmd|"/c calc"!A1',
  providerId: '',
  errorCode: 'a,b',
  errorText: 'line one\nline "two"\ttab \\N \\ \u001b[31m',
  suppress: true,
});

describe.each(emptyLogs(database.url))('rtn log export of %s', (_, makeLog) => {
  test('gives every row as it was logged, of all runs or of one, since a time', async () => {
    const { keep, rows, night, noon } = await testStore(makeLog);
    await keep({ id: night, results: [ODD, aged(1, 3)], end: { exitCode: 0 } });
    await keep({ id: noon, results: [aged(0, 1)] });
    const ofNight = await rows('--run', night);
    expect(ofNight).toHaveLength(2);
    expect(ofNight).toContainEqual({
      run_id: night,
      operation: 'driver_push',
      version: '1.4.10',
      digest: 'd'.repeat(64),
      message_id: 'm0',
      position: 0,
      outcome: 'rejected',
      recipient: '=cmd|"/c calc"!A1',
      channel: 'http',
      attempts: 1,
      http_status: 200,
      provider_id: '',
      error_code: 'a,b',
      error_text: ODD.errorText,
      suppress: true,
      started_at: '2026-01-01T00:00:00.000Z',
      finished_at: '2026-01-01T00:00:01.000Z',
    });
    expect(await rows()).toHaveLength(3);
    expect((await rows('--since', '2d')).map(({ run_id }) => run_id)).toEqual([noon]);
    expect(await rows('--since', '12h')).toEqual([]);
  });
});

describe('rtn log export', () => {
  const csvOf = async (options: { columns?: number } = {}, ...words: string[]) => {
    const env = { DATABASE_URL: database.url };
    const id = `csv-${Math.random()}`;
    await keepRun('pg:csv_log', env, { id, results: [ODD, sendResult(1, { recipient: '+79991234567' })] });
    const verb = ['log', 'export', '--format', 'csv', '--run', id, ...words];
    return (await rtn(verb, { env, ...options })).out.replaceAll(id, 'ID');
  };
  const HEAD =
    'run_id,operation,version,digest,message_id,position,outcome,recipient,channel,attempts,http_status,provider_id,error_code,error_text,suppress,started_at,finished_at\n';
  const [RUN, TIMES] = [
    `ID,driver_push,1.4.10,${'d'.repeat(64)}`,
    '2026-01-01T00:00:00.000Z,2026-01-01T00:00:01.000Z',
  ];

  test('quotes CSV, tells an empty text from none, and puts an apostrophe before formulas but not numbers', async () => {
    expect(await csvOf()).toBe(
      `${HEAD}${RUN},m0,0,rejected,"'=cmd|""/c calc""!A1",http,1,200,"","a,b","line one\nline ""two""\ttab \\N \\ \u001b[31m",true,${TIMES}
${RUN},m1,1,sent,+79991234567,http,1,200,,,,false,${TIMES}
`,
    );
  });

  test('leaves cells as they are with --verbatim', async () => {
    expect(await csvOf({}, '--verbatim')).toContain(',"=cmd|""/c calc""!A1",');
  });

  test('gives no control character of a cell to a terminal', async () => {
    expect(await csvOf({ columns: 80 })).toContain(
      '"line one\\u000aline ""two""\\u0009tab \\N \\ \\u001b[31m"',
    );
  });

  test('asks which log is meant, and says where there is none', async () => {
    const env = { DATABASE_URL: database.url };
    expect(await rtn(['log', 'export'], { env })).toMatchObject({
      code: 2,
      err: 'rtn: no log is named: a database may have many logs\nnext: add --log pg:TABLE\n',
    });
    expect((await rtn(['log', 'export', '--log', 'pg:nowhere'], { env })).err).toContain(
      'the database of DATABASE_URL has no table nowhere',
    );
  });

  test('reads no further than its reader takes', async () => {
    await database.query(
      `create table wide_log as select 'wide' as run_id, 'o' as operation, '1' as version, 'd' as digest,
         'm' || n as message_id, n as position, 'sent' as outcome, repeat('x', 500) as recipient, 'http' as channel,
         1 as attempts, 200 as http_status, null::text as provider_id, null::text as error_code,
         null::text as error_text, false as suppress, now() as started_at, now() as finished_at
       from generate_series(0, 99999) n`,
    );
    const { openRunStore } = await import('../../src/loggers/run-store.js');
    const store = await openRunStore('pg:wide_log', { DATABASE_URL: database.url });
    const before = process.memoryUsage().arrayBuffers;
    let count = 0;
    for await (const rows of store.rows({})) {
      count += rows.length;
      if (count > 1_000) break;
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    await store.close();
  });
});

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
