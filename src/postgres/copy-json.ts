/** How a column's text of COPY becomes JSON: quoted, as it is (a number), or `t` and `f` as booleans. */
export type JsonKind = 'string' | 'number' | 'boolean';

export interface JsonColumn {
  readonly name: string;
  readonly kind: JsonKind;
}

/** Rows go on in pieces of about this size. */
const PIECE_BYTES = 256 * 1024;

/** Room for the row that makes a piece large enough. */
const SPARE_BYTES = 64 * 1024;

/** A control character becomes six bytes. */
const MOST_GROWTH = 6;

const [TAB, NEWLINE, SPACE, EXCLAMATION, QUOTE, BACKSLASH] = [0x09, 0x0a, 0x20, 0x21, 0x22, 0x5c];
const [CAPITAL_N, SMALL_T, SMALL_V, BRACE, BRACE_END] = [0x4e, 0x74, 0x76, 0x7b, 0x7d];
const [TRUE, FALSE] = [Buffer.from('true'), Buffer.from('false')];
const HEX = Buffer.from('0123456789abcdef');

/**
 * Turns rows in the text format of COPY into JSON lines, byte by byte: the database does the least that it can, and what
 * it escapes JSON escapes alike, but for quotes and rare control characters. What is null is left out. Format:
 * postgresql.org/docs/current/sql-copy.html, Text Format.
 */
export class CopyJson {
  readonly #keys: readonly Uint8Array[];
  readonly #kinds: readonly JsonKind[];
  /** What a row's keys and marks take at most. */
  readonly #frameBytes: number;
  /** The beginning of a row whose end has not come yet. */
  #rest: Buffer[] = [];
  #out = Buffer.allocUnsafeSlow(PIECE_BYTES + SPARE_BYTES);
  #size = 0;
  /** How the rows of a run begin: the first columns that two rows had in common, as COPY gave them and as JSON. */
  #alike: Alike = { columns: 0, copy: Buffer.alloc(0), json: Buffer.alloc(0) };

  constructor(columns: readonly JsonColumn[]) {
    this.#keys = columns.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`));
    this.#kinds = columns.map(({ kind }) => kind);
    this.#frameBytes = this.#keys.reduce((sum, key) => sum + key.length + TRUE.length, 8);
  }

  /** Takes what COPY gave; yields pieces of whole rows once they are large enough. */
  *push(chunk: Buffer): Generator<Buffer> {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#rest.push(chunk);
      return;
    }
    let data = chunk;
    let from = 0;
    if (this.#rest.length > 0) {
      const first = chunk.indexOf(NEWLINE) + 1;
      data = Buffer.concat([...this.#rest, chunk.subarray(0, first)]);
      yield* this.#rows(data, 0, data.length);
      [data, from] = [chunk, first];
    }
    yield* this.#rows(data, from, end);
    this.#rest = end < chunk.length ? [chunk.subarray(end)] : [];
  }

  /** The last rows. */
  *end(): Generator<Buffer> {
    if (this.#size > 0) yield this.#take(0);
  }

  *#rows(data: Buffer, from: number, end: number): Generator<Buffer> {
    for (let at = from, before = -1; at < end; ) {
      const next = data.indexOf(NEWLINE, at) + 1;
      const most = (next - at) * MOST_GROWTH + this.#frameBytes;
      if (this.#size >= PIECE_BYTES || (this.#size > 0 && this.#size + most > this.#out.length))
        yield this.#take(Math.max(PIECE_BYTES + SPARE_BYTES, most));
      else if (most > this.#out.length) this.#out = Buffer.allocUnsafeSlow(most);
      this.#row(data, at, before);
      before = at;
      at = next;
    }
  }

  #take(nextBytes: number): Buffer {
    const piece = this.#out.subarray(0, this.#size);
    this.#out = Buffer.allocUnsafeSlow(nextBytes);
    this.#size = 0;
    return piece;
  }

  /** `before` is where the row before begins, or -1. */
  #row(data: Buffer, from: number, before: number): void {
    const [keys, kinds, out, alike] = [this.#keys, this.#kinds, this.#out, this.#alike];
    let at = from;
    let size = this.#size;
    let column = 0;
    let learnt: { columns: number; bytes: number } | undefined;
    const known = at + alike.copy.length;
    if (
      alike.columns > 0 &&
      known <= data.length &&
      data.compare(alike.copy, 0, known - at, at, known) === 0
    ) {
      out.set(alike.json, size);
      size += alike.json.length;
      at += alike.copy.length;
      column = alike.columns;
    } else {
      out[size++] = BRACE;
      if (before >= 0) learnt = commonFields(data, before, from, keys.length - 1);
    }
    for (; column < keys.length; column++) {
      if (column === learnt?.columns) this.#learn(learnt, data, from, size);
      if (data[at] === BACKSLASH && data[at + 1] === CAPITAL_N) {
        at += 3;
        continue;
      }
      const key = keys[column] as Uint8Array;
      // No comma in front of the first.
      for (let index = out[size - 1] === BRACE ? 1 : 0; index < key.length; index++)
        out[size++] = key[index] as number;
      const kind = kinds[column];
      if (kind === 'boolean') {
        const word = data[at] === SMALL_T ? TRUE : FALSE;
        for (let index = 0; index < word.length; index++) out[size++] = word[index] as number;
        at += 2;
        continue;
      }
      if (kind === 'string') out[size++] = QUOTE;
      for (;;) {
        let byte = data[at++] as number;
        // Most of all bytes: a loop of their own.
        while (byte > QUOTE && byte !== BACKSLASH) {
          out[size++] = byte;
          byte = data[at++] as number;
        }
        if (byte === SPACE || byte === EXCLAMATION) {
          out[size++] = byte;
        } else if (byte === TAB || byte === NEWLINE) {
          break;
        } else if (byte === BACKSLASH) {
          const code = data[at++] as number;
          if (code === SMALL_V) size = control(out, size, 0x0b);
          else {
            out[size++] = BACKSLASH;
            out[size++] = code;
          }
        } else if (byte === QUOTE) {
          out[size++] = BACKSLASH;
          out[size++] = QUOTE;
        } else {
          size = control(out, size, byte);
        }
      }
      if (kind === 'string') out[size++] = QUOTE;
    }
    out[size++] = BRACE_END;
    out[size++] = NEWLINE;
    this.#size = size;
  }

  #learn(
    { columns, bytes }: { columns: number; bytes: number },
    data: Buffer,
    from: number,
    size: number,
  ): void {
    const copy = Buffer.from(data.subarray(from, from + bytes));
    this.#alike = { columns, copy, json: Buffer.from(this.#out.subarray(this.#size, size)) };
  }
}

interface Alike {
  readonly columns: number;
  readonly copy: Buffer;
  readonly json: Buffer;
}

/** How many fields two rows have in common at their beginning, and their bytes; undefined for none. */
function commonFields(
  data: Buffer,
  one: number,
  other: number,
  most: number,
): { columns: number; bytes: number } | undefined {
  let [columns, bytes] = [0, 0];
  for (let index = 0; columns < most && data[one + index] === data[other + index]; index++) {
    if (data[one + index] !== TAB) continue;
    columns++;
    bytes = index + 1;
  }
  return columns === 0 ? undefined : { columns, bytes };
}

/** Writes `\u00xx`; gives the new size. */
function control(out: Buffer, size: number, byte: number): number {
  out[size] = BACKSLASH;
  out.write('u00', size + 1, 'latin1');
  out[size + 4] = HEX[byte >> 4] as number;
  out[size + 5] = HEX[byte & 15] as number;
  return size + 6;
}
