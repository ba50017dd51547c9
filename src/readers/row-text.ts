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
  let value: unknown;
  try {
    value = parseLosslessJson(text);
  } catch (thrown) {
    return [malformed(position, toRtnError(thrown).message, text)];
  }
  const rows: unknown[] = Array.isArray(value) ? value : [value];
  return rows.map((row, index) =>
    isRow(row)
      ? { position: position + index, row }
      : malformed(
          position + index,
          'expected a JSON object',
          JSON.stringify(row, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner)),
        ),
  );
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(position: number, reason: string, text: string): Incoming {
  return { position, malformed: `${oneLine(reason, 200)}; got ${oneLine(text, KEPT)}` };
}
