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
  /** Where its rows lay when they were counted: first and last page, of all partitions alike. */
  readonly pages: Pages;
}

interface DayRows {
  readonly day: string;
  readonly rows: number;
}

interface Pages {
  readonly first: number;
  readonly last: number;
}

export interface MovePlan {
  readonly batches: readonly MoveBatch[];
  /** Whether it reaches up to the horizon. */
  readonly isWhole: boolean;
}

/** So many batches are planned at a time: some megabytes, whatever the log holds. */
const MOST_BATCHES = 10_000;

/** The days that a timestamp of YTsaurus can say. */
const [FIRST_DAY, LAST_DAY] = [0, 49_672];

interface Line {
  readonly first: string;
  readonly rows: string;
  /** Rows whose time is null. */
  readonly timeless: string;
  /** Days since the epoch; not finite for infinite times. */
  readonly first_day: number | null;
  readonly last_day: number | null;
  readonly first_page: string;
  readonly last_page: string;
}

/**
 * Cuts the rows with from <= xid < to into batches of whole transactions, about `batchRows` rows each; a transaction
 * that has more is a batch of its own. One pass over these rows, and one more over those of a batch of several days.
 * Throws `data` for a time that YTsaurus cannot hold, and `unavailable` where rows went elsewhere meanwhile.
 */
export async function planBatches(
  pool: Pool,
  table: TableName,
  { from, to, batchRows }: { readonly from: bigint; readonly to: bigint; readonly batchRows: number },
): Promise<MovePlan> {
  const { rows: lines } = await pool.query<Line>(
    `with counted as (
       select xid, count(*) as rows, count(finished_at) as timed, min(finished_at) as first_at,
              max(finished_at) as last_at, min(ctid) as first_place, max(ctid) as last_place
         from ${table.sql} where xid >= $1::xid8 and xid < $2::xid8 group by xid),
     placed as (
       select *, div(sum(rows) over (order by xid) - rows, $3) as batch from counted)
     select min(${XID})::text as first, sum(rows) as rows, sum(rows - timed) as timeless,
            ${dayOf('min(first_at)')} as first_day, ${dayOf('max(last_at)')} as last_day,
            ${pageOf('min(first_place)')} as first_page, ${pageOf('max(last_place)')} as last_page
       from placed group by batch order by batch limit $4`,
    [String(from), String(to), batchRows, MOST_BATCHES + 1],
  );
  const isWhole = lines.length <= MOST_BATCHES;
  const batches: MoveBatch[] = [];
  for (const [index, line] of lines.slice(0, MOST_BATCHES).entries()) {
    const next = lines[index + 1]?.first;
    const place = {
      from: index === 0 ? from : BigInt(line.first),
      to: next === undefined ? to : BigInt(next),
      pages: { first: Number(line.first_page), last: Number(line.last_page) },
    };
    const days =
      line.first_day === line.last_day && line.timeless === '0'
        ? [{ day: validDay(table, line.first_day, line.rows), rows: Number(line.rows) }]
        : await countDays(pool, table, place);
    const rows = days.reduce((sum, day) => sum + day.rows, 0);
    if (rows !== Number(line.rows)) throw changed(table);
    batches.push({ ...place, days, rows });
  }
  return { batches, isWhole };
}

/** Rows that are not where they were: they are worth counting again. */
function changed(table: TableName): RtnError {
  return new RtnError('unavailable', `${table.text} changed while it was counted`, { isRetriable: true });
}

/** The rows of a batch by day, as far as they lie on its pages. */
async function countDays(
  pool: Pool,
  table: TableName,
  batch: Pick<MoveBatch, 'from' | 'to' | 'pages'>,
): Promise<DayRows[]> {
  const { rows } = await pool.query<{ day: number | null; rows: string }>(
    // The offset hides that the day is made of a time: as many days as times are expected otherwise, and all rows sorted.
    `select day, count(*) as rows from (
       select ${dayOf('finished_at')} as day from ${table.sql} where ${isOfBatch(batch)} offset 0) row
      group by day order by day`,
  );
  return rows.map((line) => ({ day: validDay(table, line.day, line.rows), rows: Number(line.rows) }));
}

/**
 * The condition on a row to be of a batch, as SQL. The pages spare the rest of the table: a row that has left them since
 * the batch was counted is missing, so whoever reads by this has to compare how many there are with how many there were.
 */
export function isOfBatch({ from, to, pages }: Pick<MoveBatch, 'from' | 'to' | 'pages'>): string {
  return `xid >= '${from}'::xid8 and xid < '${to}'::xid8
    and ctid >= '(${pages.first},0)'::tid and ctid < '(${pages.last + 1},0)'::tid`;
}

function dayOf(time: string): string {
  return `floor(date_part('epoch', ${time}) / 86400)`;
}

function pageOf(place: string): string {
  return `split_part(trim(leading '(' from ${place}::text), ',', 1)`;
}

function validDay(table: TableName, day: number | null, rows: string): string {
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
