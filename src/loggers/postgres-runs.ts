import type { Pool } from 'pg';
import type { StoredClaims, Unsent } from '../pipeline/claims.js';
import type { Counts } from '../pipeline/counts.js';
import type { PastRun } from '../pipeline/family.js';
import type { Lease, RunRecord, RunState, StartRecord } from '../pipeline/ledger.js';
import type { RunPlan } from '../pipeline/plan.js';
import type { TaskProgress } from '../pipeline/task.js';
import { postgresError } from '../postgres/errors.js';

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

export interface LeaseRow {
  readonly token: string;
  readonly holder: string;
  readonly beat: string;
  readonly finished: { readonly selection: string | null } | null;
}

export function leaseOf({ token, holder, beat, finished }: LeaseRow): Lease {
  return { token: Number(token), holder, beat: Number(beat), finished: finished ?? undefined };
}

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

/** What a run's shard has done so far. */
export async function loadClaims(pool: Pool, runId: string, shard: number): Promise<StoredClaims> {
  try {
    const { rows } = await pool.query<{ watermark: string }>(
      'select watermark from rtn.leases where run_id = $1 and shard = $2',
      [runId, shard],
    );
    const segments = await pool.query<{ segment: string; claimed: Buffer; done: Buffer }>(
      'select segment, claimed, done from rtn.claims where run_id = $1 and shard = $2 order by segment',
      [runId, shard],
    );
    return {
      watermark: Number(rows[0]?.watermark ?? 0),
      segments: segments.rows.map(({ segment, claimed, done }) => ({
        index: Number(segment),
        claimed,
        done,
      })),
    };
  } catch (thrown) {
    throw postgresError('what the run has done could not be read', thrown);
  }
}

/** How the positions of a run's shard ended that were not sent. */
async function loadUnsent(pool: Pool, runId: string, shard: number): Promise<Unsent[]> {
  const { rows } = await pool.query<{ position: string; reason: string }>(
    'select position, reason from rtn.unsent where run_id = $1 and shard = $2 order by position',
    [runId, shard],
  );
  return rows.map(({ position, reason }) => ({ position: Number(position), reason }));
}

/** A run and those that repeat parts of it, in order. */
export async function loadFamily(pool: Pool, rootId: string): Promise<PastRun[]> {
  try {
    const { rows } = await pool.query<{ run_id: string; identity: string | null; shards: number }>(
      `select run_id, plan->>'inputIdentity' as identity, (plan->>'shards')::int as shards
       from rtn.runs where root_id = $1 order by run_id <> root_id, started_at`,
      [rootId],
    );
    const family: PastRun[] = [];
    for (const { run_id: runId, identity, shards } of rows) {
      const parts: PastRun['shards'][number][] = [];
      for (let shard = 0; shard < shards; shard++)
        parts.push({
          claims: await loadClaims(pool, runId, shard),
          unsent: await loadUnsent(pool, runId, shard),
        });
      family.push({ runId, inputIdentity: identity, shards: parts });
    }
    return family;
  } catch (thrown) {
    throw postgresError('what the run and its repeats have done could not be read', thrown);
  }
}

export interface StartRow {
  readonly run_id: string;
  readonly shard: number;
  readonly token: string;
  readonly holder: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly state: RunState;
  /** Of a task what it has done. */
  readonly counts: Counts | { readonly work: TaskProgress } | null;
  readonly exit_code: number | null;
  readonly error: string | null;
}

export function startRecord(row: StartRow): StartRecord {
  const isTask = row.counts !== null && 'work' in row.counts;
  return {
    shard: row.shard,
    token: Number(row.token),
    holder: row.holder,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    state: row.state,
    counts: isTask ? null : (row.counts as Counts | null),
    work: isTask ? (row.counts as { readonly work: TaskProgress }).work : null,
    exitCode: row.exit_code,
    error: row.error,
  };
}
