import { surelyFits } from './column-type.js';
import type { StoredRow } from './row.js';
import type { Schema } from './schema.js';

/**
 * A number that JSON.parse would not give back as it was written: an integral double, an exponent, 16 digits or more.
 * May match inside a string, which only costs time.
 */
const INEXACT = /[:,[\s]-?\d+(?:\.0*(?!\d)|(?:\.\d+)?[eE]|\d{15})/;

/**
 * The common case at the speed of JSON.parse: a flat line that fits the schema as it stands is stored as it came.
 * Gives undefined whenever that is not certain; the exact path then decides.
 */
export function quickRow(line: string, schema: Schema): StoredRow | undefined {
  if (schema.keys.length > 0 || INEXACT.test(line) || line.includes('\\u') || line.includes('"$'))
    return undefined;
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined;
  let weight = 1;
  let named = 0;
  for (const name in row) {
    const value: unknown = (row as Record<string, unknown>)[name];
    const column = schema.columns.get(name);
    if (column === undefined ? schema.isStrict || !isScalar(value) : !surelyFits(value, column.type))
      return undefined;
    if (column !== undefined) named++;
    weight += typeof value === 'string' ? value.length : typeof value === 'boolean' ? 1 : 8;
  }
  if (named < schema.columns.size && lacksRequired(row, schema)) return undefined;
  return { line, isPlain: true, weight };
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';
}

function lacksRequired(row: object, schema: Schema): boolean {
  for (const column of schema.columns.values())
    if (column.isRequired && !Object.hasOwn(row, column.name)) return true;
  return false;
}
