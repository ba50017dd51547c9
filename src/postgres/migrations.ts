import type { Pool, PoolClient } from 'pg';
import { postgresError } from './errors.js';

/** Every runner that migrates takes this advisory lock first: the letters "rtn". */
const MIGRATION_LOCK = 0x72_74_6e;

/**
 * The ledger's tables, step by step. A step that has been released never changes; a change is a new step at the end.
 * `leases` is who runs a shard (and how far it is), `starts` how each start of it went, `claims` two bitmaps a segment of
 * positions (pipeline/claims.ts), `unsent` how the positions ended that were not sent.
 */
const MIGRATIONS: readonly string[] = [
  `create table rtn.runs (
     run_id text primary key,
     root_id text not null,
     operation text not null,
     version text not null,
     digest text not null,
     plan jsonb not null,
     state text not null default 'running' check (state in ('running', 'finished', 'stopped')),
     is_stopped boolean not null default false,
     is_paused boolean not null default false,
     rate double precision,
     started_at timestamptz not null default now(),
     ended_at timestamptz
   );
   create index runs_by_start on rtn.runs (started_at);
   create index runs_by_root on rtn.runs (root_id);
   create table rtn.leases (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     token bigint not null,
     holder text not null,
     beat bigint not null default 0,
     last_write bigint not null default 0,
     watermark bigint not null default 0,
     finished jsonb,
     primary key (run_id, shard)
   );
   create table rtn.starts (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     token bigint not null,
     holder text not null,
     started_at timestamptz not null default now(),
     ended_at timestamptz,
     state text not null default 'running' check (state in ('running', 'finished', 'stopped')),
     counts jsonb,
     exit_code int,
     error text,
     primary key (run_id, shard, token)
   );
   create table rtn.claims (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     segment bigint not null,
     claimed bytea not null default '',
     done bytea not null default '',
     primary key (run_id, shard, segment)
   );
   create table rtn.unsent (
     run_id text not null references rtn.runs on delete cascade,
     shard int not null,
     position bigint not null,
     reason text not null,
     primary key (run_id, shard, position)
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
