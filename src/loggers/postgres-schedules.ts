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
  type Standing,
  type WatchMemory,
} from '../schedule/history.js';
import { knownSlot, putSlot, SELECT_SLOTS, type SlotRow, timeOf } from './postgres-slots.js';
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

  async unreadable(): Promise<[]> {
    return [];
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
