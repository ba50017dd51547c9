import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { keepRun, sendResult } from '../setup/kept-run.js';
import { rtn } from '../setup/rtn.js';
import { emptyLogs, testStore } from '../setup/stores.js';

const database = testDatabase();

const FAILED = {
  outcome: 'failed',
  attempts: 5,
  httpStatus: 503,
  errorCode: 'http_503',
  errorText: 'overloaded',
  reason: 'retry',
} as const;

describe.each(emptyLogs(database.url))('runs in %s', (_, makeLog) => {
  const store = () => testStore(makeLog);

  test('are listed, the newest first, with what came of them', async () => {
    const { keep, json, at, night, noon } = await store();
    await keep({ id: night, results: [sendResult(0), sendResult(1, FAILED)], end: { exitCode: 0 } });
    await keep({ id: noon, operation: 'user_push', results: [sendResult(0)] });
    const listed = await json('runs');
    expect(listed).toMatchObject([
      { runId: noon, operation: 'user_push', state: 'running', standing: 'running' },
      { runId: night, state: 'finished', counts: { logged: { sent: 1, failed: 1 } }, holders: [] },
    ]);
    const { out } = await at('runs');
    expect(out.split('\n')[0]?.split(/ +/)).toEqual(
      'id operation version state started took sent failed /s holder'.split(' '),
    );
    expect(out).toContain(`process ${process.pid} on `);
    const idsOf = async (...words: string[]) =>
      (await json('runs', ...words)).map(({ runId }: { runId: string }) => runId);
    expect(await idsOf('--operation', 'user_push')).toEqual([noon]);
    expect(await idsOf('--state', 'finished')).toEqual([night]);
    expect(await idsOf('--limit', '1')).toEqual([noon]);
    expect(await idsOf('--since', '1h')).toEqual([noon, night]);
    expect(await idsOf('--since', '2100-01-01')).toEqual([]);
  });

  test('are shown with plan, starts, outcomes, errors and what is in doubt', async () => {
    const { keep, at, json, night } = await store();
    const results = [sendResult(0), sendResult(1, FAILED), sendResult(2, FAILED)];
    const end = { exitCode: 69, error: 'the provider is down' };
    await keep({ id: night, results, open: [7, 8, 9, 12], end });
    const { code, out } = await at('runs', 'show', night);
    expect(code).toBe(0);
    expect(out).toContain(`run ${night} (stopped)\nthe same command goes on`);
    expect(out).toMatch(
      /#1 +\S+Z +\S+Z +stopped +exit 69 +3 results +process \d+ on .+ the provider is down/,
    );
    expect(out).toMatch(/failed +2 +66\.7%/);
    expect(out).toMatch(/retry +2 +positions 1, 2\n/);
    expect(out).toMatch(/failed +http_503 +2 +m1, m2 +overloaded/);
    expect(out).toMatch(/in doubt\n +messages +4 +positions 7-9, 12\n/);
    expect(await json('runs', 'show', night)).toMatchObject({
      runId: night,
      plan: { params: { concurrency: 4 } },
      starts: [{ shard: 0, token: 1, state: 'stopped', exitCode: 69 }],
      unsent: [{ reason: 'retry', count: 2, positions: [1, 2] }],
      errors: { rows: 3, groups: [{ errorCode: 'http_503', count: 2, messageIds: ['m1', 'm2'] }] },
      open: [
        {
          shard: 0,
          count: 4,
          ranges: [
            [7, 9],
            [12, 12],
          ],
        },
      ],
    });
  });

  test('are told what a person asks, and keep it', async () => {
    const { keep, json, at, night } = await store();
    await keep({ id: night });
    expect(await json('runs', 'pause', night)).toEqual({
      runId: night,
      standing: 'paused',
      isStopped: false,
      isPaused: true,
      rate: null,
      processes: 1,
    });
    expect(await json('runs', 'rate', night, '12.5')).toMatchObject({ isPaused: true, rate: 12.5 });
    expect(await json('runs', 'stop', night)).toMatchObject({ standing: 'stopping', rate: 12.5 });
    expect(await json('runs', 'resume', night)).toMatchObject({ standing: 'running', rate: 12.5 });
    expect(await json('runs', 'rate', night, 'default')).toMatchObject({ rate: null });
    expect((await at('runs', 'pause', night)).out).toBe(
      `${night}: within 3 s no request leaves until rtn runs resume (1 process)\n`,
    );
  });

  test('that have finished, or are not there, are not told anything', async () => {
    const { keep, at, night, noon } = await store();
    await keep({ id: night, end: { exitCode: 0 } });
    expect(await at('runs', 'stop', night)).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        new RegExp(`^rtn: the run '${night}' finished .*\nnext: rtn runs show ${night}\n$`),
      ),
    });
    expect(await at('runs', 'show', noon)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`there is no run '${noon}' in `),
    });
  });

  test('bring no escape sequence, line end or credential from their data to the terminal', async () => {
    const { keep, at } = await store();
    const id = "x'; drop table runs; --\u001b[2J\u009b\u202e";
    const errorText = `\u001b]0;owned\u0007\nBearer abcdefghijklmnopqrstuvwxyz012345`;
    const result = sendResult(0, { ...FAILED, errorCode: '\u001b[31m', errorText, messageId: 'm\u001b[1m' });
    const plan = { input: '\u001b[5m', params: { 'a\u001b': 'https://u:hunter22hunter@db.internal/x' } };
    await keep({ id, results: [result], end: { exitCode: 65, error: errorText }, plan });
    for (const words of [['runs'], ['runs', 'show', id], ['runs', 'stop', id], ['runs', 'show', `${id}?`]]) {
      const { out, err } = await at(...words);
      const json = words[1] === 'stop' ? '' : (await at(...words, '--json')).out;
      expect(`${out}${err}${json}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(`${out}${json}`).not.toMatch(/abcdefghij|hunter22/);
    }
  });
});

describe('the store is', () => {
  test('the database of DATABASE_URL without --log, with the runs of all of its logs', async () => {
    const env = { DATABASE_URL: database.url };
    const id = randomUUID();
    await keepRun('pg:one_log', env, { id: `${id}-1`, results: [sendResult(0)] });
    await keepRun('pg:other_log', env, { id: `${id}-2` });
    const { out } = await rtn(['runs', '--json'], { env });
    const logs = JSON.parse(out)
      .filter(({ runId }: { runId: string }) => runId.startsWith(id))
      .map(({ plan }: { plan: { log: string } }) => plan.log);
    expect(logs).toEqual(['pg:other_log', 'pg:one_log']);
    const shown = await rtn(['runs', 'show', `${id}-1`, '--json'], { env });
    expect(JSON.parse(shown.out).errors).toMatchObject({ rows: 1 });
  });

  test('asked for where several could be meant', async () => {
    const { code, err } = await rtn(['runs']);
    expect(code).toBe(2);
    expect(err).toMatch(
      /which log's runs\? DATABASE_URL is not set, and the registry here has several logs: pg:, yt:/,
    );
    expect(err).toContain(
      'next: give --log pg:TABLE, --log yt:PATH or --log file:FOLDER, or set DATABASE_URL',
    );
  });

  test.each([['x:y'], ['pg'], ['']])('not one of %j', async (log) => {
    const { code, err } = await rtn(['runs', '--log', log]);
    expect(code).toBe(2);
    expect(err).toContain('expected pg:… or yt:… or file:…');
  });

  test('without a ledger where nothing ever ran', async () => {
    const env = { DATABASE_URL: database.url.replace(/\/[^/]+$/, '/postgres') };
    const { code, err } = await rtn(['runs'], { env });
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('has no table rtn.runs') });
  });
});

test('a verb that rtn runs does not have is told with those that it has', async () => {
  expect(await rtn(['runs', 'shwo', 'x'])).toMatchObject({
    code: 2,
    err: 'rtn: there is no rtn runs shwo: expected show, stop, pause, resume, rate, or nothing for the list\nnext: rtn runs --help\n',
  });
});

test.each([['0'], ['-1'], ['fast'], ['1e3'], ['Infinity'], ['']])('a rate is not %j', async (rate) => {
  const { code, err } = await rtn(['runs', 'rate', 'night', '--', rate]);
  expect(code).toBe(2);
  expect(err).toContain('expected a number above 0, or default');
});

test.each([
  'runs',
  'runs show',
  'runs stop',
  'runs pause',
  'runs resume',
  'runs rate',
  'log export',
  'log purge',
])('rtn %s --help has an example', async (verb) => {
  const { code, out } = await rtn([...verb.split(' '), '--help']);
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`Examples?:\n(?: +rtn .*\n)* +rtn ${verb}`));
});
