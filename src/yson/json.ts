import { RtnError } from '../error.js';
import { textOrBytes, toBytes } from './bytes.js';
import { parseExactJson } from './exact-json.js';
import {
  Attributed,
  INT64_MAX,
  INT64_MIN,
  UINT64_MAX,
  Uint64,
  type YsonMap,
  type YsonValue,
} from './value.js';

/** YT's JSON: how strings, attributes and numbers of YSON are written in it. Source: the page on formats, JSON, in YTsaurus's user guide. */
export interface JsonOptions {
  /** True: one JSON character is one byte (the format's own default). False: strings are ordinary Unicode text. */
  readonly encodeUtf8: boolean;
  /** Leave out members that are null. */
  readonly skipNullValues?: boolean;
  /**
   * Write what JSON cannot hold so that {@link parseYtJson} gives it back: uint64 and infinite doubles under `$type`,
   * and bytes that are no UTF-8 under the `$type` `bytes`, which is ours. For storage, not for the wire.
   */
  readonly isLossless?: boolean;
}

/** Reads a value in YT's JSON: `$attributes`, `$value` and `$type`, keys with a doubled `$`, integers exactly. */
export function parseYtJson(text: string, { encodeUtf8 }: JsonOptions): YsonValue {
  return fromJson(parseExactJson(text, readNumber), encodeUtf8);
}

function readNumber(literal: string): bigint | Uint64 | number {
  if (/[.eE]/.test(literal)) return Number(literal);
  const value = BigInt(literal);
  if (value >= INT64_MIN && value <= INT64_MAX) return value;
  if (value >= 0n && value <= UINT64_MAX) return new Uint64(value);
  throw new RtnError('data', `${literal} fits neither int64 nor uint64`);
}

function fromJson(value: unknown, encodeUtf8: boolean): YsonValue {
  if (typeof value === 'string') return decode(value, encodeUtf8);
  if (Array.isArray(value)) return value.map((item) => fromJson(item, encodeUtf8));
  if (typeof value !== 'object' || value === null || value instanceof Uint64) return value as YsonValue;
  const members = value as Record<string, unknown>;
  if (!('$value' in members)) return fromMembers(members, encodeUtf8);
  const inner = typed(fromJson(members.$value, encodeUtf8), members.$type);
  const attributes = fromMembers((members.$attributes ?? {}) as Record<string, unknown>, encodeUtf8);
  return attributes.size === 0 ? inner : new Attributed(attributes, inner);
}

function fromMembers(members: Record<string, unknown>, encodeUtf8: boolean): YsonMap {
  const map: YsonMap = new Map();
  for (const [key, value] of Object.entries(members)) {
    if (key.startsWith('$') && !key.startsWith('$$'))
      throw new RtnError('data', `key '${key}' starts with one '$'; double it`);
    const name = decode(key.startsWith('$') ? key.slice(1) : key, encodeUtf8);
    if (typeof name !== 'string') throw new RtnError('data', 'a map key is not UTF-8');
    map.set(name, fromJson(value, encodeUtf8));
  }
  return map;
}

function typed(value: YsonValue, type: unknown): YsonValue {
  if (type === undefined || type === 'string') return value;
  const text = value instanceof Uint64 ? String(value.value) : String(value);
  if (type === 'boolean') return value === true || value === 'true';
  if (type === 'bytes') return Buffer.from(text, 'latin1');
  if (type === 'double') return Number(text.replace(/inf$/i, 'Infinity'));
  if (type === 'int64' || type === 'uint64') {
    if (!/^-?\d+$/.test(text)) throw new RtnError('data', `'${text}' is no ${type}`);
    return type === 'int64' ? BigInt.asIntN(64, BigInt(text)) : new Uint64(BigInt.asUintN(64, BigInt(text)));
  }
  throw new RtnError('data', `'${String(type)}' is no $type`);
}

function decode(text: string, encodeUtf8: boolean): string | Uint8Array {
  if (!encodeUtf8) return text;
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  if (!/^[\x00-\xff]*$/.test(text)) {
    throw new RtnError(
      'data',
      'Unicode symbols with codes greater than 255 are not supported; use <encode_utf8=%false>json',
    );
  }
  return textOrBytes(Buffer.from(text, 'latin1'));
}

/** Writes a value in YT's JSON. A double keeps its point (`1.0`); bytes that are no UTF-8 need `encodeUtf8`. */
export function writeYtJson(value: YsonValue, options: JsonOptions): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint64)
    return options.isLossless ? marked('uint64', value.value.toString()) : value.value.toString();
  if (typeof value === 'number')
    return options.isLossless && !Number.isFinite(value)
      ? marked('double', String(value))
      : doubleJson(value);
  if (options.isLossless && value instanceof Uint8Array)
    return marked('bytes', toBytes(value).toString('latin1'));
  if (typeof value === 'string' || value instanceof Uint8Array) return encode(value, options.encodeUtf8);
  if (Array.isArray(value)) return `[${value.map((item) => writeYtJson(item, options)).join(',')}]`;
  if (value instanceof Map) return members(value, options);
  if (value.attributes.size === 0) return writeYtJson(value.value, options);
  return `{"$attributes":${members(value.attributes, options)},"$value":${writeYtJson(value.value, options)}}`;
}

function members(map: YsonMap, options: JsonOptions): string {
  const written: string[] = [];
  for (const [key, item] of map) {
    if (item === null && options.skipNullValues) continue;
    written.push(
      `${encode(key.startsWith('$') ? `$${key}` : key, options.encodeUtf8)}:${writeYtJson(item, options)}`,
    );
  }
  return `{${written.join(',')}}`;
}

function marked(type: string, text: string): string {
  return `{"$type":"${type}","$value":${JSON.stringify(text)}}`;
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) throw new RtnError('data', `JSON cannot hold ${value}`);
  if (Object.is(value, -0)) return '-0.0';
  const digits = String(value);
  return /[.e]/.test(digits) ? digits : `${digits}.0`;
}

function encode(text: string | Uint8Array, encodeUtf8: boolean): string {
  if (!encodeUtf8) {
    if (typeof text === 'string') return JSON.stringify(text);
    throw new RtnError('data', 'a string is not UTF-8; ask for json with encode_utf8');
  }
  return JSON.stringify(toBytes(text).toString('latin1'));
}
