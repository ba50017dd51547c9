import type { ComponentSpec } from '../component.js';
import type { BoundOutput, BoundWhole } from '../pipeline/binding.js';
import { servedLocation } from '../pipeline/location.js';
import type { Task, TaskReport, TaskRun } from '../pipeline/task.js';
import { DATABASE_URL } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { parseLogTarget } from '../postgres/log-target.js';
import { YT_ENVIRONMENT, ytAddress } from '../yt/address.js';
import { openYtClient, type YtClient } from '../yt/client.js';
import { MoveFolder } from './move-folder.js';
import { type Backlog, readBacklog, readHorizon } from './move-horizon.js';
import { MovePass, type Passed, type PassOptions } from './move-pass.js';
import { planBatches } from './move-plan.js';
import { moveReport } from './move-report.js';
import { MoveSource } from './move-source.js';

export const pg2ytSpec: ComponentSpec = {
  kind: 'task',
  key: 'pg2yt',
  construct: 'pg2yt',
  description:
    'Moves a send log from Postgres to a folder on YTsaurus, each row once: a table a day, and the rows are deleted from Postgres.',
  binds: [
    { to: 'input', schemes: ['pg'] },
    { to: 'output', schemes: ['yt'] },
  ],
  fields: {
    batch_rows: {
      description: 'About how many rows one transaction of YTsaurus takes: whole transactions of Postgres.',
      schema: { type: 'integer', minimum: 1, maximum: 10_000_000, default: 100_000 },
      tuning: true,
    },
    delete_batch_rows: {
      description:
        'About how many rows one transaction deletes from Postgres; at least a page of each partition.',
      schema: { type: 'integer', minimum: 1, maximum: 10_000_000, default: 50_000 },
      tuning: true,
    },
  },
  environment: [DATABASE_URL, ...YT_ENVIRONMENT],
};

export interface Pg2YtOptions {
  readonly batchRows?: number | undefined;
  readonly deleteBatchRows?: number | undefined;
}

/** Repeats of one call; the batch is tried again for longer. */
const CALL_RETRY_MS = 30_000;

/** A task that moves the log `pg:TABLE` to the folder `yt:PATH`; see docs/pg2yt.md. */
export function pg2yt(input: BoundWhole, output: BoundOutput, options: Pg2YtOptions = {}): Task {
  return {
    run: (run) => move(input, output, options, run),
  };
}

async function move(
  input: BoundWhole,
  output: BoundOutput,
  { batchRows = 100_000, deleteBatchRows = 50_000 }: Pg2YtOptions,
  run: TaskRun,
): Promise<TaskReport> {
  const { table } = parseLogTarget(servedLocation(input, ['pg']).target);
  const location = servedLocation(output, ['yt']);
  const { environment, clock } = run;
  const { proxy, path } = ytAddress(location, environment, 'the log is moved to YTsaurus');
  const startedMs = clock.monotonic();
  const name = `rtn ${run.operation} ${run.id}`;
  const source = await MoveSource.open(environment, table, { name, isReadOnly: run.isDryRun });
  const client = openYtClient({
    proxy,
    token: environment.YT_TOKEN,
    environment,
    clock,
    retry: { totalMs: CALL_RETRY_MS },
  });
  try {
    const folder = folderOf(client, path, source, run);
    const pass = { source, folder, client, path, batchRows, deleteBatchRows };
    const { isComplete, passed } = run.isDryRun ? await look(pass) : await doMove(pass, run);
    const backlog = await backlogOf(source, passed, run);
    const seconds = (clock.monotonic() - startedMs) / 1_000;
    const names = { log: `pg:${table.text}`, folder: location.text };
    return moveReport({ isComplete, isDryRun: run.isDryRun, passed, backlog, seconds, ...names });
  } finally {
    await Promise.allSettled([client.close(), source.close()]);
  }
}

function folderOf(client: YtClient, path: string, { identity }: MoveSource, run: TaskRun): MoveFolder {
  const { clock, id: runId, operation, waitMs, signal } = run;
  return new MoveFolder({ client, path, source: identity, clock, runId, operation, waitMs, signal });
}

async function doMove(
  options: PassOptions,
  run: TaskRun,
): Promise<{ readonly isComplete: boolean; readonly passed: Passed }> {
  await options.folder.make();
  const pass = new MovePass(options, run);
  return { isComplete: await pass.run(), passed: pass.passed };
}

/** What a pass would do now. */
async function look({
  source,
  folder,
  batchRows,
}: PassOptions): Promise<{ readonly isComplete: boolean; readonly passed: Passed }> {
  const { pool, table } = source;
  const state = (await folder.isThere()) ? await folder.read() : { cursor: 0n, deleted: 0n };
  const passed: Passed = { rows: 0, bytes: 0, batches: 0, deleted: 0, days: new Map(), cursor: state.cursor };
  try {
    passed.deleted = await source.count(state.deleted, state.cursor);
    for (const horizon = await readHorizon(pool); passed.cursor < horizon; ) {
      const { batches, isWhole } = await planBatches(pool, table, {
        from: passed.cursor,
        to: horizon,
        batchRows,
      });
      for (const { rows, days, to } of batches) {
        passed.rows += rows;
        passed.batches++;
        passed.deleted += rows;
        passed.cursor = to;
        for (const { day, rows: ofDay } of days) passed.days.set(day, (passed.days.get(day) ?? 0) + ofDay);
      }
      if (isWhole) break;
    }
  } catch (thrown) {
    throw postgresError(`${table.text} could not be counted`, thrown);
  }
  return { isComplete: true, passed };
}

/** What is left is told where it can be: a pass that is over does not fail for it. */
async function backlogOf(source: MoveSource, { cursor }: Passed, run: TaskRun): Promise<Backlog | undefined> {
  try {
    return await readBacklog(source.pool, source.table, cursor);
  } catch (thrown) {
    run.warn(postgresError(`what is left in ${source.table.text} could not be counted`, thrown).message);
    return undefined;
  }
}
