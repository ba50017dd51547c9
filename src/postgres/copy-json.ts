/** How a column's text of COPY becomes JSON: quoted, as it is (a number), or `t` and `f` as booleans. */
export type JsonKind = 'string' | 'number' | 'boolean';

export interface JsonColumn {
  readonly name: string;
  readonly kind: JsonKind;
}

/** Rows go on in pieces of about this size. */
const PIECE_BYTES = 256 * 1024;

/** A control character becomes six bytes. */
const MOST_GROWTH = 6;

const [TAB, NEWLINE, SPACE, QUOTE, BACKSLASH] = [0x09, 0x0a, 0x20, 0x22, 0x5c];
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
  #out = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #size = 0;

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
    if (this.#size > 0) yield this.#take(PIECE_BYTES);
  }

  *#rows(data: Buffer, from: number, end: number): Generator<Buffer> {
    for (let at = from; at < end; ) {
      const next = data.indexOf(NEWLINE, at) + 1;
      const most = (next - at) * MOST_GROWTH + this.#frameBytes;
      if (this.#size + most > this.#out.length) {
        if (this.#size > 0) yield this.#take(Math.max(PIECE_BYTES, most));
        else this.#out = Buffer.allocUnsafeSlow(most);
      }
      this.#row(data, at);
      at = next;
    }
  }

  #take(nextBytes: number): Buffer {
    const piece = this.#out.subarray(0, this.#size);
    this.#out = Buffer.allocUnsafeSlow(nextBytes);
    this.#size = 0;
    return piece;
  }

  #row(data: Buffer, from: number): void {
    const [keys, kinds, out] = [this.#keys, this.#kinds, this.#out];
    let at = from;
    let size = this.#size;
    out[size++] = BRACE;
    let skip = 1;
    for (let column = 0; column < keys.length; column++) {
      if (data[at] === BACKSLASH && data[at + 1] === CAPITAL_N) {
        at += 3;
        continue;
      }
      const key = keys[column] as Uint8Array;
      for (let index = skip; index < key.length; index++) out[size++] = key[index] as number;
      skip = 0;
      const kind = kinds[column];
      if (kind === 'boolean') {
        const word = data[at] === SMALL_T ? TRUE : FALSE;
        for (let index = 0; index < word.length; index++) out[size++] = word[index] as number;
        at += 2;
        continue;
      }
      if (kind === 'string') out[size++] = QUOTE;
      for (;;) {
        const byte = data[at++] as number;
        if (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) {
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
}

/** Writes `\u00xx`; gives the new size. */
function control(out: Buffer, size: number, byte: number): number {
  out[size] = BACKSLASH;
  out.write('u00', size + 1, 'latin1');
  out[size + 4] = HEX[byte >> 4] as number;
  out[size + 5] = HEX[byte & 15] as number;
  return size + 6;
}
