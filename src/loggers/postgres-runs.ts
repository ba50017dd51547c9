import type { Counts } from '../pipeline/counts.js';
import type { RunRecord, RunState, StartRecord } from '../pipeline/ledger.js';
import type { RunPlan } from '../pipeline/plan.js';

export interface RunRow {
  readonly run_id: string;
  readonly root_id: string;
  readonly operation: string;
  readonly version: string;
  readonly digest: string;
  readonly plan: RunPlan;
  readonly state: RunState;
  readonly is_stopped: boolean;
  readonly is_paused: boolean;
  readonly rate: number | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

/** The columns of `rtn.runs` that make a record. */
export const RUN_COLUMNS =
  'run_id, root_id, operation, version, digest, plan, state, is_stopped, is_paused, rate, started_at, ended_at';

export function runRecord(row: RunRow): RunRecord {
  return {
    runId: row.run_id,
    rootId: row.root_id,
    operation: row.operation,
    version: row.version,
    digest: row.digest,
    plan: row.plan,
    state: row.state,
    control: { isStopped: row.is_stopped, isPaused: row.is_paused, rate: row.rate },
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

export interface StartRow {
  readonly run_id: string;
  readonly shard: number;
  readonly token: string;
  readonly holder: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly state: RunState;
  readonly counts: Counts | null;
  readonly exit_code: number | null;
  readonly error: string | null;
}

export function startRecord(row: StartRow): StartRecord {
  return {
    shard: row.shard,
    token: Number(row.token),
    holder: row.holder,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    state: row.state,
    counts: row.counts,
    exitCode: row.exit_code,
    error: row.error,
  };
}
