import { expect, test } from 'vitest';
import { PostgresLog } from '../../src/loggers/postgres-log.js';
import { replaySpill } from '../../src/loggers/replay.js';
import { SpillFile } from '../../src/loggers/spill.js';
import { Claims } from '../../src/pipeline/claims.js';
import { retryPositions } from '../../src/pipeline/family.js';
import { thisHolder } from '../../src/pipeline/holder.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from '../setup/keep.js';
import { keepRun } from '../setup/kept-run.js';
import { sentResult } from '../setup/result.js';
import { rtn } from '../setup/rtn.js';
import { testRun } from '../setup/run.js';
import { ownPostgres } from './cluster.js';
import { archive, move, rowsOf } from './move.js';

// What is spilled, replayed, shown and repeated, when the log's rows have been moved away in between.

const postgres = ownPostgres();

const results = (from: number, count: number, overrides: Partial<SendResult> = {}) =>
  Array.from({ length: count }, (_, index) => sentResult(from + index, overrides));

/** A run of which ten results stand in the log, and ten more, claimed, in a spill file. It has ended. */
async function spilledRun(table: string, environment: Readonly<Record<string, string>>) {
  const run = testRun({ environment });
  const spilled = [...results(10, 7), ...results(17, 3, { outcome: 'failed' })];
  await keepRun(`pg:${table}`, environment, {
    id: run.id,
    results: results(0, 10),
    open: spilled.map(({ position }) => position),
    end: { exitCode: 74 },
  });
  const file = new SpillFile(run, `pg:${table}`);
  await file.append(spilled);
  return { run, file: file.path, spilled };
}

/** What the run's ledger knows, as its next start would read it. */
async function ledgerOf(table: string, run: ReturnType<typeof testRun>) {
  const log = new PostgresLog(table);
  await log.open(run);
  const [claims, family] = [new Claims(await log.ledger.load()), await log.ledger.family(run.id)];
  await log.close();
  return { claims, family };
}

test('a spill file that is replayed again after its rows were moved away doubles none', async () => {
  const { client, environment, folder } = await archive(postgres);
  const { run, file } = await spilledRun('replayed_log', environment);
  expect(await replaySpill(file, { environment })).toMatchObject({ written: 10, stood: 0 });
  await move('replayed_log', folder, { environment });
  expect(await replaySpill(file, { environment })).toMatchObject({ written: 0, stood: 10 });
  await move('replayed_log', folder, { environment });
  const positions = (await rowsOf(client, folder)).map(({ position }) => position as number);
  expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  // The run's next start neither logs nor sends any of them, and a retry takes only what failed.
  const { claims, family } = await ledgerOf('replayed_log', run);
  expect(claims.open).toBe(0);
  for (let position = 0; position < 20; position++) expect(claims.isDone(position)).toBe(true);
  const retry = (what: string) => [...retryPositions(family, { of: run.id, what } as never)];
  expect(retry('in-doubt')).toEqual([]);
  expect(retry('failed')).toEqual([17, 18, 19]);
});

test('a spill file that the run itself has logged, replayed after the move, doubles none', async () => {
  const { client, environment, folder } = await archive(postgres);
  const { run, file, spilled } = await spilledRun('recovered_log', environment);
  const log = new PostgresLog('recovered_log');
  await log.open(run);
  await log.ledger.begin(newRun(run));
  await log.ledger.take(await log.ledger.lease(), '');
  const queue = new Queue<SendResult>(spilled.length);
  queue.trySendMany(spilled);
  queue.close();
  await log.log(queue, logControl(new Claims(await log.ledger.load())));
  await log.close();
  await move('recovered_log', folder, { environment });
  expect(await replaySpill(file, { environment })).toMatchObject({ written: 0, stood: 10 });
  await move('recovered_log', folder, { environment });
  expect(await rowsOf(client, folder)).toHaveLength(20);
});

test('a replay is put off while the run is going on', async () => {
  const { environment } = await archive(postgres);
  const { run, file } = await spilledRun('going_log', environment);
  const log = new PostgresLog('going_log');
  await log.open(run);
  await log.ledger.take(await log.ledger.lease(), thisHolder());
  await expect(replaySpill(file, { environment })).rejects.toMatchObject({
    code: 'temporary',
    message: expect.stringContaining(`the run '${run.id}' is going on: process ${process.pid} on`),
  });
  await log.close();
});

test('a run is shown and can be repeated when its rows are gone', async () => {
  const { environment, folder } = await archive(postgres);
  const { run } = await spilledRun('shown_log', environment);
  const show = async () =>
    JSON.parse(
      (await rtn(['runs', 'show', run.id, '--log', 'pg:shown_log', '--json'], { env: environment })).out,
    );
  const before = await show();
  await move('shown_log', folder, { environment });
  const after = await show();
  expect({ ...after, errors: undefined, log: undefined }).toEqual({
    ...before,
    errors: undefined,
    log: undefined,
  });
  const { claims, family } = await ledgerOf('shown_log', run);
  expect(claims.open).toBe(10);
  expect([...retryPositions(family, { of: run.id, what: 'in-doubt' } as never)]).toHaveLength(10);
});
