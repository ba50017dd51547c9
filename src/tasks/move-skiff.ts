import { RtnError } from '../error.js';
import type { SkiffColumn, SkiffType } from '../yt/skiff.js';
import type { MoveColumn } from './move-columns.js';

/** How COPY's binary format begins: then four bytes of flags, and the length of what else belongs to the header. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

/** Rows go on in pieces of about this size. */
const PIECE_BYTES = 512 * 1024;

/** Rows become longer by a quarter at most: a string has four bytes for its length in both, and here one more may say that it is there. */
const MOST_GROWTH = 1.25;

/** Room for what is written beyond the end of a string, and over again. */
const SPARE_BYTES = 8;

/** From 1970, where times begin on YTsaurus, to 2000, where they begin in Postgres: microseconds, as two halves. */
const EPOCH_US = 946_684_800_000_000;
const HALF = 4_294_967_296;
const [EPOCH_HIGH, EPOCH_LOW] = [Math.floor(EPOCH_US / HALF), EPOCH_US % HALF];

/** The first microsecond that a timestamp of YTsaurus cannot say: 2106-01-01. */
const END_US = 49_673 * 86_400_000_000;
const [END_HIGH, END_LOW] = [Math.floor(END_US / HALF), END_US % HALF];

/** What becomes of a value, as codes that a loop can switch by. */
const [TEXT, INTEGER, BOOLEAN, TIME] = [0, 1, 2, 3];

/** How long a value is, by its code. */
const BYTES = [undefined, 8, 1, 8];

const KINDS: Readonly<Record<MoveColumn['type'], readonly [code: number, wire: SkiffType]>> = {
  string: [TEXT, 'string32'],
  int64: [INTEGER, 'int64'],
  boolean: [BOOLEAN, 'boolean'],
  timestamp: [TIME, 'uint64'],
};

/** The columns as skiff has them. */
export function skiffColumns(columns: readonly MoveColumn[]): SkiffColumn[] {
  return columns.map(({ name, type, isRequired }) => ({
    name,
    type: KINDS[type][1],
    isOptional: !isRequired,
  }));
}

/**
 * Turns rows in the binary format of COPY into skiff: values keep their bytes, and only lengths and numbers are turned
 * round. Neither side writes or reads text, which takes most of the time with any other pair of formats. Formats:
 * postgresql.org/docs/current/sql-copy.html, Binary Format; yt/skiff.ts.
 */
export class SkiffRows {
  readonly #columns: readonly MoveColumn[];
  readonly #kinds: readonly number[];
  readonly #required: readonly boolean[];
  /** What has come and is no whole row yet, and how long that is at least once it is. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #wanted = 0;
  #out = Buffer.allocUnsafeSlow(2 * PIECE_BYTES);
  #size = 0;
  #hasBegun = false;
  #isEnded = false;
  #rows = 0;

  constructor(columns: readonly MoveColumn[]) {
    this.#columns = columns;
    this.#kinds = columns.map(({ type }) => KINDS[type][0]);
    this.#required = columns.map(({ isRequired }) => isRequired);
  }

  /** How many rows have been turned. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes what COPY gave; gives a piece of whole rows once it is large enough. Throws `data` for a time out of range. */
  push(chunk: Buffer): Buffer | undefined {
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    if (this.#restBytes < this.#wanted) return undefined;
    let data = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    if (!this.#hasBegun) {
      const end = headerEnd(data);
      this.#hasBegun = end !== undefined;
      data = data.subarray(end ?? 0);
    }
    const most = Math.ceil(MOST_GROWTH * data.length) + SPARE_BYTES;
    const isFull = this.#size >= PIECE_BYTES || this.#size + most > this.#out.length;
    const piece = isFull ? this.#take(most) : undefined;
    const rest = this.#hasBegun ? data.subarray(this.#turn(data)) : data;
    this.#rest = rest.length > 0 ? [rest] : [];
    this.#restBytes = rest.length;
    return piece;
  }

  /** The last rows; undefined where there are none. Throws where COPY was cut off. */
  end(): Buffer | undefined {
    if (!this.#isEnded || this.#restBytes > 0) throw cutOff();
    return this.#size === 0 ? undefined : this.#take(0);
  }

  #take(nextBytes: number): Buffer | undefined {
    const piece = this.#size === 0 ? undefined : this.#out.subarray(0, this.#size);
    this.#out = Buffer.allocUnsafeSlow(Math.max(2 * PIECE_BYTES, nextBytes));
    this.#size = 0;
    return piece;
  }

  /** Turns the whole rows that `data` begins with; gives where they end. */
  #turn(data: Buffer): number {
    const [source, target] = [viewOf(data), viewOf(this.#out)];
    let from = 0;
    while (from + 2 <= data.length && !this.#isEnded) {
      const fields = source.getInt16(from);
      if (fields === -1) {
        this.#isEnded = true;
        return from + 2;
      }
      if (fields !== this.#kinds.length) throw cutOff();
      const end = this.#row(source, target, from + 2);
      if (end > data.length) {
        this.#wanted = end - from;
        return from;
      }
      from = end;
      this.#rows++;
    }
    if (this.#isEnded && from < data.length) throw cutOff();
    this.#wanted = 0;
    return from;
  }

  /** Turns the values of one row; gives where they end. Beyond the data, and nothing is kept, where the row is not whole. */
  #row(source: DataView, target: DataView, from: number): number {
    const [kinds, required, end] = [this.#kinds, this.#required, source.byteLength];
    let at = from;
    let to = this.#size + 2;
    target.setInt16(this.#size, 0);
    for (let column = 0; column < kinds.length; column++) {
      if (at + 4 > end) return at + 4;
      const length = source.getInt32(at);
      at += 4;
      if (length < 0) {
        if (required[column]) throw cutOff();
        target.setInt8(to++, 0);
        continue;
      }
      const next = at + length;
      if (next > end) return next;
      if (!required[column]) target.setInt8(to++, 1);
      const kind = kinds[column] as number;
      if (kind === TEXT) {
        target.setInt32(to, length, true);
        to += 4;
        copyBytes(source, at, target, to, length);
        to += length;
      } else if (length !== BYTES[kind]) {
        throw this.#altered(column, length);
      } else if (kind === BOOLEAN) {
        target.setInt8(to++, source.getInt8(at));
      } else {
        if (kind === TIME) this.#time(source, at, target, to, column);
        else turnRound(source, at, target, to);
        to += 8;
      }
      at = next;
    }
    this.#size = to;
    return at;
  }

  /** Microseconds since 2000 as such since 1970. */
  #time(source: DataView, at: number, target: DataView, to: number, column: number): void {
    const low = source.getUint32(at + 4) + EPOCH_LOW;
    const high = source.getInt32(at) + EPOCH_HIGH + (low < HALF ? 0 : 1);
    if (high < 0 || high > END_HIGH || (high === END_HIGH && low % HALF >= END_LOW))
      throw this.#outOfRange(column, source.getBigInt64(at));
    target.setInt32(to, low, true);
    target.setInt32(to + 4, high, true);
  }

  #altered(column: number, length: number): RtnError {
    const { name, type } = this.#columns[column] as MoveColumn;
    return new RtnError(
      'unavailable',
      `Postgres gave ${length} bytes for a value of ${name}, which is no ${type}`,
      { isRetriable: true },
    );
  }

  #outOfRange(column: number, value: bigint): RtnError {
    const name = this.#columns[column]?.name ?? '';
    const us = Number(value) + EPOCH_US;
    const time = new Date(Math.floor(us / 1_000));
    const got = Number.isNaN(time.getTime()) ? (value > 0n ? 'infinity' : '-infinity') : time.toISOString();
    return new RtnError(
      'data',
      `a row has a time in ${name} that YTsaurus cannot hold: expected one from 1970-01-01 to 2105-12-31, got ${got}`,
      { next: `correct the rows of the log where ${name} < '1970-01-01+00' or ${name} >= '2106-01-01+00'` },
    );
  }
}

/** Four bytes at a time where that does not go beyond the source; the last of them then go beyond the end, and are written over. */
function copyBytes(source: DataView, at: number, target: DataView, to: number, length: number): void {
  let index = 0;
  if (at + length + 4 <= source.byteLength)
    for (; index < length; index += 4) target.setInt32(to + index, source.getInt32(at + index));
  else for (; index < length; index++) target.setInt8(to + index, source.getInt8(at + index));
}

/** Eight bytes, the last one first. */
function turnRound(source: DataView, at: number, target: DataView, to: number): void {
  target.setInt32(to, source.getInt32(at + 4), true);
  target.setInt32(to + 4, source.getInt32(at), true);
}

/** Where the header ends; undefined where there is more of it to come. */
function headerEnd(data: Buffer): number | undefined {
  const begun = Math.min(data.length, SIGNATURE.length);
  if (data.compare(SIGNATURE, 0, begun, 0, begun) !== 0) throw cutOff();
  if (data.length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + data.readUInt32BE(HEADER_BYTES - 4);
  return data.length < end ? undefined : end;
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function cutOff(): RtnError {
  return new RtnError('unavailable', 'Postgres gave rows that are cut off, or are no rows of COPY', {
    isRetriable: true,
  });
}
