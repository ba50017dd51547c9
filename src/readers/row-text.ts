import { isUtf8 } from 'node:buffer';
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
 * The rows of one message of a stream: a JSON object, an array of them, or objects on a line each. What is none of
 * these is one malformed record that keeps the beginning of the bytes, or their digest unless `isShown`. Integers outside the safe range come as bigint.
 * Positions count up from `position`. Never throws, whatever the bytes are.
 */
export function messageRows(bytes: Buffer, position: number, isShown: boolean): Incoming[] {
  if (!isUtf8(bytes)) return [malformed(position, 'the message is no UTF-8', escapedBytes(bytes), isShown)];
  const text = bytes.toString('utf8');
  const value = parse(text, position, isShown);
  if (!('malformed' in value)) {
    const rows: readonly unknown[] = Array.isArray(value.json) ? value.json : [value.json];
    return rows.map((row, index) => record(row, position + index, isShown));
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records = lines.map((line, index) => parseRow(line, position + index, isShown));
  // A mistake in one object, printed on several lines, is one mistake.
  return lines.length > 1 && records.some((each) => 'row' in each) ? records : [value];
}

/** The row of a text that holds one JSON object; anything else is malformed, as in `messageRows`. */
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
    ? oneLine(text.slice(0, KEPT + 1), KEPT)
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
  return malformed(position, 'expected a JSON object', shown(row), isShown);
}

/** A value that is no row, for a person. A list may be nested more deeply than can be written. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

/** The beginning of bytes that are no text: ASCII as it is, the others as `\\xff`. */
function escapedBytes(bytes: Buffer): string {
  return bytes
    .toString('latin1', 0, KEPT + 1)
    .replace(/[\u0080-\u00ff]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
