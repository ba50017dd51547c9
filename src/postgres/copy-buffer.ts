import { type CopyValue, copyText } from './copy-text.js';

/** COPY data goes out in pieces of about this size: a piece a row is less than half as fast. */
const CHUNK_BYTES = 65_536;

/** No UTF-16 code unit takes more bytes than that: a backslash takes two, any other up to three of UTF-8. */
const MOST_BYTES_A_UNIT = 3;

const NULL_AND_TAB_BYTES = 3;

const [TAB, NEWLINE, SPACE, CAPITAL_N, BACKSLASH, DELETE] = [0x09, 0x0a, 0x20, 0x4e, 0x5c, 0x7f];

/**
 * Rows in the text format of COPY, written byte by byte: to join them as text first leaves garbage, which is collected on
 * the cores on which Postgres could work (`npm run bench -- copy`).
 */
export class CopyBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether the next row would likely make it longer than a chunk should be. */
  get isFull(): boolean {
    return this.#size > CHUNK_BYTES - 2_048;
  }

  /** The rows so far. They are never written to again: a socket may hold them for long. */
  take(): Buffer {
    const rows = this.#bytes.subarray(0, this.#size);
    this.#bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#size = 0;
    return rows;
  }

  /** Adds fields that are in the text format already, each with its tab. */
  addBytes(fields: Uint8Array): void {
    this.#makeRoom(fields.length);
    this.#bytes.set(fields, this.#size);
    this.#size += fields.length;
  }

  /** Adds one field and a tab. */
  addField(value: CopyValue): void {
    const text = typeof value === 'string' ? value : `${value ?? ''}`;
    this.#makeRoom(MOST_BYTES_A_UNIT * text.length + NULL_AND_TAB_BYTES);
    if (value === null) this.#addNull();
    else if (!this.#addPlain(text)) this.#size += this.#bytes.write(copyText(text), this.#size);
    this.#bytes[this.#size++] = TAB;
  }

  /** Makes the last field's tab the end of a row. */
  endRow(): void {
    this.#bytes[this.#size - 1] = NEWLINE;
  }

  #addNull(): void {
    this.#bytes[this.#size++] = BACKSLASH;
    this.#bytes[this.#size++] = CAPITAL_N;
  }

  /** Adds a text of printable ASCII alone; false, and nothing added, where it holds anything else. */
  #addPlain(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#size;
    const { length } = text;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < SPACE || unit >= DELETE || unit === BACKSLASH) return false;
      bytes[start + index] = unit;
    }
    this.#size = start + length;
    return true;
  }

  #makeRoom(neededBytes: number): void {
    if (this.#size + neededBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#size + neededBytes));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
