import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PostgresLog } from '../../src/loggers/postgres-log.js';
import { replaySpill } from '../../src/loggers/replay.js';
import { SpillFile } from '../../src/loggers/spill.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { testDatabase } from '../setup/database.js';
import { logControl, newRun } from '../setup/keep.js';
import { testRun } from '../setup/run.js';
import { temporaryFolder } from '../setup/yt.js';

// On a real Postgres. `rtn log replay` as a process comes from dist/, which `npm test` builds.

const RTN = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const database = testDatabase();
const environment = () => ({ DATABASE_URL: database.url });

function result(position: number): SendResult {
  return {
    outcome: position % 10 === 0 ? 'failed' : 'sent',
    messageId: `m${position}`,
    position,
    recipient: 'a\u2028b\n"c"\\ ü 😀',
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: position % 10 === 0 ? 'tab\tand\u0000NUL' : null,
    suppress: position % 2 === 0,
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  };
}

const results = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => result(from + index));

/** A spill file of so many results for a log of this name. */
async function spill(table: string, count: number) {
  const run = testRun();
  const file = new SpillFile(run, `pg:${table}`);
  await file.append(results(count));
  return { run, file: file.path };
}

async function numbers(table: string) {
  const [row] = await database.query(
    `select count(*)::int, count(distinct (run_id, position, message_id))::int as rows from ${table}`,
  );
  return row;
}

/** Starts `rtn log replay`. */
function start(...words: string[]) {
  const child = spawn(process.execPath, [RTN, 'log', 'replay', ...words], {
    env: { PATH: process.env.PATH, ...environment() },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, ended };
}

describe('a replay', () => {
  test('writes what the log lacks, as the runner would have written it, and nothing twice', async () => {
    const run = testRun({ environment: environment() });
    const log = new PostgresLog('twice_log');
    await log.open(run);
    await log.ledger.begin(newRun(run));
    await log.ledger.take(undefined, '');
    const queue = new Queue<SendResult>(50);
    queue.trySendMany(results(50));
    queue.close();
    await log.log(queue, logControl());
    await log.close();
    const file = new SpillFile(run, 'pg:twice_log');
    // The log has the first fifty already: the answer to their COMMIT was lost.
    await file.append(results(120));
    const options = { environment: environment() };
    expect(await replaySpill(file.path, options)).toEqual({
      log: 'pg:twice_log',
      written: 70,
      stood: 50,
      broken: [],
    });
    expect(await replaySpill(file.path, options)).toMatchObject({ written: 0, stood: 120 });
    expect(await numbers('twice_log')).toEqual({ count: 120, rows: 120 });
    const [first, other] = await database.query(
      'select * from twice_log where position in (40, 100) order by position',
    );
    const same = { run_id: run.id, recipient: other?.recipient, error_text: first?.error_text };
    expect(other).toMatchObject({ ...same, message_id: 'm100', outcome: 'failed', suppress: true });
    expect(other?.started_at).toEqual(first?.started_at);
  });

  test('of a file that holds a row twice writes it once', async () => {
    const { file } = await spill('double_log', 10);
    const lines = readFileSync(file, 'utf8').split('\n').slice(1);
    appendFileSync(file, lines.join('\n'));
    expect(await replaySpill(file, { environment: environment() })).toMatchObject({ written: 10, stood: 10 });
  });

  test('of two at once writes each row once', async () => {
    const { file } = await spill('race_log', 3_000);
    const replays = await Promise.all(
      Array.from({ length: 4 }, () => replaySpill(file, { environment: environment() })),
    );
    expect(replays.reduce((sum, { written }) => sum + written, 0)).toBe(3_000);
    for (const { written, stood } of replays) expect(written + stood).toBe(3_000);
    expect(await numbers('race_log')).toEqual({ count: 3_000, rows: 3_000 });
  });

  test('killed wherever it is has written all or nothing, and the next one completes it', async () => {
    const { file } = await spill('killed_log', 20_000);
    await replaySpill((await spill('killed_log', 1)).file, { environment: environment() });
    const counts = new Set<number>();
    for (const afterMs of [150, 250, 350, 450, 550, 650]) {
      const { child, ended } = start(file);
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      await ended;
      clearTimeout(timer);
      const count = Number((await numbers('killed_log'))?.count);
      counts.add(count);
    }
    for (const count of counts) expect([1, 20_001]).toContain(count);
    const { code, output } = await start(file).ended;
    expect(code).toBe(0);
    expect(output).toMatch(/\d+ written, \d+ stood there already/);
    expect(await numbers('killed_log')).toEqual({ count: 20_001, rows: 20_001 });
  });

  test('waits for a writer whose COMMIT is under way, killed there it has written nothing', async () => {
    const { file } = await spill('held_log', 100);
    await replaySpill((await spill('held_log', 1)).file, { environment: environment() });
    const { Client } = (await import('pg')).default;
    const writer = new Client({ connectionString: database.url });
    await writer.connect();
    await writer.query('begin');
    await writer.query('lock table held_log in row exclusive mode');
    const waiting = start(file);
    await expect
      .poll(
        () => database.query("select 1 from pg_locks where not granted and relation = 'held_log'::regclass"),
        { timeout: 20_000 },
      )
      .toHaveLength(1);
    waiting.child.kill('SIGKILL');
    await waiting.ended;
    await writer.query('commit');
    await writer.end();
    await expect
      .poll(() => database.query("select 1 from pg_stat_activity where application_name = 'rtn log replay'"))
      .toEqual([]);
    expect(await numbers('held_log')).toEqual({ count: 1, rows: 1 });
    expect(await replaySpill(file, { environment: environment() })).toMatchObject({ written: 100, stood: 0 });
  });
});

describe('lines that are no rows', () => {
  test('are told with their numbers, the others are written, and the file stays as it is', async () => {
    const { file } = await spill('broken_log', 3);
    const lines = readFileSync(file, 'utf8').split('\n');
    const row = JSON.parse(lines[1] ?? '');
    const broken = [
      lines[1]?.slice(0, 40),
      '[1]',
      JSON.stringify({ ...row, position: 2 ** 53 }),
      JSON.stringify({ ...row, run_id: null }),
      JSON.stringify({ ...row, started_at: 'yesterday' }),
      JSON.stringify({ ...row, attempts: 2 ** 31 }),
    ];
    writeFileSync(file, [lines[0], ...broken, lines[1], '', lines[2], lines[3]].join('\n'));
    const before = readFileSync(file, 'utf8');
    const { code, output } = await start(file).ended;
    expect(code).toBe(1);
    expect(output).toContain('pg:broken_log: 3 written, 0 stood there already');
    for (const [number, problem] of [
      [2, 'it is no JSON'],
      [3, 'it is no JSON object'],
      [4, 'position is 9007199254740992'],
      [5, 'run_id is null'],
      [6, 'started_at is "yesterday"'],
      [7, 'attempts is 2147483648'],
    ])
      expect(output).toContain(`${file}:${number}: ${problem}`);
    expect(output).toContain(`Keep ${file}`);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('that a crash cut off do not spoil what is appended after them', async () => {
    const run = testRun();
    const file = new SpillFile(run, 'pg:torn_log');
    await file.append(results(2));
    writeFileSync(file.path, readFileSync(file.path, 'utf8').slice(0, -20));
    await file.append(results(2, 2));
    expect(await replaySpill(file.path, { environment: environment() })).toMatchObject({
      written: 3,
      broken: [{ number: 3 }],
    });
  });
});

describe('the log of a replay', () => {
  test('can be another one than the file names', async () => {
    const { file } = await spill('named_log', 5);
    const { code, output } = await start(file, '--log', 'pg:other_log').ended;
    expect(output).toContain('pg:other_log: 5 written, 0 stood there already');
    expect(output).toContain('the file can be removed');
    expect(code).toBe(0);
  });

  test('has to be given for a file without a header', async () => {
    const { file } = await spill('lost_log', 5);
    writeFileSync(file, readFileSync(file, 'utf8').split('\n').slice(1).join('\n'));
    await expect(replaySpill(file, { environment: environment() })).rejects.toMatchObject({
      code: 'usage',
      next: `rtn log replay ${file} --log pg:TABLE`,
    });
    expect(await replaySpill(file, { log: 'pg:lost_log', environment: environment() })).toMatchObject({
      written: 5,
    });
  });

  test.each([
    ['a file that is not there', join(temporaryPath(), 'none'), undefined, 'there is no such file'],
    ['a folder', temporaryPath(), undefined, 'EISDIR'],
    ['a log elsewhere', undefined, 'yt://home/log', "got 'yt://home/log', expected pg:…"],
  ])('is told to be wrong: %s', async (_, path, log, message) => {
    const file = path ?? (await spill('any_log', 1)).file;
    await expect(replaySpill(file, { log, environment: environment() })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});

function temporaryPath(): string {
  return import.meta.dirname;
}

test('a replay needs no folder of a registry', async () => {
  const { file } = await spill('anywhere_log', 1);
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [RTN, 'log', 'replay', file], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment() },
  });
  expect((await once(child, 'close'))[0]).toBe(0);
});
