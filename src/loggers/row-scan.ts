import type { Unsent } from '../pipeline/claims.js';
import { LOG_COLUMNS } from './columns.js';
import { columnValue, type LogRow } from './log-rows.js';
import type { LogErrorGroup, LogErrors, RowFilter, UnsentClass } from './run-store.js';

/** A pass over a log for its summary takes no longer than this: a person waits for it. */
const SUMMARY_MS = 20_000;

/** Kinds of errors, and message ids for each, that are told. */
const MOST_GROUPS = 10;
const MOST_IDS = 3;

const MOST_POSITIONS = 5;

/** Whether a row is among those wanted, of a store that cannot be asked for them. */
export function rowMatcher({ runId, recipients, sinceMs, beforeMs }: RowFilter): (row: LogRow) => boolean {
  const [run, recipient, finished] = ['run_id', 'recipient', 'finished_at'].map(indexOf);
  return (row) => {
    const endedMs = Date.parse(String(row[finished ?? -1]));
    return (
      (runId === undefined || row[run ?? -1] === runId) &&
      (recipients === undefined || recipients.includes(String(row[recipient ?? -1] ?? ''))) &&
      (sinceMs === undefined || endedMs >= sinceMs) &&
      (beforeMs === undefined || endedMs < beforeMs)
    );
  };
}

/** A row from its values by column name. */
export function rowFrom(named: Readonly<Record<string, unknown>>): LogRow {
  return LOG_COLUMNS.map((column) => columnValue(column, named[column.name]));
}

/** What went wrong in the rows of a run, the most frequent first. */
export async function summaryOf(
  rows: AsyncIterable<readonly LogRow[]>,
  nowMs: () => number,
): Promise<LogErrors> {
  const [outcome, code, text, id] = ['outcome', 'error_code', 'error_text', 'message_id'].map(indexOf);
  const untilMs = nowMs() + SUMMARY_MS;
  const groups = new Map<string, LogErrorGroup & { count: number; messageIds: string[] }>();
  let total = 0;
  for await (const some of rows) {
    if (nowMs() > untilMs)
      return {
        rows: null,
        problem: `the log is too large to be summed up within ${SUMMARY_MS / 1_000} s`,
        groups: [],
      };
    total += some.length;
    for (const row of some) {
      const [ended, errorCode] = [String(row[outcome ?? -1]), row[code ?? -1] as string | null];
      if (ended === 'sent') continue;
      const key = JSON.stringify([ended, errorCode]);
      const errorText = row[text ?? -1] as string | null;
      const group = groups.get(key) ?? { outcome: ended, errorCode, count: 0, errorText, messageIds: [] };
      group.count++;
      if (group.messageIds.length < MOST_IDS) group.messageIds.push(String(row[id ?? -1]));
      groups.set(key, group);
    }
  }
  const found = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MOST_GROUPS);
  return { rows: total, problem: null, groups: found };
}

/** Positions by reason, the most frequent reason first. */
export function unsentClasses(unsent: Iterable<Unsent>): UnsentClass[] {
  const classes = new Map<string, UnsentClass & { count: number; positions: number[] }>();
  for (const { position, reason } of unsent) {
    const known = classes.get(reason) ?? { reason, count: 0, positions: [] };
    known.count++;
    if (known.positions.length < MOST_POSITIONS) known.positions.push(position);
    classes.set(reason, known);
  }
  return [...classes.values()].sort((a, b) => b.count - a.count);
}

function indexOf(name: string): number {
  return LOG_COLUMNS.findIndex((column) => column.name === name);
}
