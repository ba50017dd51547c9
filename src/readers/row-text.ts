import { oneLine, toRtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { isSensitive, sensitiveDigest } from '../pipeline/sensitive.js';
import { parseLosslessJson } from '../yson/exact-json.js';

/** How much of a malformed message is kept, in characters. */
const KEPT = 300;

/** Whether a text that makes no row of this input may be shown: not where a column is marked `x-sensitive`. */
export function isTextShown({ row }: Pick<BoundInput, 'row'>): boolean {
  return !Object.keys(row.properties ?? {}).some((column) => isSensitive(row, column));
}

/**
 * The rows of one message: a JSON object, or an array of them. What is neither is one malformed record that keeps the
 * beginning of the text, or its digest unless `isShown`. Integers outside the safe range come as bigint. Positions
 * count up from `position`.
 */
export function parseRows(text: string, position: number, isShown: boolean): Incoming[] {
  const value = parse(text, position, isShown);
  if ('malformed' in value) return [value];
  const rows: readonly unknown[] = Array.isArray(value.json) ? value.json : [value.json];
  return rows.map((row, index) => record(row, position + index, isShown));
}

/** The row of a text that holds one JSON object; anything else is malformed, as in `parseRows`. */
export function parseRow(text: string, position: number, isShown: boolean): Incoming {
  const value = parse(text, position, isShown);
  return 'malformed' in value ? value : record(value.json, position, isShown);
}

/** What cannot be read at all. The reason must not hold any of the text. */
export function malformed(
  position: number,
  reason: string,
  text: string,
  isShown: boolean,
): Incoming & { malformed: string } {
  const shown = isShown
    ? oneLine(text, KEPT)
    : `${text.length} characters that are not shown, since rows have sensitive columns (${sensitiveDigest(text)})`;
  return { position, malformed: `${oneLine(reason, 200)}; got ${shown}` };
}

function parse(
  text: string,
  position: number,
  isShown: boolean,
): { json: unknown } | (Incoming & { malformed: string }) {
  try {
    return { json: parseLosslessJson(text) };
  } catch (thrown) {
    // The message of JSON.parse quotes the text.
    const reason = isShown ? toRtnError(thrown).message : 'expected JSON';
    return malformed(position, reason, text, isShown);
  }
}

function record(row: unknown, position: number, isShown: boolean): Incoming {
  if (isRow(row)) return { position, row };
  const text = JSON.stringify(row, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
  return malformed(position, 'expected a JSON object', text, isShown);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
