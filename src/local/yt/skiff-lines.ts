import { isUtf8 } from 'node:buffer';
import { RtnError } from '../../error.js';
import { writeYtJson } from '../../yson/json.js';
import type { QuickBlock } from './quick-block.js';
import { ROW_TAG, uint32At } from './skiff-scanner.js';
import type { SkiffColumn, WireType } from './skiff-schema.js';

/** Lines are given in pieces of about this size. */
const PIECE_BYTES = 256 * 1024;

/** A longer string is made JSON by itself: one that is short has room for each of its bytes escaped. */
const SHORT = 16 * 1024;

/** Bytes that an escaped byte takes at most, and an integer. */
const [ESCAPED, DIGITS] = [6, 20];

const [NEWLINE, SPACE, QUOTE, COMMA, MINUS, ZERO, BACKSLASH] = [0x0a, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x5c];
const [BRACE, BRACE_END] = [0x7b, 0x7d];

/** What stands for a byte of ASCII within a JSON string. */
const ESCAPES: readonly Buffer[] = Array.from({ length: 128 }, (_, byte) =>
  Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)),
);

/**
 * Rows in skiff as JSON lines, strings as ordinary text, nulls left out: byte for byte what the format json would make of
 * them. Throws where a string is no UTF-8.
 */
export async function* skiffLines(
  blocks: AsyncIterable<Pick<QuickBlock, 'bytes' | 'starts'>>,
  columns: readonly SkiffColumn[],
  shown: ReadonlySet<string> | undefined,
): AsyncGenerator<Buffer> {
  const writer = new LineWriter(columns, shown);
  for await (const { bytes, starts } of blocks) {
    for (const start of starts) writer.row(bytes, start);
    yield* writer.take(PIECE_BYTES / 2);
  }
  yield* writer.take(0);
}

class LineWriter {
  readonly #wires: readonly WireType[];
  readonly #optional: readonly boolean[];
  /** A comma and the name; undefined for a column that is not shown. */
  readonly #heads: readonly (Buffer | undefined)[];
  #done: Buffer[] = [];
  #out = Buffer.allocUnsafe(PIECE_BYTES);
  #at = 0;

  constructor(columns: readonly SkiffColumn[], shown: ReadonlySet<string> | undefined) {
    this.#wires = columns.map(({ wireType }) => wireType);
    this.#optional = columns.map(({ isOptional }) => isOptional);
    this.#heads = columns.map(({ name }) =>
      shown?.has(name) === false ? undefined : Buffer.from(`,${JSON.stringify(name)}:`),
    );
  }

  /** What has been written, if it is more than so many bytes or some piece is full. */
  take(more: number): Buffer[] {
    if (this.#at > more) this.#turn(PIECE_BYTES);
    const done = this.#done;
    this.#done = [];
    return done;
  }

  row(data: Buffer, from: number): void {
    let at = from + ROW_TAG;
    let first = BRACE;
    for (let column = 0; column < this.#wires.length; column++) {
      if (this.#optional[column] === true && data[at++] === 0) continue;
      const wire = this.#wires[column] as WireType;
      const end = endOf(data, at, wire);
      const head = this.#heads[column];
      if (head !== undefined) {
        this.#head(head, first);
        first = COMMA;
        this.#value(data, at, end, wire);
      }
      at = end;
    }
    this.#room(3);
    if (first === BRACE) this.#out[this.#at++] = BRACE;
    this.#out[this.#at++] = BRACE_END;
    this.#out[this.#at++] = NEWLINE;
  }

  #head(head: Buffer, first: number): void {
    this.#room(head.length);
    const from = this.#at;
    this.#at = put(this.#out, from, head);
    this.#out[from] = first;
  }

  #value(data: Buffer, at: number, end: number, wire: WireType): void {
    if (wire === 'string32' && end - at > SHORT) this.#long(data, at + 4, end);
    else if (wire === 'string32') this.#string(data, at + 4, end);
    else if (wire === 'int64') this.#int64(data, at);
    else if (wire === 'uint64') this.#uint64(data, at);
    else if (wire === 'boolean') this.#text(data[at] === 1 ? 'true' : 'false');
    else this.#text(writeYtJson(data.readDoubleLE(at), { encodeUtf8: false }));
  }

  #int64(data: Buffer, at: number): void {
    const value = (uint32At(data, at + 4) | 0) * 0x1_0000_0000 + uint32At(data, at);
    if (Number.isSafeInteger(value)) this.#integer(value);
    else this.#text(String(data.readBigInt64LE(at)));
  }

  #uint64(data: Buffer, at: number): void {
    const value = uint32At(data, at + 4) * 0x1_0000_0000 + uint32At(data, at);
    if (Number.isSafeInteger(value)) this.#integer(value);
    else this.#text(String(data.readBigUInt64LE(at)));
  }

  #integer(value: number): void {
    this.#room(DIGITS);
    if (value < 0) this.#out[this.#at++] = MINUS;
    const rest = Math.abs(value);
    const high = Math.floor(rest / 1e8);
    if (high > 0) this.#digits(high, digitsOf(high));
    this.#digits(rest - high * 1e8, high > 0 ? 8 : digitsOf(rest));
  }

  #digits(value: number, count: number): void {
    let rest = value | 0;
    for (let to = this.#at + count - 1; to >= this.#at; to--) {
      const less = (rest / 10) | 0;
      this.#out[to] = ZERO + rest - less * 10;
      rest = less;
    }
    this.#at += count;
  }

  #string(data: Buffer, from: number, end: number): void {
    this.#room((end - from) * ESCAPED + 2);
    const out = this.#out;
    let to = this.#at;
    let bits = 0;
    out[to++] = QUOTE;
    for (let at = from; at < end; at++) {
      const byte = data[at] as number;
      bits |= byte;
      if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) out[to++] = byte;
      else to = put(out, to, ESCAPES[byte] as Buffer);
    }
    out[to++] = QUOTE;
    if (bits > 0x7f) requireText(data, from, end);
    this.#at = to;
  }

  #long(data: Buffer, from: number, end: number): void {
    requireText(data, from, end);
    const text = Buffer.from(JSON.stringify(data.toString('utf8', from, end)));
    this.#turn(PIECE_BYTES);
    this.#done.push(text);
  }

  #text(text: string): void {
    this.#room(text.length);
    this.#at += this.#out.write(text, this.#at, 'latin1');
  }

  #room(bytes: number): void {
    if (this.#at + bytes > this.#out.length) this.#turn(Math.max(bytes, PIECE_BYTES));
  }

  /** Puts what has been written by, and goes on with new room. */
  #turn(bytes: number): void {
    if (this.#at > 0) this.#done.push(this.#out.subarray(0, this.#at));
    this.#out = Buffer.allocUnsafe(bytes);
    this.#at = 0;
  }
}

/** Behind what has been put. */
function put(out: Buffer, at: number, bytes: Buffer): number {
  for (let index = 0; index < bytes.length; index++) out[at + index] = bytes[index] as number;
  return at + bytes.length;
}

function endOf(data: Buffer, at: number, wire: WireType): number {
  if (wire === 'string32') return at + 4 + uint32At(data, at);
  return wire === 'boolean' ? at + 1 : at + 8;
}

/** How many digits an integer below 1e8 has. */
function digitsOf(value: number): number {
  let count = 1;
  for (let power = 10; power <= value; power *= 10) count++;
  return count;
}

function requireText(data: Buffer, from: number, end: number): void {
  const bytes = data.subarray(from, end);
  if (!isUtf8(bytes)) throw new RtnError('data', 'a string is not UTF-8; ask for json with encode_utf8');
}
