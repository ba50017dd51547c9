import { RtnError } from '../error.js';
import type { SkiffColumn, SkiffType } from '../yt/skiff.js';
import type { MoveColumn } from './move-columns.js';

/** How COPY's binary format begins: then four bytes of flags, and the length of what else belongs to the header. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

/** Rows go on in pieces of about this size. */
const PIECE_BYTES = 512 * 1024;

/**
 * A row of COPY is no longer than so many times its length in skiff. A value costs four bytes for its length there, and
 * here at most one more than that and itself; an integer of two bytes becomes eight, and one that says that it is there.
 */
const MOST_GROWTH = 2;

/** From 1970, where times begin on YTsaurus, to 2000, where they begin in Postgres: microseconds, as two halves. */
const EPOCH_US = 946_684_800_000_000;
const HALF = 4_294_967_296;
const [EPOCH_HIGH, EPOCH_LOW] = [Math.floor(EPOCH_US / HALF), EPOCH_US % HALF];

/** The first microsecond that a timestamp of YTsaurus cannot say: 2106-01-01. */
const END_US = 49_673 * 86_400_000_000;
const [END_HIGH, END_LOW] = [Math.floor(END_US / HALF), END_US % HALF];

/** What becomes of a value, as codes that a loop can switch by. */
const [TEXT, INTEGER, BOOLEAN, TIME] = [0, 1, 2, 3];

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
  /** What has come and is no whole row yet. */
  #rest: Buffer = Buffer.alloc(0);
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
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#hasBegun) {
      const begin = headerEnd(data);
      if (begin === undefined) {
        this.#rest = data;
        return undefined;
      }
      this.#hasBegun = true;
      data = data.subarray(begin);
    }
    const most = MOST_GROWTH * data.length;
    const piece =
      this.#size >= PIECE_BYTES || this.#size + most > this.#out.length ? this.#take(most) : undefined;
    const end = this.#turn(data);
    this.#rest = data.subarray(end);
    return piece;
  }

  /** The last rows; undefined where there are none. Throws where COPY was cut off. */
  end(): Buffer | undefined {
    if (!this.#isEnded || this.#rest.length > 0) throw cutOff();
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
    const [kinds, required] = [this.#kinds, this.#required];
    const [source, target] = [viewOf(data), viewOf(this.#out)];
    const [count, end] = [kinds.length, data.length];
    let from = 0;
    let size = this.#size;
    let rows = 0;
    row: while (from + 2 <= end) {
      const fields = source.getInt16(from);
      if (fields !== count) {
        if (fields !== -1 || this.#isEnded) throw cutOff();
        this.#isEnded = true;
        from += 2;
        break;
      }
      let at = from + 2;
      let to = size;
      target.setInt16(to, 0);
      to += 2;
      for (let column = 0; column < count; column++) {
        if (at + 4 > end) break row;
        const length = source.getInt32(at);
        at += 4;
        if (length < 0) {
          if (required[column]) throw cutOff();
          target.setInt8(to++, 0);
          continue;
        }
        const next = at + length;
        if (next > end) break row;
        if (!required[column]) target.setInt8(to++, 1);
        const kind = kinds[column];
        if (kind === TEXT) {
          target.setInt32(to, length, true);
          to += 4;
          const behind = to + length;
          // Four bytes at a time; the last of them may belong to what comes next, and are written over then.
          if (next + 4 <= end) for (; at < next; at += 4, to += 4) target.setInt32(to, source.getInt32(at));
          else while (at < next) target.setInt8(to++, source.getInt8(at++));
          to = behind;
        } else if (kind === BOOLEAN) {
          target.setInt8(to++, source.getInt8(at));
        } else if (kind === TIME) {
          const low = source.getUint32(at + 4) + EPOCH_LOW;
          const high = source.getInt32(at) + EPOCH_HIGH + (low < HALF ? 0 : 1);
          if (high < 0 || high > END_HIGH || (high === END_HIGH && low % HALF >= END_LOW))
            throw this.#outOfRange(column, source.getBigInt64(at));
          target.setInt32(to, low, true);
          target.setInt32(to + 4, high, true);
          to += 8;
        } else {
          const low = length === 2 ? source.getInt16(at) : source.getInt32(next - 4);
          target.setInt32(to, low, true);
          target.setInt32(to + 4, length === 8 ? source.getInt32(at) : low >> 31, true);
          to += 8;
        }
        at = next;
      }
      from = at;
      size = to;
      rows++;
    }
    this.#size = size;
    this.#rows += rows;
    return from;
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
