import { isUtf8 } from 'node:buffer';
import { oneLine } from '../error.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { parseLosslessJson } from '../yson/exact-json.js';
import type { Outline } from './outline.js';

/**
 * The rows of one message of a stream: a JSON object, an array of them, or objects on a line each. What is none of
 * these is one malformed record with an outline of the bytes. Integers outside the safe range come as bigint.
 * Positions count up from `position`. Never throws, whatever the bytes are.
 */
export function messageRows(bytes: Buffer, position: number, outline: Outline): Incoming[] {
  if (!isUtf8(bytes)) return [malformed(position, 'the message is no UTF-8', bytes, outline)];
  const text = bytes.toString('utf8');
  const value = parse(text, position, outline);
  if (!('malformed' in value)) {
    const rows: readonly unknown[] = Array.isArray(value.json) ? value.json : [value.json];
    return rows.map((row, index) => record(row, position + index, outline));
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records = lines.map((line, index) => parseRow(line, position + index, outline));
  // A mistake in one object, printed on several lines, is one mistake.
  return lines.length > 1 && records.some((each) => 'row' in each) ? records : [value];
}

/** The row of a text that holds one JSON object; anything else is malformed, as in `messageRows`. */
export function parseRow(text: string, position: number, outline: Outline): Incoming {
  const value = parse(text, position, outline);
  return 'malformed' in value ? value : record(value.json, position, outline);
}

/** What cannot be read at all. The reason must not hold any of the text. */
export function malformed(
  position: number,
  reason: string,
  text: string | Buffer,
  outline: Outline,
): Incoming & { malformed: string } {
  return { position, malformed: `${oneLine(reason, 200)}; got ${outline(text)}` };
}

function parse(
  text: string,
  position: number,
  outline: Outline,
): { json: unknown } | (Incoming & { malformed: string }) {
  try {
    return { json: parseLosslessJson(text) };
  } catch (thrown) {
    return malformed(position, `expected JSON${placeIn(thrown)}`, text, outline);
  }
}

/** How JSON.parse and our own reader say where a text is no JSON; what else JSON.parse says may quote the text. */
const PLACE = / JSON at position (\d+)(?: \(line \d+ column \d+\))?$|^JSON at character (\d+):/;

function placeIn(thrown: unknown): string {
  const [, position, character] = PLACE.exec(thrown instanceof Error ? thrown.message : '') ?? [];
  const place = position ?? character;
  return place === undefined ? '' : `, wrong at character ${place}`;
}

function record(row: unknown, position: number, outline: Outline): Incoming {
  if (isRow(row)) return { position, row };
  // A list may be nested more deeply than can be written.
  if (Array.isArray(row))
    return { position, malformed: `expected a JSON object; got a list of ${row.length}` };
  const text = typeof row === 'bigint' ? String(row) : JSON.stringify(row);
  return malformed(position, 'expected a JSON object', text, outline);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
