import { RtnError } from '../error.js';
import { parseLosslessJson } from '../yson/exact-json.js';

/**
 * Rows of JSON lines, without rounding: an integer outside the safe range comes as a bigint. Integers of the columns
 * named in `textColumns` come as decimal text, whatever their size. Throws `data` on a line that is no JSON object.
 */
export function parseLines(lines: Buffer, textColumns: ReadonlySet<string>): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (const line of lines.toString('utf8').split('\n'))
    if (line !== '') rows.push(parseLine(line, textColumns));
  return rows;
}

function parseLine(line: string, textColumns: ReadonlySet<string>): Record<string, unknown> {
  const row = asRow(parseLosslessJson(line));
  for (const column of textColumns) {
    const value = row[column];
    if (typeof value === 'number' || typeof value === 'bigint') row[column] = String(value);
  }
  return row;
}

function asRow(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new RtnError('data', 'the table was answered with a line that is no row');
}
