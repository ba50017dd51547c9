import type { Pool, PoolClient } from 'pg';
import { connectPostgres } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { migrateHistory } from '../postgres/migrations.js';
import {
  type Change,
  type History,
  type HistoryFilter,
  type KnownSchedule,
  type KnownSlot,
  NOTHING_KNOWN,
  type SlotRecord,
  type SlotState,
  type Standing,
  type WatchMemory,
} from '../schedule/history.js';
import type { AlertEvent } from '../schedule/schedule.js';
import { slotRunId } from '../schedule/slot.js';
import type { Environment } from './run-store.js';

/** Opens the history in the ledger of DATABASE_URL, and makes its tables where they are not there. */
export async function openPostgresHistory(environment: Environment): Promise<History> {
  const pool = await connectPostgres(
    environment,
    'rtn schedule',
    'the history of schedules is kept in Postgres',
  );
  try {
    await migrateHistory(pool);
  } catch (thrown) {
    await pool.end();
    throw thrown;
  }
  return new PostgresHistory(pool);
}

interface ScheduleRow {
  readonly schedule: string;
  readonly timing: string | null;
  readonly cursor_at: Date | null;
  readonly is_paused: boolean;
  readonly is_troubled: boolean;
  readonly watch: WatchMemory | null;
}

interface SlotRow {
  readonly schedule: string;
  readonly slot: Date;
  readonly state: SlotState;
  readonly operation: string;
  readonly version: string | null;
  readonly is_manual: boolean;
  readonly is_catch_up: boolean;
  readonly attempt: number;
  readonly retries: number;
  readonly server: string | null;
  readonly process: string | null;
  readonly stop: string | null;
  readonly not_before: Date | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly exit_code: number | null;
  readonly reason: string | null;
  readonly alert: AlertEvent | null;
  readonly silent_ms: string;
}

const SELECT_SLOTS = `select *, extract(epoch from clock_timestamp() - beat_at) * 1000 as silent_ms from rtn.slots`;

/** The tables `rtn.schedules` and `rtn.slots`. A change holds the lock of its schedule's row. */
class PostgresHistory implements History {
  readonly address = 'the tables rtn.schedules and rtn.slots of DATABASE_URL';
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async change<Result extends Change>(
    schedule: string,
    decide: (standing: Standing) => Result,
    wantedSlotMs?: number,
  ): Promise<Result> {
    const what = 'the history of schedules could not be written';
    const client = await this.#pool.connect().catch((thrown: unknown) => {
      throw postgresError(what, thrown);
    });
    try {
      await client.query('begin');
      const standing = await lockedStanding(client, schedule, wantedSlotMs);
      const change = decide(standing);
      await writeChange(client, schedule, change);
      await client.query('commit');
      client.release();
      return change;
    } catch (thrown) {
      client.release(true);
      throw postgresError(what, thrown);
    }
  }

  async beat(server: string): Promise<void> {
    await this.#query(
      `update rtn.slots set beat_at = clock_timestamp() where server = $1 and state in ('waiting', 'running')`,
      [server],
    );
  }

  async busy(): Promise<string[]> {
    const rows = await this.#query<{ schedule: string }>(
      `select distinct schedule from rtn.slots where state in ('waiting', 'running')`,
      [],
    );
    return rows.map(({ schedule }) => schedule);
  }

  async alerts(): Promise<KnownSlot[]> {
    const rows = await this.#query<SlotRow>(
      `${SELECT_SLOTS} where alert is not null order by slot limit 100`,
      [],
    );
    return rows.map(knownSlot);
  }

  async list({ schedule, limit }: HistoryFilter): Promise<KnownSlot[]> {
    const rows = await this.#query<SlotRow>(
      `${SELECT_SLOTS} where $1::text is null or schedule = $1 order by slot desc, schedule limit $2`,
      [schedule ?? null, limit],
    );
    return rows.map(knownSlot);
  }

  async schedules(): Promise<KnownSchedule[]> {
    const rows = await this.#query<ScheduleRow>('select * from rtn.schedules order by schedule', []);
    return rows.map((row) => ({
      schedule: row.schedule,
      isPaused: row.is_paused,
      cursorMs: row.cursor_at?.getTime(),
    }));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #query<T>(sql: string, values: unknown[]): Promise<T[]> {
    try {
      return (await this.#pool.query(sql, values)).rows;
    } catch (thrown) {
      throw postgresError('the history of schedules could not be read', thrown);
    }
  }
}

async function lockedStanding(
  client: PoolClient,
  schedule: string,
  wantedSlotMs: number | undefined,
): Promise<Standing> {
  await client.query('insert into rtn.schedules (schedule) values ($1) on conflict do nothing', [schedule]);
  const { rows } = await client.query<ScheduleRow>(
    'select * from rtn.schedules where schedule = $1 for update',
    [schedule],
  );
  const [row] = rows;
  if (row === undefined) return NOTHING_KNOWN;
  const { rows: slots } = await client.query<SlotRow>(
    `${SELECT_SLOTS} where schedule = $1
       and (state in ('waiting', 'running') or slot > coalesce($2::timestamptz, 'infinity') or slot = $3::timestamptz) order by slot`,
    [schedule, row.cursor_at, wantedSlotMs === undefined ? null : new Date(wantedSlotMs)],
  );
  return {
    cursorMs: row.cursor_at?.getTime(),
    timing: row.timing ?? undefined,
    isPaused: row.is_paused,
    isTroubled: row.is_troubled,
    watch: row.watch ?? undefined,
    slots: slots.map(knownSlot),
  };
}

async function writeChange(client: PoolClient, schedule: string, change: Change): Promise<void> {
  const { cursorMs, timing, isPaused, isTroubled, watch, put = [] } = change;
  if ([cursorMs, timing, isPaused, isTroubled, watch].some((value) => value !== undefined))
    await client.query(
      `update rtn.schedules set timing = coalesce($2, timing), cursor_at = coalesce($3, cursor_at),
         is_paused = coalesce($4, is_paused), is_troubled = coalesce($5, is_troubled),
         watch = coalesce($6, watch)
       where schedule = $1`,
      [
        schedule,
        timing ?? null,
        timeOf(cursorMs ?? null),
        isPaused ?? null,
        isTroubled ?? null,
        watch ?? null,
      ],
    );
  for (const slot of put) await putSlot(client, slot);
}

/** One insert claims a slot; a record that is there already is one that this change has read, under the lock. */
async function putSlot(client: PoolClient, slot: SlotRecord): Promise<void> {
  const columns: Readonly<Record<string, unknown>> = {
    schedule: slot.schedule,
    slot: new Date(slot.slotMs),
    state: slot.state,
    run_id: slotRunId(slot.schedule, slot.slotMs),
    operation: slot.operation,
    version: slot.version,
    is_manual: slot.isManual,
    is_catch_up: slot.isCatchUp,
    attempt: slot.attempt,
    retries: slot.retries,
    server: slot.server,
    process: slot.process,
    stop: slot.stop,
    not_before: timeOf(slot.notBeforeMs),
    started_at: timeOf(slot.startedMs),
    ended_at: timeOf(slot.endedMs),
    exit_code: slot.exitCode,
    // Postgres takes no NUL, and a reason is a line.
    reason: slot.reason?.replaceAll('\0', '').slice(0, 2_000) ?? null,
    alert: slot.alert,
  };
  const names = Object.keys(columns);
  await client.query(
    `insert into rtn.slots (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})
     on conflict (schedule, slot) do update
       set beat_at = clock_timestamp(), ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    Object.values(columns),
  );
}

function timeOf(timeMs: number | null): Date | null {
  return timeMs === null ? null : new Date(timeMs);
}

function knownSlot(row: SlotRow): KnownSlot {
  return {
    schedule: row.schedule,
    slotMs: row.slot.getTime(),
    state: row.state,
    operation: row.operation,
    version: row.version,
    isManual: row.is_manual,
    isCatchUp: row.is_catch_up,
    attempt: row.attempt,
    retries: row.retries,
    server: row.server,
    process: row.process,
    stop: row.stop,
    notBeforeMs: row.not_before?.getTime() ?? null,
    startedMs: row.started_at?.getTime() ?? null,
    endedMs: row.ended_at?.getTime() ?? null,
    exitCode: row.exit_code,
    reason: row.reason,
    alert: row.alert,
    silentMs: Math.max(0, Number(row.silent_ms)),
  };
}
