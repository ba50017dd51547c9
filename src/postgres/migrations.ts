import type { Pool, PoolClient } from 'pg';
import { RtnError } from '../error.js';
import { postgresError } from './errors.js';
import { currentDatabase, type Grant, requireGrants } from './grants.js';

/** Every runner that migrates takes this advisory lock first: the letters "rtn". */
const MIGRATION_LOCK = 0x72_74_6e;

/**
 * The ledger's tables, step by step. A step that has been released never changes; a change is a new step at the end.
 * `leases` is who runs a shard (and how far it is), `starts` how each start of it went, `claims` two bitmaps a segment of
 * positions (pipeline/claims.ts), `unsent` how the positions ended that were not sent; `schedules` and `slots` are the
 * history of schedules (schedule/history.ts).
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
  `create table rtn.schedules (
     schedule text primary key,
     timing text,
     cursor_at timestamptz,
     is_paused boolean not null default false,
     is_troubled boolean not null default false,
     watch jsonb
   );
   create table rtn.slots (
     schedule text not null references rtn.schedules on delete cascade,
     slot timestamptz not null,
     state text not null check (state in ('waiting', 'running', 'ran', 'failed', 'missed', 'skipped')),
     run_id text not null,
     operation text not null,
     version text,
     is_manual boolean not null,
     is_catch_up boolean not null,
     attempt int not null,
     retries int not null,
     server text,
     process text,
     stop text,
     not_before timestamptz,
     started_at timestamptz,
     ended_at timestamptz,
     exit_code int,
     reason text,
     alert text,
     beat_at timestamptz not null default clock_timestamp(),
     primary key (schedule, slot)
   );
   create index slots_by_time on rtn.slots (slot);
   create index slots_in_hand on rtn.slots (schedule) where state in ('waiting', 'running') or alert is not null;`,
  `alter table rtn.slots add column deaths int not null default 0;`,
];

/** What a run does with the tables of the ledger. */
const LEDGER_GRANTS: readonly Grant[] = [
  { on: 'table', name: 'rtn.runs', privileges: ['select', 'insert', 'update'] },
  { on: 'table', name: 'rtn.leases', privileges: ['select', 'insert', 'update'] },
  { on: 'table', name: 'rtn.starts', privileges: ['select', 'insert', 'update'] },
  { on: 'table', name: 'rtn.claims', privileges: ['select', 'insert', 'update', 'delete'] },
  { on: 'table', name: 'rtn.unsent', privileges: ['select', 'insert'] },
];

/** What a server of schedules does with the tables of their history. */
const HISTORY_GRANTS: readonly Grant[] = [
  { on: 'table', name: 'rtn.schedules', privileges: ['select', 'insert', 'update'] },
  { on: 'table', name: 'rtn.slots', privileges: ['select', 'insert', 'update'] },
];

/**
 * Brings the schema `rtn` to the newest step. Two runners that start at once do it one after the other. Where there is
 * nothing to do no right to make anything is needed. Throws `configuration` where a newer runner was here before.
 */
export function migrate(pool: Pool): Promise<void> {
  return migrateFor(pool, 'the ledger', LEDGER_GRANTS);
}

/** The same for who keeps the history of schedules there. */
export function migrateHistory(pool: Pool): Promise<void> {
  return migrateFor(pool, 'the history of schedules', HISTORY_GRANTS);
}

async function migrateFor(pool: Pool, whose: string, grants: readonly Grant[]): Promise<void> {
  const what = `the tables of ${whose} could not be made`;
  await locked(pool, what, async (client) => {
    const done = await stepsDone(client);
    if (done > MIGRATIONS.length) throw newerLedger(done);
    if (done < MIGRATIONS.length) await takeSteps(client, what, done);
    await requireGrants(client, `${whose} cannot be written`, grants);
  });
}

/** How many steps the database has; 0 where there is no ledger yet. */
async function stepsDone(client: PoolClient): Promise<number> {
  const { rows: schemas } = await client.query("select to_regnamespace('rtn') is not null as exists");
  if (schemas[0]?.exists !== true) return 0;
  const what = 'the ledger cannot be read';
  await requireGrants(client, what, [{ on: 'schema', name: 'rtn', privileges: ['usage'] }]);
  const { rows: tables } = await client.query("select to_regclass('rtn.migrations') is not null as exists");
  if (tables[0]?.exists !== true) return 0;
  await requireGrants(client, what, [{ on: 'table', name: 'rtn.migrations', privileges: ['select'] }]);
  const { rows } = await client.query<{ step: number | null }>(
    'select max(step) as step from rtn.migrations',
  );
  return rows[0]?.step ?? 0;
}

/** The ledger's tables are altered by whoever made them: the role needs to be their owner once there are any. */
async function takeSteps(client: PoolClient, what: string, done: number): Promise<void> {
  if (done === 0) await makeMigrationsTable(client, what);
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < done) continue;
    await client.query(sql);
    await client.query('insert into rtn.migrations (step) values ($1)', [index + 1]);
  }
}

/** Asks before it makes the schema: `create schema if not exists` wants the right even where there is one. */
async function makeMigrationsTable(client: PoolClient, what: string): Promise<void> {
  const { rows } = await client.query("select to_regnamespace('rtn') is not null as exists");
  if (rows[0]?.exists !== true) {
    const name = await currentDatabase(client);
    await requireGrants(client, what, [{ on: 'database', name, privileges: ['create'] }]);
    await client.query('create schema rtn');
  }
  await requireGrants(client, what, [{ on: 'schema', name: 'rtn', privileges: ['create'] }]);
  await client.query(
    'create table if not exists rtn.migrations (step int primary key, at timestamptz not null default now())',
  );
}

function newerLedger(done: number): RtnError {
  return new RtnError(
    'configuration',
    `the ledger in this database is newer than this runner: it is at step ${done}, the runner knows ${MIGRATIONS.length}`,
    { next: 'update the package realtime-notifications to the version that the newest runner has' },
  );
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
