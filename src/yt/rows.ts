import { RtnError } from '../error.js';
import { parseExactJson } from '../yson/exact-json.js';

/** Only a line with so many digits in a row can hold an integer that JSON.parse would round. */
const LONG_DIGITS = /\d{16}/;

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
  if (LONG_DIGITS.test(line))
    return asRow(
      parseExactJson(line, (literal, key, depth) =>
        exact(literal, depth === 1 && textColumns.has(key ?? '')),
      ),
    );
  const row = asRow(JSON.parse(line));
  for (const column of textColumns) if (typeof row[column] === 'number') row[column] = String(row[column]);
  return row;
}

function exact(literal: string, isText: boolean): unknown {
  if (isText) return literal;
  const value = Number(literal);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(literal) ? value : BigInt(literal);
}

function asRow(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new RtnError('data', 'the table was answered with a line that is no row');
}
