import type { Pool } from 'pg';
import type { TableName } from '../postgres/identifier.js';
import { XID } from './move-plan.js';

/** The transaction that holds the horizon, in whichever database of the cluster: a session's, or a prepared one. */
export interface HorizonHolder {
  readonly xid: bigint;
  readonly database: string | null;
  readonly user: string | null;
  /** How long the transaction has been open, in seconds; null where the role may not see it. */
  readonly openSeconds: number | null;
  readonly session: HolderSession | undefined;
  /** The name of a prepared transaction. */
  readonly gid: string | undefined;
}

interface HolderSession {
  readonly pid: number;
  readonly application: string;
  /** `idle in transaction`, `active`; null where the role may not see it. */
  readonly state: string | null;
}

/** What a pass leaves in the log. */
export interface Backlog {
  readonly rows: number;
  /** How long ago the oldest of them ended, in seconds; null where there is none. */
  readonly oldestSeconds: number | null;
  /** All transactions below have ended. */
  readonly horizon: bigint;
  readonly holder: HorizonHolder | undefined;
}

/** The oldest transaction that is still open anywhere in the cluster: all below it have ended, and what they wrote is seen. */
export async function readHorizon(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ horizon: string }>(
    'select pg_snapshot_xmin(pg_current_snapshot())::text as horizon',
  );
  return BigInt(rows[0]?.horizon ?? 0);
}

/** What stands in the log from the cursor on, and who holds it back. */
export async function readBacklog(pool: Pool, table: TableName, cursor: bigint): Promise<Backlog> {
  const { rows } = await pool.query<{ rows: string; age: string | null; horizon: string }>(
    `select count(*) as rows, extract(epoch from now() - min(finished_at)) as age,
            pg_snapshot_xmin(pg_current_snapshot())::text as horizon
       from ${table.sql} where ${XID} >= $1`,
    [cursor],
  );
  const [found] = rows;
  const horizon = BigInt(found?.horizon ?? 0);
  const count = Number(found?.rows ?? 0);
  return {
    rows: count,
    oldestSeconds: found?.age == null ? null : Math.max(0, Number(found.age)),
    horizon,
    holder: count === 0 ? undefined : await holderOf(pool, horizon),
  };
}

interface HolderRow {
  readonly database: string | null;
  readonly user: string | null;
  readonly age: string | null;
  readonly pid: number | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly gid: string | null;
}

/** Undefined when no transaction has this number any more: the horizon is the next one's. */
async function holderOf(pool: Pool, horizon: bigint): Promise<HorizonHolder | undefined> {
  // Both views show the low 32 bits of a transaction's number.
  const low = BigInt.asUintN(32, horizon);
  const { rows } = await pool.query<HolderRow>(
    `select datname as database, usename as "user", extract(epoch from clock_timestamp() - xact_start) as age,
            pid, application_name as application, state, null as gid
       from pg_stat_activity where backend_xid::text::bigint = $1
      union all
     select database, owner, extract(epoch from clock_timestamp() - prepared), null, null, null, gid
       from pg_prepared_xacts where transaction::text::bigint = $1`,
    [low],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { database, user, age, pid, application, state, gid } = row;
  return {
    xid: horizon,
    database,
    user,
    openSeconds: age === null ? null : Number(age),
    session: pid === null ? undefined : { pid, application: application ?? '', state },
    gid: gid ?? undefined,
  };
}
