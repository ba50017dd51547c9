import { RtnError } from '../error.js';
import { toBytes } from './bytes.js';
import { Attributed, MAX_YSON_DEPTH, Uint64, type YsonMap, type YsonValue } from './value.js';

/** Writes a value as binary YSON. */
export function writeYsonBinary(value: YsonValue): Buffer {
  const out: Buffer[] = [];
  write(value, out, 0);
  return Buffer.concat(out);
}

const ASCII: Readonly<Record<string, Buffer>> = Object.fromEntries(
  [...'[]{}<>;=#'].map((char) => [char, Buffer.from(char)]),
);

function write(value: YsonValue, out: Buffer[], depth: number): void {
  if (depth > MAX_YSON_DEPTH)
    throw new RtnError('data', `YSON value is nested deeper than ${MAX_YSON_DEPTH}`);
  if (value === null) put(out, '#');
  else if (typeof value === 'boolean') out.push(Buffer.of(value ? 5 : 4));
  else if (typeof value === 'bigint') out.push(Buffer.of(2), varint(zigzag(value)));
  else if (typeof value === 'number') out.push(Buffer.of(3), double(value));
  else if (value instanceof Uint64) out.push(Buffer.of(6), varint(value.value));
  else if (typeof value === 'string' || value instanceof Uint8Array) string(toBytes(value), out);
  else if (value instanceof Map) pairs(value, '{', '}', out, depth);
  else if (value instanceof Attributed) {
    if (value.attributes.size > 0) pairs(value.attributes, '<', '>', out, depth);
    write(value.value, out, depth);
  } else {
    put(out, '[');
    for (const item of value) {
      write(item, out, depth + 1);
      put(out, ';');
    }
    put(out, ']');
  }
}

function pairs(map: YsonMap, open: string, close: string, out: Buffer[], depth: number): void {
  put(out, open);
  for (const [key, item] of map) {
    string(toBytes(key), out);
    put(out, '=');
    write(item, out, depth + 1);
    put(out, ';');
  }
  put(out, close);
}

function put(out: Buffer[], char: string): void {
  const bytes = ASCII[char];
  if (bytes !== undefined) out.push(bytes);
}

function string(bytes: Buffer, out: Buffer[]): void {
  out.push(Buffer.of(1), varint(zigzag(BigInt(bytes.length))), bytes);
}

function double(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

/** LEB128: seven bits a byte, low ones first. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
