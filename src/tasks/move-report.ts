import { oneLine } from '../error.js';
import type { TaskReport } from '../pipeline/task.js';
import type { Backlog, HorizonHolder } from './move-horizon.js';
import type { Passed } from './move-pass.js';

export interface ReportOptions {
  readonly isComplete: boolean;
  readonly isDryRun: boolean;
  readonly passed: Passed;
  /** What is left in the log; undefined where it could not be read any more. */
  readonly backlog: Backlog | undefined;
  readonly seconds: number;
  readonly log: string;
  readonly folder: string;
}

/** What a pass has to tell, as JSON and in words. */
export function moveReport(options: ReportOptions): TaskReport {
  const { isComplete, isDryRun, passed, backlog, seconds, log, folder } = options;
  const rate = seconds > 0 ? Math.round(passed.rows / seconds) : 0;
  const batches = passed.batches === 1 ? '1 batch' : `${passed.batches.toLocaleString('en-US')} batches`;
  const tables = [...passed.days].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    isComplete,
    summary: {
      dry_run: isDryRun,
      log,
      folder,
      rows_moved: passed.rows,
      bytes_moved: passed.bytes,
      batches: passed.batches,
      rows_deleted: passed.deleted,
      tables: Object.fromEntries(tables),
      cursor_xid: String(passed.cursor),
      rows_left: backlog?.rows ?? null,
      oldest_left_seconds: backlog?.oldestSeconds == null ? null : round(backlog.oldestSeconds),
      horizon_xid: backlog === undefined ? null : String(backlog.horizon),
      held_by: backlog?.holder === undefined ? null : holderJson(backlog.holder),
      seconds: round(seconds),
      rows_per_second: rate,
    },
    lines: [
      isDryRun
        ? `would move: ${count(passed.rows)} in ${batches}`
        : `moved: ${count(passed.rows)} in ${batches}, ${rate.toLocaleString('en-US')} rows/s`,
      ...tables.map(([day, rows]) => `table: ${folder}/${day} ${isDryRun ? '' : '+'}${count(rows)}`),
      `${isDryRun ? 'would delete' : 'deleted'}: ${count(passed.deleted)} from ${log}`,
      ...(backlog === undefined ? [] : leftLines(backlog)),
    ],
  };
}

function leftLines({ rows, oldestSeconds, holder, horizon }: Backlog): string[] {
  if (rows === 0) return ['left: 0 rows'];
  const age = oldestSeconds === null ? '' : `, the oldest ended ${duration(oldestSeconds)} ago`;
  const left = `left: ${count(rows)}${age}`;
  return holder === undefined
    ? [left]
    : [left, `held back: by ${holderText(holder)}, from xid ${horizon} on`];
}

function holderText({ database, user, openSeconds, session, gid }: HorizonHolder): string {
  const where = `of ${named(user)} in the database ${named(database)}`;
  const since = openSeconds === null ? '' : `, open for ${duration(openSeconds)}`;
  if (session === undefined) return `the prepared transaction '${oneLine(gid ?? '', 200)}' ${where}${since}`;
  const { pid, application, state } = session;
  const what = [application === '' ? undefined : `"${oneLine(application, 64)}"`, state ?? undefined];
  const told = what.filter((part) => part !== undefined).join(', ');
  return `the session ${pid} ${where}${told === '' ? '' : ` (${told})`}${since}`;
}

function holderJson({ xid, database, user, openSeconds, session, gid }: HorizonHolder): object {
  return {
    xid: String(xid),
    database,
    user,
    open_seconds: openSeconds === null ? null : round(openSeconds),
    ...(session === undefined
      ? { prepared_gid: gid ?? null }
      : { pid: session.pid, application_name: session.application, state: session.state }),
  };
}

function named(text: string | null): string {
  return text === null ? '?' : oneLine(text, 64);
}

function count(rows: number): string {
  return `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function round(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
