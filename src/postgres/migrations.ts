import type { Pool, PoolClient } from 'pg';
import { postgresError } from './errors.js';

/** Every runner that migrates takes this advisory lock first: the letters "rtn". */
const MIGRATION_LOCK = 0x72_74_6e;

/**
 * The ledger's tables, step by step. A step that has been released never changes; a change is a new step at the end.
 * Claims and leases are laid out for resuming runs; runs and writes are used from the start.
 */
const MIGRATIONS: readonly string[] = [
  `create table rtn.runs (
     run_id text primary key,
     operation text not null,
     version text not null,
     digest text not null,
     layer text not null,
     runner text not null,
     input text not null,
     params jsonb not null,
     state text not null check (state in ('running', 'finished', 'stopped')),
     counts jsonb,
     exit_code int,
     error text,
     started_at timestamptz not null default now(),
     ended_at timestamptz
   );
   create index runs_by_start on rtn.runs (started_at);
   create table rtn.leases (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     token bigint not null,
     holder text not null,
     expires_at timestamptz not null,
     primary key (run_id, shard)
   );
   create table rtn.claims (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     first_position bigint not null,
     row_count int not null check (row_count > 0),
     done bit varying not null,
     primary key (run_id, shard, first_position)
   );
   create table rtn.writes (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     seq bigint not null,
     row_count int not null,
     primary key (run_id, shard, seq)
   );`,
];

/** Brings the schema `rtn` to the newest step. Two runners that start at once do it one after the other. */
export async function migrate(pool: Pool): Promise<void> {
  await locked(pool, 'the tables of the ledger could not be made', async (client) => {
    await client.query('create schema if not exists rtn');
    await client.query(
      'create table if not exists rtn.migrations (step int primary key, at timestamptz not null default now())',
    );
    const { rows } = await client.query<{ step: number | null }>(
      'select max(step) as step from rtn.migrations',
    );
    const done = rows[0]?.step ?? 0;
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < done) continue;
      await client.query(sql);
      await client.query('insert into rtn.migrations (step) values ($1)', [index + 1]);
    }
  });
}

/** Runs DDL in one transaction that excludes every other runner's: `create … if not exists` alone can still collide. */
export async function locked(
  pool: Pool,
  what: string,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect().catch((thrown: unknown) => {
    throw postgresError(what, thrown);
  });
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await work(client);
    await client.query('commit');
    client.release();
  } catch (thrown) {
    client.release(true);
    throw postgresError(what, thrown);
  }
}
