import type { PoolClient } from 'pg';
import type { KnownSlot, SlotRecord, SlotState } from '../schedule/history.js';
import type { AlertEvent } from '../schedule/schedule.js';
import { slotRunId } from '../schedule/slot.js';

/** A row of the table `rtn.slots`, with how long ago its server was last heard of. */
export interface SlotRow {
  readonly schedule: string;
  readonly slot: Date;
  readonly state: SlotState;
  readonly operation: string;
  readonly version: string | null;
  readonly is_manual: boolean;
  readonly is_catch_up: boolean;
  readonly attempt: number;
  readonly retries: number;
  readonly deaths: number;
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

/** The beginning of a query for them. */
export const SELECT_SLOTS = `select *, extract(epoch from clock_timestamp() - beat_at) * 1000 as silent_ms from rtn.slots`;

/** One insert claims a slot; a record that is there already is one that this change has read, under the lock. */
export async function putSlot(client: PoolClient, slot: SlotRecord): Promise<void> {
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
    deaths: slot.deaths,
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

/** A time as a parameter of a statement. */
export function timeOf(timeMs: number | null): Date | null {
  return timeMs === null ? null : new Date(timeMs);
}

export function knownSlot(row: SlotRow): KnownSlot {
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
    deaths: row.deaths,
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
