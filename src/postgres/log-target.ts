import { RtnError } from '../error.js';
import { parseTableName, type TableName } from './identifier.js';

/** How long a partition of the log lasts, in UTC. */
export type PartitionPeriod = 'day' | 'month';

/** What stands behind `pg:` in the location of a log. */
export interface LogTarget {
  readonly table: TableName;
  /** undefined for a table without partitions. */
  readonly period: PartitionPeriod | undefined;
}

/** Longest name of a table in Postgres, in bytes. */
const NAME_BYTES = 63;

/** What a partition's name has behind the table's: `_20260131`. */
const SUFFIX_BYTES = 9;

/** Reads `TABLE`, `TABLE?partition=day` or `TABLE?partition=month`. Throws `usage`. */
export function parseLogTarget(text: string): LogTarget {
  const mark = text.indexOf('?');
  if (mark < 0) return { table: parseTableName(text), period: undefined };
  const table = parseTableName(text.slice(0, mark));
  const [, period] = /^\?partition=(day|month)$/.exec(text.slice(mark)) ?? [];
  if (period !== 'day' && period !== 'month')
    throw new RtnError(
      'usage',
      `'${text.slice(mark)}' says nothing about a log table: expected ?partition=day or ?partition=month`,
    );
  if (table.table.length + SUFFIX_BYTES > NAME_BYTES)
    throw new RtnError(
      'usage',
      `'${table.table}' is too long for a table with partitions: expected ${NAME_BYTES - SUFFIX_BYTES} characters at most`,
    );
  return { table, period };
}
