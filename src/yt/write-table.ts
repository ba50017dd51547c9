import type { Connection } from './connection.js';
import { fromNetwork } from './failure.js';
import { type CallOptions, commonParameters } from './options.js';
import { ROWS_IN } from './parameters.js';
import { aborted } from './transport.js';

export interface WriteTableOptions extends CallOptions {
  /** True adds at the end, false (the default) replaces what is there. */
  readonly append?: boolean;
  /** Sets the table's schema while replacing: columns as YT writes them. */
  readonly schema?: readonly Readonly<Record<string, unknown>>[];
  /** The format of the rows; JSON lines unless given. */
  readonly format?: object;
}

/** Bytes collected before they go on the wire. */
const PIECE_BYTES = 256 * 1024;

/**
 * Writes rows to a table that exists, all or nothing. Never repeated by itself: run it inside a transaction and
 * repeat that. An error thrown by `rows` is thrown on as it is, and nothing is written.
 */
export async function writeTable(
  connection: Connection,
  path: string,
  rows: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: WriteTableOptions = {},
): Promise<void> {
  const { append = false, schema, format = ROWS_IN, signal } = options;
  const attributes = { append, ...(schema === undefined ? {} : { schema }) };
  const parameters = {
    path: { $value: path, $attributes: attributes },
    input_format: format,
    ...commonParameters(options),
  };
  const source: { error?: unknown } = {};
  try {
    const answer = await connection.heavy('PUT', 'write_table', parameters, {
      body: pieces(rows, source),
      signal,
    });
    try {
      await answer.body.dump();
    } catch (thrown) {
      throw signal?.aborted ? aborted(answer.place, signal) : fromNetwork(thrown, answer.place);
    }
    const failure = answer.failure();
    if (failure !== undefined) throw failure;
  } catch (thrown) {
    throw 'error' in source ? source.error : thrown;
  }
}

async function* pieces(
  rows: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  source: { error?: unknown },
): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const row of rows) {
      const piece =
        typeof row === 'string' ? Buffer.from(row) : Buffer.from(row.buffer, row.byteOffset, row.byteLength);
      held.push(piece);
      bytes += piece.length;
      if (bytes < PIECE_BYTES) continue;
      yield held.length === 1 ? piece : Buffer.concat(held);
      [held, bytes] = [[], 0];
    }
  } catch (thrown) {
    source.error = thrown;
    throw thrown;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
