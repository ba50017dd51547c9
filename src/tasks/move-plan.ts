import type { Pool } from 'pg';
import { RtnError } from '../error.js';
import type { TableName } from '../postgres/identifier.js';

/** A transaction's number as SQL compares it: the log has its index on this expression, as BRIN knows no xid8. */
export const XID = 'xid::text::bigint';

/** What goes over in one transaction of YTsaurus: the log's rows with from <= xid < to. */
export interface MoveBatch {
  readonly from: bigint;
  readonly to: bigint;
  readonly rows: number;
  /** Rows by the UTC day on which they ended, `2026-01-31`, in order. */
  readonly days: readonly DayRows[];
}

interface DayRows {
  readonly day: string;
  readonly rows: number;
}

export interface MovePlan {
  readonly batches: readonly MoveBatch[];
  /** Whether it reaches up to the horizon. */
  readonly isWhole: boolean;
}

/** So many lines of (batch, day) are planned at a time: some megabytes, whatever the log holds. More than there are days. */
const MOST_LINES = 60_000;

/** The days that a timestamp of YTsaurus can say. */
const [FIRST_DAY, LAST_DAY] = [0, 49_672];

interface Line {
  readonly batch: string;
  readonly first: string;
  /** Days since the epoch. */
  readonly day: number | null;
  readonly rows: string;
}

/**
 * Cuts the rows with from <= xid < to into batches of whole transactions, about `batchRows` rows each; a transaction
 * that has more is a batch of its own. One pass over these rows. Throws `data` for a time that YTsaurus cannot hold.
 */
export async function planBatches(
  pool: Pool,
  table: TableName,
  { from, to, batchRows }: { readonly from: bigint; readonly to: bigint; readonly batchRows: number },
): Promise<MovePlan> {
  const { rows } = await pool.query<Line>(
    `with counted as (
       select xid, day, count(*) as rows from (
         select xid, floor(date_part('epoch', finished_at) / 86400) as day from ${table.sql}
          where ${XID} >= $1 and xid < $2::xid8 offset 0) row
        group by 1, 2),
     placed as (
       select xid, day, rows, sum(rows) over (order by xid) - sum(rows) over (partition by xid) as before from counted)
     select div(before, $3) as batch, min(xid::text::bigint)::text as first, sum(rows) as rows, day
       from placed group by div(before, $3), day order by 1, day limit $4`,
    // The lower end is for the index; above the horizon there is little, and the type itself compares faster. The offset
    // hides that the day is made of a time: as many days as times are expected otherwise, and all rows sorted on disk.
    [from, String(to), batchRows, MOST_LINES + 1],
  );
  const isWhole = rows.length <= MOST_LINES;
  const grouped = grouping(table, rows);
  // The last group may lack days where the list was cut off.
  const kept = isWhole ? grouped : grouped.slice(0, -1);
  const batches = kept.map(({ first, days }, index) => ({
    from: index === 0 ? from : first,
    to: grouped[index + 1]?.first ?? to,
    rows: days.reduce((sum, day) => sum + day.rows, 0),
    days,
  }));
  return { batches, isWhole };
}

interface Group {
  readonly batch: string;
  first: bigint;
  readonly days: DayRows[];
}

function grouping(table: TableName, lines: readonly Line[]): Group[] {
  const groups: Group[] = [];
  for (const line of lines) {
    const day = validDay(table, line);
    const first = BigInt(line.first);
    const last = groups.at(-1);
    if (last?.batch !== line.batch) {
      groups.push({ batch: line.batch, first, days: [{ day, rows: Number(line.rows) }] });
    } else {
      last.days.push({ day, rows: Number(line.rows) });
      if (first < last.first) last.first = first;
    }
  }
  return groups;
}

function validDay(table: TableName, { day, rows }: Line): string {
  if (day !== null && day >= FIRST_DAY && day <= LAST_DAY) return textOf(day);
  throw new RtnError(
    'data',
    `${rows} rows of ${table.text} ended at a time that YTsaurus cannot hold: expected a finished_at from ${textOf(FIRST_DAY)} to ${textOf(LAST_DAY)}, got ${day === null ? 'null' : `a day that is ${day} days from the first`}`,
    { next: `correct them: update ${table.text} set finished_at = started_at where …` },
  );
}

function textOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
