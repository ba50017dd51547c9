import type { StoredClaims } from '../pipeline/claims.js';
import type { RunControl, RunRecord, RunState, StartRecord } from '../pipeline/ledger.js';
import { parseLocation, servedLocation } from '../pipeline/location.js';
import type { LogRow } from './log-rows.js';

/** Which runs are wanted, the newest first. */
export interface RunFilter {
  readonly operation?: string | undefined;
  readonly state?: RunState | undefined;
  /** Begun at or after this time, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  readonly limit: number;
}

/** A run with all of its starts, in the order in which they began. */
export interface KnownRun {
  readonly record: RunRecord;
  readonly starts: readonly StartRecord[];
}

/** Positions that were not sent for one reason: the class of the last answer, or the outcome. */
export interface UnsentClass {
  readonly reason: string;
  readonly count: number;
  /** The first of them. */
  readonly positions: readonly number[];
}

/** Rows of one run in the log that are no `sent`, by outcome and error code, the most frequent first. */
export interface LogErrors {
  /** Rows of the run that the log still holds; null where it could not be asked: `problem` says why. */
  readonly rows: number | null;
  readonly problem: string | null;
  readonly groups: readonly LogErrorGroup[];
}

export interface LogErrorGroup {
  readonly outcome: string;
  readonly errorCode: string | null;
  readonly count: number;
  /** One of their texts. */
  readonly errorText: string | null;
  /** Some of their message ids. */
  readonly messageIds: readonly string[];
}

/** Which rows of the log are wanted; all of what is given must hold. */
export interface RowFilter {
  readonly runId?: string | undefined;
  /** Recipients as the log has them: where they are sensitive, by their digests. */
  readonly recipients?: readonly string[] | undefined;
  /** Finished at or after, or before, this time, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  readonly beforeMs?: number | undefined;
}

export interface DeletedRows {
  readonly deleted: number;
  /** Rows that would have to go and cannot now, and why. */
  readonly kept: number;
  readonly reason?: string | undefined;
}

/** What a store that gives all of its records is asked for. */
export function newestOf(
  records: readonly RunRecord[],
  { operation, state, sinceMs, limit }: RunFilter,
): RunRecord[] {
  return records
    .filter(
      (record) =>
        (operation === undefined || record.operation === operation) &&
        (state === undefined || record.state === state) &&
        (sinceMs === undefined || Date.parse(record.startedAt) >= sinceMs),
    )
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, limit);
}

/** The runs of a log's store, and the log's rows, for those who look after them. */
export interface RunStore {
  /** For messages; no credentials. */
  readonly address: string;
  list(filter: RunFilter): Promise<readonly KnownRun[]>;
  find(runId: string): Promise<KnownRun | undefined>;
  /** What a shard has done so far; nothing where it never began. */
  claims(runId: string, shard: number): Promise<StoredClaims>;
  unsent(run: RunRecord): Promise<readonly UnsentClass[]>;
  errors(run: RunRecord): Promise<LogErrors>;
  /** Asks something of a run; what is not given stays. Its processes learn it at their next renewal. */
  setControl(runId: string, change: Partial<RunControl>): Promise<void>;
  /** Forgets a run: another start of it would begin anew. Its log stays. */
  remove(runId: string): Promise<void>;
  /** The log's rows, some at a time, in no order; read no faster than they are taken. */
  rows(filter: RowFilter): AsyncIterable<readonly LogRow[]>;
  countRows(filter: RowFilter): Promise<number>;
  /** Deletes the rows for good. Throws `configuration` where the store cannot do it now. */
  deleteRows(filter: RowFilter, progress: (deleted: number) => void): Promise<DeletedRows>;
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The location of a database's ledger without one of its logs: `pg:` alone. */
export const LEDGER_OF_DATABASE = 'pg:';

/**
 * Opens the store of a log: `pg:TABLE`, `pg:` for all that DATABASE_URL has, `yt:PATH`, `file:FOLDER`. Makes nothing
 * there. Throws `usage` for anything else.
 */
export async function openRunStore(location: string, environment: Environment): Promise<RunStore> {
  if (location === LEDGER_OF_DATABASE) {
    const { openPostgresRuns } = await import('./postgres-run-store.js');
    return openPostgresRuns(undefined, environment);
  }
  const at = servedLocation({ name: 'log', location: parseLocation(location) }, ['pg', 'yt', 'file']);
  if (at.scheme === 'pg') {
    const { openPostgresRuns } = await import('./postgres-run-store.js');
    return openPostgresRuns(at.target, environment);
  }
  if (at.scheme === 'file') {
    const { FileRunStore } = await import('./file-run-store.js');
    return new FileRunStore(at.target);
  }
  const { openYtRuns } = await import('./yt-run-store.js');
  return openYtRuns(at, environment);
}
