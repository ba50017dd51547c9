import { isErrored } from 'node:stream';
import type { Connection } from './connection.js';
import { fromNetwork } from './failure.js';
import { type CallOptions, commonParameters } from './options.js';
import { ROWS_OUT } from './parameters.js';
import { isWorthRepeating, withRetries } from './retry.js';
import { type Answer, aborted } from './transport.js';

export interface ReadTableOptions extends CallOptions {
  /** First row, 0-based. Default 0. */
  readonly startRow?: number;
  /** One past the last row. Default: the table's end. */
  readonly endRow?: number;
  /** Columns to read. Default all. */
  readonly columns?: readonly string[];
}

/**
 * The rows as JSON lines, nulls left out: Buffers of whole lines, each line ended by a line feed. A connection that
 * breaks is made anew at the next row, so that the caller sees one unbroken stream. Iterate it once; leaving the loop
 * early closes the connection.
 */
export interface TableRows extends AsyncIterable<Buffer> {
  /** Index of the first row, as the server said it; undefined when there are no rows. */
  readonly startRowIndex: number | undefined;
}

/** Starts the read; resolves when the head of the answer is there. A static table under a snapshot lock gives the same rows each time. */
export async function readTable(
  connection: Connection,
  path: string,
  options: ReadTableOptions = {},
): Promise<TableRows> {
  const { startRow = 0, signal } = options;
  const open = (row: number) =>
    withRetries(
      () => connection.heavy('GET', 'read_table', parametersOf(path, row, options), { signal }),
      () => connection.retry,
      connection.clock,
      signal,
    );
  const first = await open(startRow);
  const startRowIndex = first.parameters.start_row_index;
  return {
    startRowIndex: typeof startRowIndex === 'number' ? startRowIndex : undefined,
    [Symbol.asyncIterator]: () => lines(first, startRow, open, signal),
  };
}

function parametersOf(path: string, startRow: number, options: ReadTableOptions): Record<string, unknown> {
  const { endRow, columns } = options;
  const range = {
    lower_limit: { row_index: startRow },
    ...(endRow === undefined ? {} : { upper_limit: { row_index: endRow } }),
  };
  const attributes = { ranges: [range], ...(columns === undefined ? {} : { columns }) };
  return {
    path: { $value: path, $attributes: attributes },
    output_format: ROWS_OUT,
    ...commonParameters(options),
  };
}

async function* lines(
  first: Answer,
  startRow: number,
  open: (row: number) => Promise<Answer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let next = startRow;
  let [answer, progress] = [first, startRow];
  for (;;) {
    try {
      for await (const whole of wholeLines(answer, signal)) {
        next += countLines(whole);
        yield whole;
      }
      return;
    } catch (thrown) {
      // Without a single new row the break is not progress: leave it to the bounded retries of the next open.
      if (!isWorthRepeating(thrown) || signal?.aborted) throw thrown;
      if (next === progress) throw thrown;
      progress = next;
    }
    answer = await open(next);
  }
}

/** The body cut behind its last line feed; throws when it breaks off or its trailers hold an error. */
async function* wholeLines(answer: Answer, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      const cut = piece.lastIndexOf(0x0a) + 1;
      if (cut === 0) {
        rest.push(piece);
        continue;
      }
      const whole = piece.subarray(0, cut);
      yield rest.length === 0 ? whole : Buffer.concat([...rest, whole]);
      rest = cut === piece.length ? [] : [piece.subarray(cut)];
    }
  } catch (thrown) {
    throw signal?.aborted ? aborted(answer.place, signal) : fromNetwork(thrown, answer.place);
  } finally {
    if (!isErrored(answer.body)) answer.body.destroy();
  }
  const failure = answer.failure();
  if (failure !== undefined) throw failure;
  if (rest.length > 0) yield Buffer.concat([...rest, Buffer.from('\n')]);
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
