import type { RtnError } from '../error.js';
import type { AlertEvent } from './schedule.js';

/**
 * How a slot stands. `waiting`: it will be started (again), after its predecessor or a pause. `running`: a process has
 * it, or is about to. The others are ends: `ran` with exit code 0, `failed` with another, `missed` without a run,
 * `skipped` on purpose (paused, superseded, replaced).
 */
export type SlotState = 'waiting' | 'running' | 'ran' | 'failed' | 'missed' | 'skipped';

/** What is known of one slot of a schedule: there is at most one record a slot. */
export interface SlotRecord {
  readonly schedule: string;
  readonly slotMs: number;
  readonly state: SlotState;
  readonly operation: string;
  /** Known from the first start on. */
  readonly version: string | null;
  /** Started by a person, not by the clock. */
  readonly isManual: boolean;
  /** Its time had passed before anybody could start it. */
  readonly isCatchUp: boolean;
  /** Starts so far. */
  readonly attempt: number;
  /** How many of the starts came after an exit code that is worth another try. */
  readonly retries: number;
  /** How often its process went without a word. */
  readonly deaths: number;
  /** Who looks after it: a holder of pipeline/holder.ts. */
  readonly server: string | null;
  /** The runner's process as its starter names it; null until it is known, before which the runner does nothing. */
  readonly process: string | null;
  /** Why it was asked to end before its time. */
  readonly stop: string | null;
  /** A slot that waits is not started before. */
  readonly notBeforeMs: number | null;
  /** Of the last start. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly exitCode: number | null;
  readonly reason: string | null;
  /** An event that has still to be sent. */
  readonly alert: AlertEvent | null;
}

/** A record with how long its server has said nothing, in milliseconds by the store's one clock; 0 where it cannot tell. */
export interface KnownSlot extends SlotRecord {
  readonly silentMs: number;
}

/** Something that happened to a slot, as an alert tells it. */
export interface SlotFinding {
  readonly slotMs: number;
  readonly event: AlertEvent;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly version: string | null;
}

/** What a watcher of runs that others start remembers of a schedule. Plain JSON. */
export interface WatchMemory {
  /** When the schedule was due, as the last look read it. */
  readonly timing: string;
  /** Slots up to here were looked at. */
  readonly toMs: number;
  /** Of those, the ones whose end was still to come; ascending. */
  readonly open: readonly number[];
  /** What was missed or has failed since the last success; ascending. */
  readonly troubles: readonly SlotFinding[];
  /** Of which an alert has still to be sent. */
  readonly unsent: readonly SlotFinding[];
}

/** What the store knows of a schedule. */
export interface Standing {
  /** Every slot up to here is dealt with; undefined for a schedule that nobody has served yet. */
  readonly cursorMs: number | undefined;
  /** When it is due, as the last server read it: another text starts from now. */
  readonly timing: string | undefined;
  readonly isPaused: boolean;
  /** The last slot that ended had failed or was missed. */
  readonly isTroubled: boolean;
  /** What `rtn schedule watch` remembers; undefined where it has never looked. */
  readonly watch: WatchMemory | undefined;
  /** The records that wait or run, those behind the cursor, and the one asked for; ascending. */
  readonly slots: readonly KnownSlot[];
}

/** What is written: fields that are not given stay. */
export interface Change {
  readonly cursorMs?: number | undefined;
  readonly timing?: string | undefined;
  readonly isPaused?: boolean | undefined;
  readonly isTroubled?: boolean | undefined;
  readonly watch?: WatchMemory | undefined;
  /** New records, and those that take the place of the slot's old one. */
  readonly put?: readonly SlotRecord[] | undefined;
}

export interface HistoryFilter {
  readonly schedule?: string | undefined;
  readonly limit: number;
}

/** How a schedule stands in a list. */
export interface KnownSchedule {
  readonly schedule: string;
  readonly isPaused: boolean;
  readonly cursorMs: number | undefined;
}

/**
 * The memory of schedules, shared by every server and every command. `change` is the one way to write: it reads how a
 * schedule stands, calls `decide` and writes what that gives, with nobody else in between; so a slot is claimed once
 * however many servers there are. `decide` may be called again where another was faster, and must do nothing but decide.
 * All methods throw RtnErrors; one that is retriable may have been written or not, so that what acts on a change has to
 * know its own records again.
 */
export interface History {
  /** For messages; no credentials. */
  readonly address: string;
  change<Result extends Change>(
    schedule: string,
    decide: (standing: Standing) => Result,
    wantedSlotMs?: number,
  ): Promise<Result>;
  /** Notes that a server is there. */
  beat(server: string): Promise<void>;
  /** Names of the schedules that have a slot that waits or runs, or an alert to send. */
  busy(): Promise<readonly string[]>;
  /** The records that have an alert to send. */
  alerts(): Promise<readonly KnownSlot[]>;
  /** The newest slots, the newest first. */
  list(filter: HistoryFilter): Promise<readonly KnownSlot[]>;
  schedules(): Promise<readonly KnownSchedule[]>;
  /** What is kept of single schedules and cannot be read: `busy`, `alerts`, `list` and `schedules` go without it. */
  unreadable(): Promise<readonly RtnError[]>;
  close(): Promise<void>;
}

export const NOTHING_KNOWN: Standing = {
  cursorMs: undefined,
  timing: undefined,
  isPaused: false,
  isTroubled: false,
  watch: undefined,
  slots: [],
};

export function isActive({ state }: SlotRecord): boolean {
  return state === 'waiting' || state === 'running';
}
