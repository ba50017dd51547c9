import type { ClientBase, Pool } from 'pg';
import type { ClaimChange, StoredClaims } from '../pipeline/claims.js';
import type { Run } from '../pipeline/contract.js';
import type { Counts } from '../pipeline/counts.js';
import type { PastRun } from '../pipeline/family.js';
import {
  fenced,
  type Lease,
  type Ledger,
  type NewRun,
  type RunControl,
  type RunEnd,
  type RunRecord,
  type Settled,
} from '../pipeline/ledger.js';
import { postgresError } from '../postgres/errors.js';
import { bitmapArrays, doneValues, NOTE_DONE } from './postgres-done.js';
import { untilAnswered } from './postgres-retry.js';
import {
  type LeaseRow,
  leaseOf,
  loadClaims,
  loadFamily,
  RUN_COLUMNS,
  type RunRow,
  runRecord,
} from './postgres-runs.js';

/** A renewal that gets no answer is made again on another connection, before the lease counts as expired. */
const RENEW_WITHIN_MS = 5_000;

/** The end is a courtesy to the next start: nobody waits long for it. */
const END_WITHIN_MS = 15_000;

/**
 * The ledger of one shard in Postgres. Every write names the lease's token; the lease's row is locked at the end of a
 * transaction only, so that one that stalls keeps nobody from taking over.
 */
export class PostgresLedger implements Ledger {
  readonly #pool: Pool;
  readonly #run: Run;
  #token = 0;
  /** Batches of results that have been written by this shard, whoever ran it. */
  #lastWrite = 0;

  constructor(pool: Pool, run: Run) {
    this.#pool = pool;
    this.#run = run;
  }

  get #shard(): [runId: string, shard: number] {
    return [this.#run.id, this.#run.shard];
  }

  async begin({ runId, rootId, operation, version, digest, plan }: NewRun): Promise<RunRecord> {
    await this.#query(
      'the run could not be recorded',
      `insert into rtn.runs (run_id, root_id, operation, version, digest, plan)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [runId, rootId, operation, version, digest, plan],
    );
    const [row] = await this.#query<RunRow>(
      'the record of the run could not be read',
      `select ${RUN_COLUMNS} from rtn.runs where run_id = $1`,
      [runId],
    );
    if (row === undefined) throw fenced(runId);
    return runRecord(row);
  }

  async lease(): Promise<Lease | undefined> {
    const [row] = await this.#query<LeaseRow>(
      'the lease of the run could not be read',
      'select token, holder, beat, finished from rtn.leases where run_id = $1 and shard = $2',
      this.#shard,
    );
    return row && leaseOf(row);
  }

  /** The starts of dead holders end here: nothing else tells that they have. */
  async take(seen: Lease | undefined, holder: string): Promise<Lease | undefined> {
    const [row] = await this.#query<LeaseRow & { last_write: string }>(
      'the lease of the run could not be taken',
      `with taken as (
         insert into rtn.leases as l (run_id, shard, token, holder) values ($1, $2, 1, $5)
         on conflict (run_id, shard) do update
           set token = l.token + 1, holder = $5, beat = l.beat + 1, finished = null
           where l.token = $3 and l.beat = $4
         returning token, holder, beat, finished, last_write),
       died as (
         update rtn.starts set state = 'stopped', ended_at = now(), error = 'its process died'
         where run_id = $1 and shard = $2 and state = 'running' and exists (select from taken)),
       started as (
         insert into rtn.starts (run_id, shard, token, holder) select $1, $2, token, holder from taken),
       running as (
         update rtn.runs set state = 'running', ended_at = null where run_id = $1 and exists (select from taken))
       select * from taken`,
      [...this.#shard, seen?.token ?? 0, seen?.beat ?? 0, holder],
    );
    if (row === undefined) return undefined;
    this.#token = Number(row.token);
    this.#lastWrite = Number(row.last_write);
    return leaseOf(row);
  }

  load(): Promise<StoredClaims> {
    return loadClaims(this.#pool, ...this.#shard);
  }

  family(rootId: string): Promise<readonly PastRun[]> {
    return loadFamily(this.#pool, rootId);
  }

  async renew(counts: Counts): Promise<RunControl> {
    const [row] = await this.#query<Pick<RunRow, 'is_stopped' | 'is_paused' | 'rate'>>(
      'the lease could not be renewed',
      `with held as (
         update rtn.leases set beat = beat + 1 where run_id = $1 and shard = $2 and token = $3 returning run_id),
       told as (
         update rtn.starts set counts = $4
         where run_id = $1 and shard = $2 and token = $3 and exists (select from held))
       select is_stopped, is_paused, rate from rtn.runs join held using (run_id)`,
      [...this.#shard, this.#token, counts],
      RENEW_WITHIN_MS,
    );
    if (row === undefined) throw fenced(this.#run.id);
    return { isStopped: row.is_stopped, isPaused: row.is_paused, rate: row.rate };
  }

  /** The whole bitmaps are given each time: a claim whose answer was lost is made again. */
  async claim({ claimed }: ClaimChange): Promise<void> {
    const rows = await this.#insist(
      'messages could not be claimed',
      `with held as (
         select from rtn.leases where run_id = $1 and shard = $2 and token = $3 for share)
       insert into rtn.claims (run_id, shard, segment, claimed)
       select $1, $2, segment, bits from held, unnest($4::bigint[], $5::bytea[]) as given (segment, bits)
       on conflict (run_id, shard, segment) do update set claimed = excluded.claimed
       returning 1`,
      [...this.#shard, this.#token, ...bitmapArrays(claimed)],
    );
    if (rows.length === 0) throw fenced(this.#run.id);
  }

  /**
   * The last statement of a transaction that writes a batch of results: what it changes in the ledger. False when the
   * batch stands in the log already: the answer to an earlier COMMIT was lost. Throws `fenced` under a newer token.
   */
  async settle(client: ClientBase, settled: Settled): Promise<boolean> {
    const { rowCount } = await client.query(
      `${NOTE_DONE},
       told as (
         update rtn.starts set counts = $8 where run_id = $1 and shard = $2 and token = $9)
       update rtn.leases set last_write = $10, watermark = $7
       where run_id = $1 and shard = $2 and token = $9 and last_write = $10 - 1`,
      [...doneValues(...this.#shard, settled), settled.counts, this.#token, this.#lastWrite + 1],
    );
    if (rowCount === 1) return true;
    const { rows } = await client.query<{ token: string; last_write: string }>(
      'select token, last_write from rtn.leases where run_id = $1 and shard = $2',
      this.#shard,
    );
    const [row] = rows;
    if (Number(row?.token) !== this.#token) throw fenced(this.#run.id);
    return Number(row?.last_write) < this.#lastWrite + 1;
  }

  /** The batch that `settle` was called for is durable. */
  settled(): void {
    this.#lastWrite++;
  }

  async end({ state, counts, exitCode, error, release }: RunEnd): Promise<void> {
    const finished = state === 'finished' ? { selection: this.#run.selection } : null;
    const rows = await this.#insist(
      "the run's end could not be recorded",
      `with given_back as (
         update rtn.leases set holder = '', beat = beat + 1, finished = $4
         where run_id = $1 and shard = $2 and token = $3 returning run_id),
       released as (
         update rtn.claims c set claimed = bits
         from unnest($5::bigint[], $6::bytea[]) as given (index, bits)
         where run_id = $1 and shard = $2 and c.segment = given.index and exists (select from given_back)),
       told as (
         update rtn.starts set state = $7, counts = $8, exit_code = $9, error = $10, ended_at = now()
         where run_id = $1 and shard = $2 and token = $3 and exists (select from given_back))
       select 1 from given_back`,
      [
        ...this.#shard,
        this.#token,
        finished,
        ...bitmapArrays(release.claimed),
        state,
        counts,
        exitCode,
        error,
      ],
      END_WITHIN_MS,
    );
    if (rows.length === 0) throw fenced(this.#run.id);
    await this.#endRun();
  }

  /** A run has ended once no shard is held; it is finished when each of them is. */
  async #endRun(): Promise<void> {
    await this.#insist(
      "the run's end could not be recorded",
      `update rtn.runs r set ended_at = now(), state =
         case when (r.plan->>'shards')::int =
           (select count(*) from rtn.leases l where l.run_id = r.run_id and l.finished is not null)
         then 'finished' else 'stopped' end
       where run_id = $1 and not exists (select from rtn.leases l where l.run_id = r.run_id and l.holder <> '')`,
      [this.#run.id],
      END_WITHIN_MS,
    );
  }

  #insist<T>(what: string, sql: string, values: unknown[], withinMs?: number): Promise<T[]> {
    return untilAnswered(this.#run, what, () => this.#query<T>(what, sql, values), withinMs);
  }

  async #query<T>(what: string, text: string, values: unknown[], withinMs?: number): Promise<T[]> {
    try {
      const limit = withinMs === undefined ? {} : { query_timeout: withinMs };
      const { rows } = await this.#pool.query({ text, values, ...limit });
      return rows;
    } catch (thrown) {
      throw postgresError(what, thrown);
    }
  }
}
