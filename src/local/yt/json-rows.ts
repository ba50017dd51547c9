import { RtnError } from '../../error.js';
import { type QuickBlock, QuickScanner } from './quick-block.js';
import { isWhole, MAX_ROW, rowLines } from './row-lines.js';
import type { Schema } from './schema.js';
import { WholeLines } from './whole-lines.js';

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
  const pieces = new WholeLines();
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    let lines = pieces.take(next.value);
    if (pieces.length > MAX_ROW) throw new RtnError('data', `a row is longer than ${MAX_ROW} bytes`);
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
        yield* rowLines(joined([lines, pieces.rest()], source));
        return;
      }
      if (line !== '') yield [line];
      lines = lines.subarray(end);
    }
  }
  yield* rowLines(joined([pieces.rest()], source));
}

async function* joined(first: readonly Buffer[], source: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}
