import { RtnError } from '../error.js';
import { textOrBytes } from './bytes.js';
import { unescapeString } from './escape.js';
import { parseNumber } from './number.js';
import { Attributed, MAX_YSON_DEPTH, Uint64, type YsonMap, type YsonValue } from './value.js';

/** Thrown where the input ends inside a value: the caller may have more of it. */
export const END_OF_INPUT = Symbol('end of YSON input');

const [QUOTE, HASH, PERCENT, SEMICOLON, EQUALS] = [0x22, 0x23, 0x25, 0x3b, 0x3d];
const [LESS, GREATER, OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x3c, 0x3e, 0x5b, 0x5d, 0x7b, 0x7d];
const [BINARY_STRING, BINARY_INT64, BINARY_DOUBLE, BINARY_FALSE, BINARY_TRUE, BINARY_UINT64] = [
  1, 2, 3, 4, 5, 6,
];

const LITERALS: ReadonlyMap<string, boolean | number> = new Map<string, boolean | number>([
  ['true', true],
  ['false', false],
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

/**
 * Recursive descent over text and binary YSON, which may be mixed in one document. With `isFinal` false a token that
 * touches the end of the buffer counts as incomplete. Grammar and markers: the page on YSON in
 * YTsaurus's user guide.
 */
export class Parser {
  readonly #buffer: Buffer;
  readonly #isFinal: boolean;
  #at = 0;

  constructor(buffer: Buffer, isFinal: boolean) {
    this.#buffer = buffer;
    this.#isFinal = isFinal;
  }

  get offset(): number {
    return this.#at;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#buffer.length;
  }

  error(what: string): RtnError {
    const got =
      this.#at < this.#buffer.length
        ? `byte 0x${this.#buffer[this.#at]?.toString(16).padStart(2, '0')}`
        : 'the end';
    return new RtnError('data', `YSON at byte ${this.#at}: ${what}, got ${got}`, {
      details: { offset: this.#at },
    });
  }

  /** One value of a list fragment with the `;` behind it, which only the last one may lack. */
  item(): YsonValue {
    const value = this.value();
    if (this.isAtEnd() && this.#isFinal) return value;
    this.#expect(SEMICOLON, "';' between values");
    return value;
  }

  value(depth = 0): YsonValue {
    if (depth > MAX_YSON_DEPTH) throw this.error(`nesting is deeper than ${MAX_YSON_DEPTH}`);
    if (this.#peek() !== LESS) return this.#bare(depth);
    this.#at++;
    const attributes = this.pairs(GREATER, depth + 1);
    if (this.#peek() === LESS) throw this.error('attributes cannot have attributes');
    const value = this.#bare(depth);
    return attributes.size === 0 ? value : new Attributed(attributes, value);
  }

  /** `key=value;` up to the closing byte, or up to the end of the input when there is none. */
  pairs(close: number | undefined, depth: number): YsonMap {
    const map: YsonMap = new Map();
    while (!this.#isClosed(close)) {
      const key = this.#key();
      this.#expect(EQUALS, "'=' after a key");
      map.set(key, this.value(depth));
      if (this.#isClosed(close, false)) continue;
      this.#expect(SEMICOLON, "';' between pairs");
    }
    return map;
  }

  #isClosed(close: number | undefined, consume = true): boolean {
    if (close === undefined) return this.isAtEnd();
    if (this.#peek() !== close) return false;
    if (consume) this.#at++;
    return true;
  }

  #key(): string {
    const key = this.#string(this.#peek());
    if (typeof key === 'string') return key;
    throw this.error(key === undefined ? 'expected a key' : 'expected a key in UTF-8');
  }

  #bare(depth: number): YsonValue {
    const byte = this.#peek();
    const text = this.#string(byte);
    if (text !== undefined) return text;
    if (byte === OPEN_MAP) {
      this.#at++;
      return this.pairs(CLOSE_MAP, depth + 1);
    }
    if (byte === OPEN_LIST) return this.#list(depth + 1);
    if (byte === PERCENT) return this.#literal();
    if (isNumberByte(byte)) return parseNumber(this.#token(isNumberByte), (what) => this.error(what));
    this.#at++;
    if (byte === HASH) return null;
    if (byte === BINARY_INT64) return zigzag(this.#varint());
    if (byte === BINARY_UINT64) return new Uint64(this.#varint());
    if (byte === BINARY_DOUBLE) return this.#take(8).readDoubleLE();
    if (byte === BINARY_TRUE || byte === BINARY_FALSE) return byte === BINARY_TRUE;
    this.#at--;
    throw this.error('expected a value');
  }

  #list(depth: number): YsonValue[] {
    this.#at++;
    const items: YsonValue[] = [];
    while (!this.#isClosed(CLOSE_LIST)) {
      items.push(this.value(depth));
      if (this.#peek() !== CLOSE_LIST) this.#expect(SEMICOLON, "';' between items");
    }
    return items;
  }

  #literal(): boolean | number {
    this.#at++;
    const token = this.#token((byte) => isNameByte(byte) || byte === 0x2b);
    const value = LITERALS.get(token);
    if (value === undefined) throw this.error(`'%${token}' is no literal`);
    return value;
  }

  /** A string that starts with this byte: quoted, bare or binary; undefined when the byte starts something else. */
  #string(byte: number): string | Buffer | undefined {
    if (byte === QUOTE) return this.#quoted();
    if (isNameStart(byte)) return this.#token(isNameByte);
    if (byte !== BINARY_STRING) return undefined;
    this.#at++;
    const length = Number(BigInt.asIntN(32, zigzag(this.#varint())));
    if (length < 0) throw this.error('a string has a negative length');
    return textOrBytes(this.#take(length));
  }

  #quoted(): string | Buffer {
    const start = ++this.#at;
    let hasEscapes = false;
    for (; ; this.#at++) {
      const byte = this.#buffer[this.#at];
      if (byte === undefined) throw END_OF_INPUT;
      if (byte === QUOTE) break;
      if (byte !== 0x5c) continue;
      hasEscapes = true;
      this.#at++;
    }
    const raw = this.#buffer.subarray(start, this.#at++);
    return textOrBytes(hasEscapes ? unescapeString(raw) : raw);
  }

  #token(belongs: (byte: number) => boolean): string {
    const start = this.#at;
    while (this.#at < this.#buffer.length && belongs(this.#buffer[this.#at] ?? 0)) this.#at++;
    if (this.#at === this.#buffer.length && !this.#isFinal) throw END_OF_INPUT;
    return this.#buffer.toString('latin1', start, this.#at);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw END_OF_INPUT;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw this.error('a varint is longer than 10 bytes');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#buffer.length) throw END_OF_INPUT;
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  #peek(): number {
    this.#skipSpace();
    const byte = this.#buffer[this.#at];
    if (byte === undefined) throw END_OF_INPUT;
    return byte;
  }

  #expect(byte: number, what: string): void {
    if (this.#peek() !== byte) throw this.error(`expected ${what}`);
    this.#at++;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#buffer[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== 0x0b && byte !== 0x0c)
        return;
      this.#at++;
    }
  }
}

function zigzag(encoded: bigint): bigint {
  return (encoded >> 1n) ^ -(encoded & 1n);
}

function isNameStart(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f;
}

function isNameByte(byte: number): boolean {
  return isNameStart(byte) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e;
}

/** Digits, sign, point, exponent and the `u` of uint64: a number is the longest run of these. */
function isNumberByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x65 ||
    byte === 0x45 ||
    byte === 0x75
  );
}
