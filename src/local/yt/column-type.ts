import { toBytes } from '../../yson/bytes.js';
import { bare, Uint64, type YsonValue } from '../../yson/value.js';

/** What the format of a request allows when a value meets a column of another type. */
export interface Conversions {
  readonly integralToDouble: boolean;
}

const SIGNED: Readonly<Record<string, bigint>> = {
  int8: 8n,
  int16: 16n,
  int32: 32n,
  int64: 64n,
  interval: 64n,
  date32: 32n,
  datetime64: 64n,
  timestamp64: 64n,
  interval64: 64n,
};
const UNSIGNED: Readonly<Record<string, bigint>> = {
  uint8: 8n,
  uint16: 16n,
  uint32: 32n,
  uint64: 64n,
  date: 16n,
  datetime: 32n,
  timestamp: 64n,
};
const TEXTS = ['string', 'utf8', 'json', 'uuid'];

export function isKnownType(type: string): boolean {
  return (
    type in SIGNED ||
    type in UNSIGNED ||
    [...TEXTS, 'float', 'double', 'boolean', 'any', 'null', 'void'].includes(type)
  );
}

export function isUnsigned(type: string): boolean {
  return type in UNSIGNED;
}

/** The value as a column of this type stores it; undefined when it does not fit. Null is the caller's business. */
export function convert(value: YsonValue, type: string, conversions: Conversions): YsonValue | undefined {
  if (type === 'any') return value;
  const plain = bare(value);
  if (plain !== value) return undefined;
  const integer = plain instanceof Uint64 ? plain.value : plain;
  if (type in SIGNED)
    return typeof integer === 'bigint' && BigInt.asIntN(Number(SIGNED[type]), integer) === integer
      ? integer
      : undefined;
  if (type in UNSIGNED)
    return typeof integer === 'bigint' && BigInt.asUintN(Number(UNSIGNED[type]), integer) === integer
      ? new Uint64(integer)
      : undefined;
  if (type === 'double' || type === 'float') {
    if (typeof plain === 'number') return plain;
    return typeof integer === 'bigint' && conversions.integralToDouble ? Number(integer) : undefined;
  }
  if (type === 'boolean') return typeof plain === 'boolean' ? plain : undefined;
  if (TEXTS.includes(type))
    return typeof plain === 'string' || (type === 'string' && plain instanceof Uint8Array)
      ? plain
      : undefined;
  return undefined;
}

/** Whether JSON.parse's value surely fits, so that nothing has to be converted. False only means: look closer. */
export function surelyFits(value: unknown, type: string): boolean {
  if (type === 'any' || type === 'string' || type === 'utf8') return typeof value === 'string';
  if (type === 'int64') return Number.isSafeInteger(value);
  if (type === 'double') return typeof value === 'number' && !Number.isInteger(value);
  return type === 'boolean' && typeof value === 'boolean';
}

/** Bytes of a value in `data_weight`: 8 for numbers, 1 for booleans and null, the length of strings. */
export function weigh(value: YsonValue): number {
  const plain = bare(value);
  if (plain === null || typeof plain === 'boolean') return 1;
  if (typeof plain === 'string' || plain instanceof Uint8Array) return toBytes(plain).length;
  if (Array.isArray(plain)) return plain.reduce((sum: number, item) => sum + weigh(item), 2);
  if (plain instanceof Map) return [...plain].reduce((sum, [key, item]) => sum + key.length + weigh(item), 2);
  return 8;
}

const ORDER = ['null', 'bigint', 'uint64', 'number', 'boolean', 'string'];

/** Order of key values: by type first (null < int64 < uint64 < double < boolean < string), strings by bytes. */
export function compareKeys(left: readonly YsonValue[], right: readonly YsonValue[]): number {
  for (let at = 0; at < left.length; at++) {
    const order = compare(left[at] ?? null, right[at] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

function compare(left: YsonValue, right: YsonValue): number {
  const rank = ORDER.indexOf(kind(left)) - ORDER.indexOf(kind(right));
  if (rank !== 0) return rank;
  if (kind(left) === 'string')
    return Buffer.compare(toBytes(left as string | Uint8Array), toBytes(right as string | Uint8Array));
  const [a, b] = [left, right].map((value) => (value instanceof Uint64 ? value.value : value)) as [
    number,
    number,
  ];
  return a < b ? -1 : a > b ? 1 : 0;
}

function kind(value: YsonValue): string {
  if (value === null) return 'null';
  if (value instanceof Uint64) return 'uint64';
  return value instanceof Uint8Array ? 'string' : typeof value;
}
