import { describe, expect, test } from 'vitest';
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
