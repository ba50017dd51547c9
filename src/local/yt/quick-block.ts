import { isUtf8 } from 'node:buffer';
import type { Schema } from './schema.js';

/** Whole lines that fit the schema as they stand, and are stored byte for byte. */
export interface QuickBlock {
  readonly bytes: Buffer;
  /** Where each row begins in the bytes. */
  readonly starts: readonly number[];
  readonly weight: number;
}

type Kind = 'text' | 'integer' | 'unsigned' | 'boolean';

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['string', 'text'],
  ['utf8', 'text'],
  ['any', 'text'],
  ['int64', 'integer'],
  ['uint64', 'unsigned'],
  ['timestamp', 'unsigned'],
  ['boolean', 'boolean'],
]);

/** What rows have in common is not looked for any further. */
const MOST_ALIKE = 4_096;

/** All integers of so many digits are within 64 bits. */
const SAFE_DIGITS = 18;

const [NEWLINE, SPACE, QUOTE, DOLLAR, COMMA, MINUS] = [0x0a, 0x20, 0x22, 0x24, 0x2c, 0x2d];
const [ZERO, NINE, BACKSLASH, SMALL_U, BRACE, BRACE_END] = [0x30, 0x39, 0x5c, 0x75, 0x7b, 0x7d];
const [TRUE, FALSE] = [Buffer.from('true'), Buffer.from('false')];

/**
 * The usual row, judged without making text of it: one object a line without blanks, its columns in the schema's order,
 * each a plain string, integer or boolean. All else, what is wrong too, is left to whoever looks closer.
 */
export class QuickScanner {
  readonly #names: readonly Buffer[];
  readonly #kinds: readonly (Kind | undefined)[];
  readonly #required: readonly boolean[];
  readonly #isServed: boolean;
  /** Where each column of the last row began, as an offset from the row, and the weight up to there. */
  readonly #offsets: number[] = [];
  readonly #weights: number[] = [];
  /** How rows begin: what two rows had in common, up to a column. It need not be judged again. */
  #alike: Alike = { bytes: Buffer.alloc(0), column: 0, weight: 0 };
  #weight = 0;

  constructor(schema: Schema) {
    const columns = [...schema.columns.values()];
    this.#names = columns.map(({ name }) => Buffer.from(`${JSON.stringify(name)}:`));
    this.#kinds = columns.map(({ type }) => KINDS.get(type));
    this.#required = columns.map(({ isRequired }) => isRequired);
    this.#isServed = schema.keys.length === 0 && columns.length > 0;
  }

  /** Takes quick lines from the beginning of `data`, which holds whole lines; undefined where the first is none. */
  scan(data: Buffer): QuickBlock | undefined {
    if (!this.#isServed || !isUtf8(data)) return undefined;
    const starts: number[] = [];
    this.#weight = 0;
    let at = 0;
    for (let before = -1; at < data.length; ) {
      const weight = this.#weight;
      const end = this.#row(data, at, before);
      if (end < 0) {
        this.#weight = weight;
        break;
      }
      starts.push(at);
      before = at;
      at = end;
    }
    return at === 0 ? undefined : { bytes: data.subarray(0, at), starts, weight: this.#weight };
  }

  /** Where the row's line ends; -1 where it is not certain that the row fits. `before` is where the row before begins, or -1. */
  #row(data: Buffer, from: number, before: number): number {
    const [names, kinds, required, alike] = [this.#names, this.#kinds, this.#required, this.#alike];
    const common = alike.bytes.length;
    let at = from + 1;
    let weight = 1;
    let column = 0;
    if (
      common > 0 &&
      from + common <= data.length &&
      data.compare(alike.bytes, 0, common, from, from + common) === 0
    ) {
      at = from + common;
      ({ column, weight } = alike);
    } else {
      if (data[from] !== BRACE) return -1;
      if (before >= 0) this.#learn(data, before, from);
      this.#offsets.fill(-1);
    }
    for (;;) {
      this.#offsets[column] = at - from;
      this.#weights[column] = weight;
      while (!startsWith(data, at, names[column] as Buffer)) {
        if (required[column] === true || ++column === names.length) return -1;
      }
      at += (names[column] as Buffer).length;
      const kind = kinds[column];
      const start = at;
      if (kind === 'text') {
        at = endOfText(data, at);
        if (at < 0) return -1;
        weight += at - start - 2;
      } else if (kind === 'boolean') {
        at = startsWith(data, at, TRUE) ? at + 4 : startsWith(data, at, FALSE) ? at + 5 : -1;
        if (at < 0) return -1;
        weight++;
      } else {
        if (kind === undefined) return -1;
        at = endOfInteger(data, at, kind === 'integer');
        if (at < 0) return -1;
        weight += 8;
      }
      column++;
      const mark = data[at++];
      if (mark === COMMA && column < names.length) continue;
      if (mark !== BRACE_END || data[at++] !== NEWLINE) return -1;
      for (; column < names.length; column++) if (required[column] === true) return -1;
      this.#weight += weight;
      return at;
    }
  }

  /** Takes what the last row, which was judged, has in common with this one. */
  #learn(data: Buffer, before: number, from: number): void {
    let same = 0;
    while (same < MOST_ALIKE && data[before + same] === data[from + same]) same++;
    let found = -1;
    for (const [column, offset] of this.#offsets.entries()) if (offset > 1 && offset <= same) found = column;
    if (found < 0) return;
    const bytes = Buffer.from(data.subarray(before, before + (this.#offsets[found] as number)));
    this.#alike = { bytes, column: found, weight: this.#weights[found] as number };
  }
}

interface Alike {
  readonly bytes: Buffer;
  readonly column: number;
  readonly weight: number;
}

function startsWith(data: Buffer, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index++) if (data[at + index] !== word[index]) return false;
  return true;
}

/** Behind the closing quote; -1 for what may stand for something else, such as `$…` or an escaped code. */
function endOfText(data: Buffer, from: number): number {
  if (data[from] !== QUOTE || data[from + 1] === DOLLAR) return -1;
  for (let at = from + 1; ; ) {
    const byte = data[at++] as number;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) {
      const code = data[at++] as number;
      if (code === SMALL_U || !isEscape(code) || (code === QUOTE && data[at] === DOLLAR)) return -1;
    } else if (byte < SPACE) {
      return -1;
    }
  }
}

/** One of `"\/bfnrt`. */
function isEscape(code: number): boolean {
  return (
    code === QUOTE ||
    code === BACKSLASH ||
    code === 0x6e ||
    code === 0x74 ||
    code === 0x72 ||
    code === 0x2f ||
    code === 0x62 ||
    code === 0x66
  );
}

function endOfInteger(data: Buffer, from: number, isSigned: boolean): number {
  let at = from;
  if (data[at] === MINUS) {
    if (!isSigned || data[at + 1] === ZERO) return -1;
    at++;
  }
  const first = at;
  while ((data[at] as number) >= ZERO && (data[at] as number) <= NINE) at++;
  const digits = at - first;
  if (digits === 0 || digits > SAFE_DIGITS || (digits > 1 && data[first] === ZERO)) return -1;
  return at;
}
