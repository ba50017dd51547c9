import { RtnError } from '../../error.js';
import { type QuickBlock, QuickScanner } from './quick-block.js';
import { isWhole, MAX_ROW, rowLines } from './row-lines.js';
import type { Schema } from './schema.js';

const NEWLINE = 0x0a;

/**
 * Cuts a body of JSON objects into blocks of lines that are stored as they are, and texts of one object each, in their
 * order.
 */
export async function* jsonRows(
  input: AsyncIterable<Buffer>,
  schema: Schema,
): AsyncGenerator<QuickBlock | readonly string[]> {
  const scanner = new QuickScanner(schema);
  const source = input[Symbol.asyncIterator]();
  const rest = new Rest();
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    let lines = rest.take(next.value);
    while (lines.length > 0) {
      const block = scanner.scan(lines);
      if (block !== undefined) {
        yield block;
        lines = lines.subarray(block.bytes.length);
        continue;
      }
      const end = lines.indexOf(NEWLINE) + 1;
      const line = lines.toString('utf8', 0, end).trim();
      if (line !== '' && !isWhole(line)) {
        yield* rowLines(joined([lines, rest.bytes()], source));
        return;
      }
      if (line !== '') yield [line];
      lines = lines.subarray(end);
    }
  }
  yield* rowLines(joined([rest.bytes()], source));
}

/** The beginning of a line whose end has not come yet. */
class Rest {
  #pieces: Buffer[] = [];
  #length = 0;

  /** The lines that a piece completes. */
  take(piece: Buffer): Buffer {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    const lines = end === 0 ? piece.subarray(0, 0) : Buffer.concat([...this.#pieces, piece.subarray(0, end)]);
    if (end > 0) [this.#pieces, this.#length] = [[], 0];
    this.#pieces.push(piece.subarray(end));
    this.#length += piece.length - end;
    if (this.#length > MAX_ROW) throw new RtnError('data', `a row is longer than ${MAX_ROW} bytes`);
    return lines;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

async function* joined(first: readonly Buffer[], source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}
