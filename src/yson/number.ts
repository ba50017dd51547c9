import { INT64_MAX, INT64_MIN, UINT64_MAX, Uint64 } from './value.js';

const INTEGER = /^[+-]?\d+$/;
const UNSIGNED = /^\+?\d+u$/;
const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A number token of text YSON: `-12` int64, `12u` uint64, anything with `.` or `e` double. */
export function parseNumber(token: string, error: (what: string) => Error): bigint | Uint64 | number {
  if (INTEGER.test(token)) {
    const value = BigInt(token.startsWith('+') ? token.slice(1) : token);
    if (value < INT64_MIN || value > INT64_MAX) throw error(`${token} does not fit int64`);
    return value;
  }
  if (UNSIGNED.test(token)) {
    const value = BigInt(token.replace(/[+u]/g, ''));
    if (value > UINT64_MAX) throw error(`${token} does not fit uint64`);
    return new Uint64(value);
  }
  if (DOUBLE.test(token)) return Number(token);
  throw error(`'${token}' is no number`);
}
