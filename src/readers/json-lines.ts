import type { BoundInput } from '../pipeline/binding.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { schemaTypes } from './columns.js';
import type { FileFormat } from './file.js';
import { type BadLine, MAX_LINE_BYTES, readLines } from './lines.js';
import { outlineOf } from './outline.js';
import { malformed, parseRow } from './row-text.js';

/**
 * One JSON object a line. A position is the index among the lines that are not blank; a line that cannot be read is a
 * malformed record. Integers in columns that the operation declares as strings are read as text, digit by digit.
 */
export function jsonLines(input: BoundInput): FileFormat {
  const options = { maxLineBytes: MAX_LINE_BYTES, keepsBlank: false };
  const textColumns = new Set(
    Object.keys(input.row.properties ?? {}).filter((name) => schemaTypes(input, name)?.join() === 'string'),
  );
  const outline = outlineOf(input);
  const record = (line: string | BadLine, position: number): Incoming => {
    if (typeof line !== 'string') return malformed(position, line.reason, line.text, outline);
    const parsed = parseRow(line, position, outline);
    return 'row' in parsed ? { position, row: integersAsText(parsed.row, textColumns) } : parsed;
  };
  return {
    async *read(chunks) {
      let position = 0;
      for await (const lines of readLines(chunks, options))
        yield lines.map((line) => record(line, position++));
    },
    async count(chunks) {
      let count = 0;
      for await (const lines of readLines(chunks, options)) count += lines.length;
      return count;
    },
  };
}

/** The row, with the integers in these columns as text; the row itself where there are none. */
function integersAsText(row: Row, columns: ReadonlySet<string>): Row {
  let changed: Record<string, unknown> | undefined;
  for (const column in row) {
    const value = row[column];
    if (!Number.isSafeInteger(value) && typeof value !== 'bigint') continue;
    if (!columns.has(column)) continue;
    changed ??= { ...row };
    changed[column] = String(value);
  }
  return changed ?? row;
}
