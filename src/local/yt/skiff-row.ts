import { textOrBytes } from '../../yson/bytes.js';
import { parseYson } from '../../yson/parse.js';
import { Uint64, type YsonMap, type YsonValue } from '../../yson/value.js';
import { ROW_TAG, uint32At } from './skiff-scanner.js';
import type { SkiffColumn } from './skiff-schema.js';

/** The row that begins there, which a scanner has passed. Nulls are among its items. */
export function skiffRow(data: Buffer, from: number, columns: readonly SkiffColumn[]): YsonMap {
  const row: YsonMap = new Map();
  let at = from + ROW_TAG;
  for (const { name, wireType, isOptional } of columns) {
    if (isOptional && data[at++] === 0) {
      row.set(name, null);
    } else if (wireType === 'string32' || wireType === 'yson32') {
      const start = at + 4;
      at = start + uint32At(data, at);
      const bytes = data.subarray(start, at);
      row.set(name, wireType === 'string32' ? textOrBytes(bytes) : parseYson(bytes));
    } else if (wireType === 'boolean') {
      row.set(name, data[at++] === 1);
    } else {
      row.set(name, wordAt(data, at, wireType));
      at += 8;
    }
  }
  return row;
}

function wordAt(data: Buffer, at: number, wireType: 'int64' | 'uint64' | 'double'): YsonValue {
  if (wireType === 'int64') return data.readBigInt64LE(at);
  return wireType === 'uint64' ? new Uint64(data.readBigUInt64LE(at)) : data.readDoubleLE(at);
}
