import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../clock.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import { requireNotStopped } from '../pipeline/begin.js';
import { isHolderGone, thisHolder } from '../pipeline/holder.js';
import { RENEW_EVERY_MS } from '../pipeline/lease.js';
import type { NewRun, RunState } from '../pipeline/ledger.js';
import { parseLocation } from '../pipeline/location.js';
import type { TaskProgress } from '../pipeline/task.js';
import { connectPostgres } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { migrate } from '../postgres/migrations.js';
import { untilAnswered } from './postgres-retry.js';
import { RUN_COLUMNS, type RunRow, runRecord } from './postgres-runs.js';

/** A beat that gets no answer is left out: the next one tells as much. */
const BEAT_WITHIN_MS = 2_000;

/** The end is for those who look later: nobody waits long for it. */
const END_WITHIN_MS = 15_000;

export interface RecordedTask {
  /** Its plan has `task`. */
  readonly run: NewRun;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  warn(message: string): void;
  /** Called when `rtn runs stop` asks the run to end. */
  stopped(): void;
}

export interface TaskEnding {
  readonly exitCode: number;
  readonly error?: Error | undefined;
  /** Undefined where the task never told how it stands. */
  readonly work: TaskProgress | undefined;
}

/**
 * Records a start of a task in the ledger of the database that it works on: undefined where it works on none, and, with
 * a warning, where the ledger cannot be written, since the task does not need it. Throws `configuration` where a person
 * has stopped the run.
 */
export async function openTaskRecord(task: RecordedTask): Promise<TaskRecord | undefined> {
  if (parseLocation(task.run.plan.log).scheme !== 'pg') return undefined;
  let pool: Pool | undefined;
  try {
    const { operation, runId } = task.run;
    pool = await connectPostgres(
      task.environment,
      `rtn ${operation} ${runId}`,
      'the run would be recorded there',
    );
    await migrate(pool);
    const token = await begin(pool, task.run);
    return new TaskRecord(pool, token, task);
  } catch (thrown) {
    await pool?.end();
    if (thrown instanceof RtnError && thrown.details.stopped === true) throw thrown;
    task.warn(`the run is not recorded in the ledger: ${toRtnError(thrown).message}`);
    return undefined;
  }
}

/** One start of a task in `rtn.runs` and `rtn.starts`. It holds no lease: a task knows by itself what is left to do. */
export class TaskRecord {
  readonly #pool: Pool;
  readonly #token: number;
  readonly #task: RecordedTask;
  #work: TaskProgress | undefined;
  #cancelBeat: () => void = () => {};
  #isEnding = false;

  constructor(pool: Pool, token: number, task: RecordedTask) {
    this.#pool = pool;
    this.#token = token;
    this.#task = task;
    this.#tick();
  }

  /** How the task stands: written with the next beat. */
  note(work: TaskProgress): void {
    this.#work = work;
  }

  /** Records how the start ended; a warning where that fails. The run ended with it, unless a later start followed. */
  async end({ exitCode, error, work }: TaskEnding): Promise<void> {
    this.#isEnding = true;
    this.#cancelBeat();
    const { run } = this.#task;
    const state: Exclude<RunState, 'running'> = exitCode === 0 ? 'finished' : 'stopped';
    const what = "the run's end could not be recorded";
    const write = () =>
      this.#pool.query({
        text: `with ended as (
           update rtn.starts set state = $3, counts = $4, exit_code = $5, error = $6, ended_at = now()
           where run_id = $1 and shard = 0 and token = $2)
         update rtn.runs set state = $3, ended_at = now()
         where run_id = $1 and $2 = (select max(token) from rtn.starts where run_id = $1)`,
        values: [run.runId, this.#token, state, stored(work), exitCode, error?.message ?? null],
        ...{ query_timeout: END_WITHIN_MS },
      });
    try {
      await untilAnswered(this.#task, what, write, END_WITHIN_MS);
    } catch (thrown) {
      this.#task.warn(toRtnError(thrown).message);
    }
    await this.#pool.end().catch(() => {});
  }

  #tick(): void {
    this.#cancelBeat = this.#task.clock.schedule(RENEW_EVERY_MS, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    try {
      const { rows } = await this.#pool.query<{ is_stopped: boolean }>({
        text: `with told as (
           update rtn.starts set counts = $3 where run_id = $1 and shard = 0 and token = $2 and state = 'running')
         select is_stopped from rtn.runs where run_id = $1`,
        values: [this.#task.run.runId, this.#token, stored(this.#work)],
        ...{ query_timeout: BEAT_WITHIN_MS },
      });
      if (rows[0]?.is_stopped === true) this.#task.stopped();
    } catch {
      // The database that does not answer is the task's own, too: it tells.
    }
    if (!this.#isEnding) this.#tick();
  }
}

/** Records the run, or that it goes on, and this start of it; gives the start's number. */
async function begin(pool: Pool, run: NewRun): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await beginRun(client, run);
    const token = await beginStart(client, run.runId);
    await client.query('commit');
    client.release();
    return token;
  } catch (thrown) {
    client.release(true);
    throw postgresError('the run could not be recorded', thrown);
  }
}

async function beginRun(client: PoolClient, run: NewRun): Promise<void> {
  const { runId, rootId, operation, version, digest, plan } = run;
  const { rows } = await client.query<RunRow>(
    `insert into rtn.runs as r (run_id, root_id, operation, version, digest, plan) values ($1, $2, $3, $4, $5, $6)
     on conflict (run_id) do update set state = 'running', ended_at = null,
       version = excluded.version, digest = excluded.digest, plan = excluded.plan
     where r.operation = excluded.operation and r.plan ? 'task'
     returning ${RUN_COLUMNS}`,
    [runId, rootId, operation, version, digest, plan],
  );
  const [row] = rows;
  if (row === undefined)
    throw new RtnError('configuration', `'${oneLine(runId, 200)}' is the run of another operation`);
  requireNotStopped(runRecord(row));
}

/** Earlier starts that have not told their end are over: their processes died, or this one will do their work. */
async function beginStart(client: PoolClient, runId: string): Promise<number> {
  const open = await client.query<{ token: string; holder: string }>(
    "select token, holder from rtn.starts where run_id = $1 and state = 'running'",
    [runId],
  );
  for (const { token, holder } of open.rows)
    await client.query(
      "update rtn.starts set state = 'stopped', ended_at = now(), error = $3 where run_id = $1 and token = $2",
      [runId, token, isHolderGone(holder) ? 'its process died' : 'another start of the run followed'],
    );
  const { rows } = await client.query<{ token: string }>(
    `insert into rtn.starts (run_id, shard, token, holder)
     select $1, 0, coalesce(max(token), 0) + 1, $2 from rtn.starts where run_id = $1 returning token`,
    [runId, thisHolder()],
  );
  return Number(rows[0]?.token);
}

/** The column `counts` of a task's start. */
function stored(work: TaskProgress | undefined): object | null {
  return work === undefined ? null : { work };
}
