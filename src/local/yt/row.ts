import { RtnError } from '../../error.js';
import { parseYtJson, writeYtJson } from '../../yson/json.js';
import { bare, Uint64, type YsonMap, type YsonValue } from '../../yson/value.js';
import { type Conversions, compareKeys, convert, isUnsigned, weigh } from './column-type.js';
import { fault, YT_CODE } from './fault.js';
import type { Schema } from './schema.js';

/**
 * A row as chunk files hold it: one line of lossless JSON. Nulls of named columns are left out, uint64 columns are bare
 * digits, everything else that JSON cannot say is marked with `$type`; a line without `"$` and null is plain.
 */
export interface StoredRow {
  readonly line: string;
  readonly isPlain: boolean;
  readonly weight: number;
}

/** Judges rows by a schema one after the other, in the order in which they are to be stored. */
export class RowJudge {
  readonly #schema: Schema;
  readonly #conversions: Conversions;
  #lastKey: readonly YsonValue[] | undefined;

  constructor(schema: Schema, conversions: Conversions, lastKey: readonly YsonValue[] | undefined) {
    this.#schema = schema;
    this.#conversions = conversions;
    this.#lastKey = lastKey;
  }

  get lastKey(): readonly YsonValue[] | undefined {
    return this.#lastKey;
  }

  /** The row as it is stored; throws 307, 301 or 306 for one that does not belong into the table. */
  store(value: YsonValue): StoredRow {
    if (!(value instanceof Map)) throw fault(YT_CODE.generic, 'A row must be a map without attributes');
    const row: YsonMap = new Map();
    let weight = 1;
    let hasNull = false;
    for (const [name, item] of value) {
      const stored = this.#item(name, item);
      if (stored === undefined) continue;
      row.set(name, stored);
      weight += weigh(stored);
      hasNull ||= stored === null;
    }
    this.#checkRequired(row);
    this.#checkOrder(row);
    const line = writeYtJson(forColumns(row, this.#schema), { encodeUtf8: false, isLossless: true });
    return { line, isPlain: !hasNull && !line.includes('"$'), weight };
  }

  #item(name: string, item: YsonValue): YsonValue | undefined {
    const column = this.#schema.columns.get(name);
    if (column === undefined) {
      if (!this.#schema.isStrict) return item;
      throw fault(YT_CODE.schemaViolation, `Unexpected column "${name}" in input row`, { column: name });
    }
    if (item === null) return undefined;
    const stored = convert(item, column.type, this.#conversions);
    if (stored !== undefined) return stored;
    const got =
      bare(item) instanceof Uint64
        ? 'uint64'
        : { bigint: 'int64', number: 'double', object: 'any' }[typeof bare(item) as string];
    throw typeFault(name, column.type, got ?? typeof bare(item));
  }

  #checkRequired(row: YsonMap): void {
    for (const column of this.#schema.columns.values()) {
      if (!column.isRequired || row.has(column.name)) continue;
      throw nullFault(column.name);
    }
  }

  #checkOrder(row: YsonMap): void {
    const { keys, hasUniqueKeys } = this.#schema;
    if (keys.length === 0) return;
    const key = keys.map((column) => row.get(column.name) ?? null);
    const order = this.#lastKey === undefined ? 1 : compareKeys(key, this.#lastKey);
    if (order < 0)
      throw fault(YT_CODE.sortOrderViolation, 'Sort order violation: a row is less than the one before it');
    if (order === 0 && hasUniqueKeys)
      throw fault(YT_CODE.uniqueKeyViolation, 'Duplicate key in a table with unique keys');
    this.#lastKey = key;
  }
}

export function typeFault(column: string, expected: string, got: string): Error {
  const message = `Invalid type of column "${column}": expected "${expected}", got "${got}"`;
  return fault(YT_CODE.schemaViolation, message, { column });
}

export function nullFault(column: string): Error {
  return fault(YT_CODE.schemaViolation, `Required column "${column}" cannot have "null" value`, { column });
}

/** Unsigned columns are bare digits on disk: the schema says what they are. */
function forColumns(row: YsonMap, schema: Schema): YsonMap {
  for (const column of schema.columns.values()) {
    const value = row.get(column.name);
    if (value instanceof Uint64 && isUnsigned(column.type)) row.set(column.name, value.value);
  }
  return row;
}

/** A stored line as the row it stands for. */
export function loadRow(line: string, schema: Schema): YsonMap {
  const row = parseYtJson(line, { encodeUtf8: false });
  if (!(row instanceof Map)) throw new RtnError('internal', 'a chunk holds a line that is no row');
  for (const column of schema.columns.values()) {
    const value = row.get(column.name);
    if (typeof value === 'bigint' && isUnsigned(column.type)) row.set(column.name, new Uint64(value));
  }
  return row;
}
