import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { rtnIn, start, taskHouse } from '../setup/task-house.js';

// A task of a registry's own, generated and started as a process of its own (from dist/, which `npm test` builds).

const database = testDatabase();
let folder: string;

beforeAll(() => database.query('create table rows (id int, text text)'));
beforeEach(async () => {
  await database.query('truncate rows');
  await database.query("insert into rows select n, 'text ' || n from generate_series(1, 5) n");
  folder = taskHouse();
  const { code, err } = await rtnIn(folder, ['generate', 'copy_rows', '--draft', '--out', '.']);
  expect([code, err]).toEqual([0, '']);
});

const copied = () => readFileSync(join(folder, 'copy.txt'), 'utf8');
const environment = () => ({ DATABASE_URL: database.url, COPY_TOKEN: 'token' });

/** Starts the runner; it copies to copy.txt. */
function runner(flags: readonly string[] = [], more: Record<string, string> = {}) {
  const words = ['copy_rows-1.0.0.one-shot.mjs', '--copy', 'file:copy.txt', ...flags];
  return start(words, folder, { ...environment(), ...more });
}

const startsOf = (runId: string) =>
  database.query('select state, exit_code, error, counts from rtn.starts where run_id = $1 order by token', [
    runId,
  ]);

/** What `rtn runs` says with these words. */
const runs = (...words: string[]) => rtnIn(folder, ['runs', ...words], { DATABASE_URL: database.url });

describe('a task', () => {
  test('is done, told, summed up, and recorded in the ledger of its database', async () => {
    const { code, out, err } = await runner(['--run-id', 'whole', '--summary', 'summary.json']).ended;
    expect([code, out]).toEqual([0, '']);
    expect(err).toMatch(
      /^copy_rows 1\.0\.0: done after \d+s\n {2}5 rows copied from pg:rows\n {2}run whole\n$/,
    );
    expect(copied()).toBe('1 text 1\n2 text 2\n3 text 3\n4 text 4\n5 text 5\n');
    expect(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))).toMatchObject({
      runId: 'whole',
      exitCode: 0,
      isComplete: true,
      endedBy: null,
      error: null,
      summary: { rows_copied: 5, rows_there: 5 },
    });
    expect(await startsOf('whole')).toEqual([
      { state: 'finished', exit_code: 0, error: null, counts: { work: { done: 5, total: 5, unit: 'rows' } } },
    ]);
    expect((await runs('--log', 'pg:rows')).out).toMatch(/whole +copy_rows +1\.0\.0 +finished .* 5 rows /);
    const page = (await runs('show', 'whole')).out;
    expect(page).toMatch(
      /^run whole \(finished\)\n[\s\S]*\ndone +5 rows\n[\s\S]*source +pg:rows\n +copy +file:copy\.txt\n/,
    );
    expect(page).toMatch(/exit 0 +5 rows/);
    expect(page).not.toContain('outcomes');
    expect(JSON.parse((await runs('show', 'whole', '--json')).out)).toMatchObject({
      standing: 'finished',
      work: { done: 5, unit: 'rows' },
    });
  });

  test('only looks in a dry run, and leaves no record', async () => {
    const { code, out, err } = await runner(['--dry-run', '--run-id', 'dry']).ended;
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/: dry run after \d+s\n {2}5 rows to copy from pg:rows\n/);
    expect(existsSync(join(folder, 'copy.txt'))).toBe(false);
    expect((await runs('show', 'dry')).code).not.toBe(0);
  });

  test('says nothing on success with --quiet', async () => {
    expect(await runner(['--quiet']).ended).toEqual({ code: 0, out: '', err: '' });
  });

  test('started again under its id is another start of the same run', async () => {
    await runner(['--run-id', 'twice', '--quiet']).ended;
    await database.query("insert into rows values (6, 'text 6')");
    await runner(['--run-id', 'twice', '--quiet']).ended;
    expect(copied().split('\n')).toHaveLength(7);
    expect(await startsOf('twice')).toMatchObject([
      { counts: { work: { done: 5 } } },
      { counts: { work: { done: 1 } } },
    ]);
    expect((await runs('show', 'twice')).out).toContain('6 rows');
  });

  test.each([
    ['refuse', 78, 'error: the table is\n  no good\n  next: mend the table\n'],
    ['break', 70, 'error: x is no function\nTypeError: x is no function\n    at '],
  ])('that throws (%s) ends with exit code %i, and says why', async (mode, expected, text) => {
    const { code, err } = await runner(['--mode', mode, '--run-id', mode, '--quiet']).ended;
    expect(code).toBe(expected);
    expect(err).toContain(text);
    expect(await startsOf(mode)).toMatchObject([{ state: 'stopped', exit_code: expected, counts: null }]);
  });

  test('has a help of its own: no flags of sending, what its locations need from the environment', async () => {
    const { out } = await runner(['--help']).ended;
    expect(out).toMatch(/--source LOCATION +Table with the columns/);
    expect(out).toContain('all that there was to do is done');
    expect(out).toContain('DATABASE_URL');
    expect(out).not.toMatch(/--limit|--shard|--retry|--state-dir|YT_PROXY|message/);
    expect((await runner(['--limit', '1']).ended).err).toContain('there is no flag --limit');
  });
});

describe('the end of a task', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'asked for by %s comes when what was begun is done: 75',
    async (signal) => {
      const held = runner(['--mode', 'hold', '--run-id', signal, '--summary', 'summary.json']);
      await held.said('warning: waiting');
      held.child.kill(signal);
      const { code, err } = await held.ended;
      expect(code).toBe(75);
      expect(err).toContain(`${signal}: what was begun is finished, nothing new is begun.`);
      expect(err).toMatch(
        new RegExp(`not done after \\d+s\n {2}3 rows copied\n.*\n {2}ended by ${signal}\n {2}next: start`),
      );
      expect(JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))).toMatchObject({
        isComplete: false,
        endedBy: signal,
      });
      expect(await startsOf(signal)).toMatchObject([
        { state: 'stopped', exit_code: 75, counts: { work: { done: 3 } } },
      ]);
    },
  );

  test('that does not come within the drain timeout is that of the process: 75', async () => {
    const deaf = runner(['--mode', 'deaf', '--run-id', 'deaf']);
    await deaf.said('warning: waiting');
    deaf.child.kill('SIGTERM');
    const { code, err } = await deaf.ended;
    expect(code).toBe(75);
    expect(err).toContain('has not ended within the drain timeout of 1 s');
    expect(await startsOf('deaf')).toMatchObject([{ state: 'stopped', exit_code: 75 }]);
  });

  test('comes at once with a second signal; the run is seen to have died, and the next start says so', async () => {
    const deaf = runner(['--mode', 'deaf', '--run-id', 'died']);
    await deaf.said('warning: waiting');
    deaf.child.kill('SIGTERM');
    await deaf.said('SIGTERM: what was begun');
    deaf.child.kill('SIGINT');
    expect((await deaf.ended).code).toBe(75);
    expect(await startsOf('died')).toMatchObject([{ state: 'running', exit_code: null }]);
    expect((await runs()).out).toMatch(/^died .* died /m);
    await runner(['--run-id', 'died']).ended;
    expect(await startsOf('died')).toMatchObject([
      { state: 'stopped', error: 'its process died' },
      { state: 'finished' },
    ]);
  });

  test('comes although something was left open', async () => {
    const { code, err } = await runner(['--mode', 'leak', '--quiet']).ended;
    expect(code).toBe(0);
    expect(err).toContain('warning: the task has left something open that keeps the process');
  });

  test('can be asked for by rtn runs stop; it has nothing to pause', async () => {
    const held = runner(['--mode', 'hold', '--run-id', 'asked']);
    await held.said('warning: waiting');
    expect((await runs('pause', 'asked')).err).toContain('which has no requests to pause');
    expect((await runs('stop', 'asked')).out).toContain('it is told to end');
    const { code, err } = await held.ended;
    expect(code).toBe(75);
    expect(err).toContain('ended by rtn runs stop');
    const again = await runner(['--run-id', 'asked']).ended;
    expect(again.code).toBe(78);
    expect(again.err).toContain("the run 'asked' was stopped by rtn runs stop");
    await runs('resume', 'asked');
    expect((await runner(['--run-id', 'asked']).ended).code).toBe(0);
  });
});

describe('the record of a task', () => {
  test('that cannot be written is a warning: the task runs', async () => {
    const role = `reader_${process.pid}`;
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`create role ${role} login password 'x'`);
    await database.query(`grant select on rows to ${role}`);
    try {
      const url = Object.assign(new URL(database.url), { username: role, password: 'x' }).href;
      const { code, err } = await runner(['--quiet'], { DATABASE_URL: url }).ended;
      expect(code).toBe(0);
      expect(err).toMatch(/^warning: the run is not recorded in the ledger: .*\n$/);
      expect(copied().split('\n')).toHaveLength(6);
    } finally {
      await database.query(`revoke all on rows from ${role}`);
      await database.query(`revoke all on database ${name} from ${role}`);
      await database.query(`drop role ${role}`);
    }
  });

  test("leaves another operation's run alone", async () => {
    await runner(['--run-id', 'theirs', '--quiet']).ended;
    await database.query("update rtn.runs set operation = 'other' where run_id = 'theirs'");
    const { code, err } = await runner(['--run-id', 'theirs', '--quiet']).ended;
    expect(code).toBe(0);
    expect(err).toContain("'theirs' is the run of another operation");
    expect(await startsOf('theirs')).toHaveLength(1);
  });
});

describe('the slot of a schedule', () => {
  test('names the run', async () => {
    const { code, err } = await runner(['--schedule', 'nightly', '--slot', '2026-11-24T09:17Z']).ended;
    expect(code).toBe(0);
    expect(err).toContain('run nightly@2026-11-24T09:17Z\n');
    expect(await startsOf('nightly@2026-11-24T09:17Z')).toHaveLength(1);
  });

  test('that is past its deadline starts nothing, with a code that is not retried', async () => {
    const { code, err } = await runner([
      ...['--schedule', 'nightly', '--slot', '2020-11-24T09:17Z', '--start-deadline', '30m'],
    ]).ended;
    expect(code).toBe(78);
    expect(err).toMatch(/the slot 2020-11-24T09:17Z of nightly is missed: it is \d+h\d\dm past/);
    expect(existsSync(join(folder, 'copy.txt'))).toBe(false);
  });

  test('that was started before is the one that is tried again, past its deadline and after the next slot', async () => {
    const words = ['--schedule', 'nightly', '--slot', '*/10 * * * * UTC', '--start-deadline', '5m'];
    const first = { RTN_FIRST_START: String(Date.parse('2026-11-24T09:12:00Z')) };
    const { code, err } = await runner(words, first).ended;
    expect(code).toBe(0);
    expect(err).toContain('run nightly@2026-11-24T09:10Z\n');
  });
});
