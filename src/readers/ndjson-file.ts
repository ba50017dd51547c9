import { type FileHandle, open } from 'node:fs/promises';
import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { type BadLine, readLines } from './lines.js';
import { malformed, parseRow } from './row-text.js';

/** The rows of a file up to this size are counted before they are read. */
const MAX_COUNTED_BYTES = 16_777_216;

const MAX_LINE_BYTES = 16_777_216;

const NAME_ENDS: readonly string[] = ['.ndjson', '.jsonl'];

/**
 * A file with one JSON object a line. A row's position is its index among the lines that are not blank; a line that
 * cannot be read is a malformed record. Integers in columns that the operation declares as strings are read as text,
 * digit by digit.
 */
export class NdjsonFileReader implements Reader {
  readonly isEndless = false;
  total: number | undefined;
  readonly #path: string;
  readonly #textColumns: readonly string[];
  #file: FileHandle | undefined;

  constructor({ row }: BoundInput, { target, text }: Location) {
    if (!NAME_ENDS.some((end) => target.toLowerCase().endsWith(end))) {
      const expected = NAME_ENDS.join(' or ');
      throw new RtnError('usage', `${text} cannot be read: expected a file whose name ends in ${expected}`);
    }
    this.#path = target;
    const properties = (row.properties ?? {}) as Readonly<Record<string, { readonly type?: unknown }>>;
    this.#textColumns = Object.keys(properties).filter((name) => properties[name]?.type === 'string');
  }

  async open(): Promise<void> {
    try {
      this.#file = await open(this.#path, 'r');
      const stat = await this.#file.stat();
      if (!stat.isFile())
        throw new Error(`${this.#path} is no regular file, which could be read a second time`);
      if (stat.size <= MAX_COUNTED_BYTES) this.total = await countLines(this.#file);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RtnError('configuration', `the input's file cannot be read: ${reason}`, { cause });
    }
  }

  async read(out: Queue<Incoming>, signal: AbortSignal): Promise<void> {
    if (this.#file === undefined) throw new Error('read was called before open');
    let position = 0;
    for await (const lines of readLines(this.#file, MAX_LINE_BYTES)) {
      const batch = lines.map((line) => this.#record(line, position++));
      if ((await out.sendMany(batch, signal)) < batch.length || signal.aborted) return;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #record(line: string | BadLine, position: number): Incoming {
    if (typeof line !== 'string') return malformed(position, line.reason, line.text);
    const record = parseRow(line, position);
    return 'row' in record ? { position, row: integersAsText(record.row, this.#textColumns) } : record;
  }
}

async function countLines(file: FileHandle): Promise<number> {
  let count = 0;
  for await (const lines of readLines(file, MAX_LINE_BYTES)) count += lines.length;
  return count;
}

/** The row, with the integers in these columns as text; the row itself where there are none. */
function integersAsText(row: Row, columns: readonly string[]): Row {
  let changed: Record<string, unknown> | undefined;
  for (const column of columns) {
    const value = row[column];
    if (typeof value === 'string' || !(Number.isSafeInteger(value) || typeof value === 'bigint')) continue;
    changed ??= { ...row };
    changed[column] = String(value);
  }
  return changed ?? row;
}
