import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { sleep } from '../clock.js';
import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { InputIdentity, Reader, ReadRange, Run } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { connectPostgres } from '../postgres/connect.js';
import { postgresError } from '../postgres/errors.js';
import { copyQuery, type QueryColumn, type QueryCopy, quoted, ROW_NUMBER } from '../postgres/query-copy.js';
import { oneStatement } from '../postgres/statement.js';
import { requireColumns, schemaTypes } from './columns.js';
import { parseExactRow } from './exact-row.js';
import { type BadLine, MAX_LINE_BYTES, readLines } from './lines.js';
import { type Outline, outlineOf } from './outline.js';
import { readQueryFile } from './query-file.js';
import { malformed } from './row-text.js';

/** What JSON values a category of Postgres types gives; a category that is not here may give any. */
const JSON_TYPES: Readonly<Record<string, readonly string[]>> = {
  N: ['integer', 'number', 'string'],
  B: ['boolean'],
  A: ['array'],
  C: ['object'],
  S: ['string'],
  D: ['string'],
  T: ['string'],
  E: ['string'],
  I: ['string'],
};

/** A connection that breaks is made anew at the next row, so many times without a single row in between. */
const MAX_BREAKS = 5;

/**
 * The rows of one SELECT in a file, from Postgres. The query is run once, read-only, into a table of the run with a row
 * number (`rtn.input_…`), which is what is read: a position is that number, the same on every start. Values are what
 * `to_json` makes of them, nulls left out; a number that a JSON number cannot carry is never rounded, and numbers in
 * columns that the operation declares as strings are read as text.
 */
export class PostgresQueryReader implements Reader {
  readonly isEndless = false;
  readonly #input: BoundInput;
  readonly #location: Location;
  #run: Run | undefined;
  #pool: Pool | undefined;
  #copy: QueryCopy | undefined;

  constructor(input: BoundInput, location: Location) {
    this.#input = input;
    this.#location = location;
  }

  get total(): number | undefined {
    return this.#copy?.rowCount;
  }

  /** The query's text: what it gives is known only once it has been run, which is done once a run. */
  async identify(): Promise<InputIdentity> {
    return `sha256:${hash('sha256', await readQueryFile(this.#location.target), 'hex')}`;
  }

  async open(run: Run): Promise<void> {
    this.#run = run;
    const path = this.#location.target;
    const sql = oneStatement(await readQueryFile(path), path);
    this.#pool = await connectPostgres(
      run.environment,
      `rtn ${run.operation} ${run.id}`,
      `the input is ${this.#location.text}`,
      // A query may take long before its first row.
      0,
    );
    this.#copy = await copyQuery(this.#pool, {
      query: { path, sql },
      owner: `${run.operation} ${run.rootId} ${this.#input.name}`,
      nowMs: run.clock.now(),
      check: (columns) => this.#check(columns),
    });
  }

  async read(out: Queue<Incoming>, signal: AbortSignal, range?: ReadRange): Promise<void> {
    const [pool, copy, run] = [this.#pool, this.#copy, this.#run];
    if (pool === undefined || copy === undefined || run === undefined)
      throw new Error('read was called before open');
    const outline = outlineOf(this.#input);
    let position = range?.from ?? 0;
    const end = Math.min(range?.to ?? copy.rowCount, copy.rowCount);
    for (let breaks = 0; position < end && !signal.aborted; breaks++) {
      const before = position;
      try {
        for await (const lines of this.#lines(pool, copy, position, end)) {
          const batch = lines.map((line) => record(line, position++, outline));
          if ((await out.sendMany(batch, signal)) < batch.length || signal.aborted) return;
        }
      } catch (thrown) {
        const error = postgresError(`the rows of ${this.#location.text} could not be read`, thrown);
        if (position > before) breaks = 0;
        if (!error.isRetriable || breaks >= MAX_BREAKS) throw error;
        run.warn(`${error.message}; reading on at row ${position}`);
        await sleep(run.clock, 500 * 2 ** breaks, signal);
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool?.end();
  }

  #check(columns: readonly QueryColumn[]): void {
    const place = `the query ${this.#location.target}`;
    requireColumns(
      this.#input,
      columns.map(({ name }) => name),
      place,
    );
    for (const { name, type, category } of columns) {
      const [wanted, given] = [schemaTypes(this.#input, name), JSON_TYPES[category]];
      if (wanted === undefined || given === undefined || wanted.some((each) => given.includes(each)))
        continue;
      throw new RtnError(
        'configuration',
        `${place} gives the column ${name} as ${type}, the operation wants ${wanted.join(' or ')}`,
        { next: `cast it in the query, or change the row's schema` },
      );
    }
  }

  async *#lines(
    pool: Pool,
    { table, columns }: QueryCopy,
    position: number,
    end: number,
  ): AsyncGenerator<(string | BadLine)[]> {
    const { to } = await import('pg-copy-streams');
    const fields = columns.map((column) => this.#field(column)).join(', ');
    const client = await pool.connect();
    const ignore = () => {};
    client.on('error', ignore);
    let isWhole = false;
    try {
      await client.query("set timezone = 'UTC'");
      const rows = client.query(
        to(
          `copy (select row_to_json("#given") from ${table} as copied, lateral (select ${fields}) as "#given"
                  where copied.${ROW_NUMBER} >= ${position} and copied.${ROW_NUMBER} < ${end} order by copied.${ROW_NUMBER}) to stdout`,
        ),
      );
      yield* readLines(rows as AsyncIterable<Buffer>, { maxLineBytes: MAX_LINE_BYTES, keepsBlank: false });
      isWhole = true;
    } finally {
      if (isWhole) client.off('error', ignore);
      client.release(!isWhole);
    }
  }

  #field({ name, category }: QueryColumn): string {
    const column = `copied.${quoted(name)}`;
    const types = schemaTypes(this.#input, name) ?? [];
    const isText = category === 'N' && types.includes('string') && !types.includes('number');
    return `${column}${isText ? '::text' : ''} as ${quoted(name)}`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A line in the text format of COPY that holds one JSON object. */
function record(line: string | BadLine, position: number, outline: Outline): Incoming {
  if (typeof line !== 'string') return malformed(position, line.reason, line.text, outline);
  const json = line.includes('\\')
    ? line.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char)
    : line;
  return { position, row: withoutNulls(parseExactRow(json)) };
}

function withoutNulls(row: Row): Row {
  for (const name in row)
    if (row[name] === null)
      return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  return row;
}
