import { oneLine, toRtnError } from '../error.js';
import type { Incoming, Row } from '../pipeline/record.js';
import { parseLosslessJson } from '../yson/exact-json.js';

/** How much of a malformed message is kept, in characters. */
const KEPT = 300;

/**
 * The rows of one message: a JSON object, or an array of them. What is neither is one malformed record that keeps the
 * beginning of the text. Integers outside the safe range come as bigint. Positions count up from `position`.
 */
export function parseRows(text: string, position: number): Incoming[] {
  const value = parse(text, position);
  if ('malformed' in value) return [value];
  const rows: readonly unknown[] = Array.isArray(value.json) ? value.json : [value.json];
  return rows.map((row, index) => record(row, position + index));
}

/** The row of a text that holds one JSON object; anything else is malformed, as in `parseRows`. */
export function parseRow(text: string, position: number): Incoming {
  const value = parse(text, position);
  return 'malformed' in value ? value : record(value.json, position);
}

/** What cannot be read at all. */
export function malformed(position: number, reason: string, text: string): Incoming & { malformed: string } {
  return { position, malformed: `${oneLine(reason, 200)}; got ${oneLine(text, KEPT)}` };
}

function parse(text: string, position: number): { json: unknown } | (Incoming & { malformed: string }) {
  try {
    return { json: parseLosslessJson(text) };
  } catch (thrown) {
    return malformed(position, toRtnError(thrown).message, text);
  }
}

function record(row: unknown, position: number): Incoming {
  if (isRow(row)) return { position, row };
  const text = JSON.stringify(row, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
  return malformed(position, 'expected a JSON object', text);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
