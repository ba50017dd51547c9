import { isUtf8 } from 'node:buffer';
import { fault, YT_CODE } from './fault.js';
import type { QuickBlock } from './quick-block.js';
import { nullFault, typeFault } from './row.js';
import type { Schema } from './schema.js';
import type { SkiffColumn, WireType } from './skiff-schema.js';

/** What a field takes: a word of 8 bytes, a boolean, a string behind its length; and what may be wrong with it. */
const [WORD, BOOLEAN, STRING, TEXT, OPTIONAL, REQUIRED] = [0, 1, 2, 3, 4, 8];
const SHAPE = 3;

const SHAPES: Readonly<Record<WireType, number>> = {
  int64: WORD,
  uint64: WORD,
  double: WORD,
  boolean: BOOLEAN,
  string32: STRING,
  yson32: STRING,
};

/** Bytes of the tag in front of each row: the number of its table, which is 0. */
export const ROW_TAG = 2;

/**
 * Follows rows in skiff from one to the next without taking them apart. With a schema, which the columns have to fit by
 * their types, it judges the rows, too: what it passes may be stored as it is.
 */
export class SkiffScanner {
  /** Bytes that the row at which the last scan ended has at least. */
  wanted = ROW_TAG;
  readonly #columns: readonly SkiffColumn[];
  readonly #schema: Schema | undefined;
  readonly #shapes: readonly number[];
  #weight = 0;

  constructor(columns: readonly SkiffColumn[], schema?: Schema) {
    this.#columns = columns;
    this.#schema = schema;
    this.#shapes = columns.map(({ name, wireType, isOptional }) => {
      const column = schema?.columns.get(name);
      const isText = wireType === 'string32' && !['string', 'any', undefined].includes(column?.type);
      const marks = (isOptional ? OPTIONAL : 0) | (column?.isRequired === true ? REQUIRED : 0);
      return (isText ? TEXT : SHAPES[wireType]) | marks;
    });
  }

  /** The whole rows from the beginning of `data`; undefined where not even the first is whole. Throws where one is wrong. */
  scan(data: Buffer): QuickBlock | undefined {
    const starts: number[] = [];
    let [at, weight] = [0, 0];
    for (;;) {
      const end = this.#row(data, at);
      if (end > data.length) {
        this.wanted = end - at;
        break;
      }
      starts.push(at);
      weight += this.#weight;
      at = end;
    }
    return at === 0 ? undefined : { bytes: data.subarray(0, at), starts, weight };
  }

  /** Where the row ends; beyond the data, where it surely does not end before, if it is cut off. */
  #row(data: Buffer, from: number): number {
    const [shapes, length] = [this.#shapes, data.length];
    let at = from + ROW_TAG;
    let weight = 1;
    if (at > length) return at;
    if (data[from] !== 0 || data[from + 1] !== 0) throw wrongTag(data.readUint16LE(from));
    for (let column = 0; column < shapes.length; column++) {
      const shape = shapes[column] as number;
      if ((shape & OPTIONAL) !== 0) {
        if (at >= length) return at + 1;
        const tag = data[at++] as number;
        if (tag === 0) {
          if ((shape & REQUIRED) !== 0) throw nullFault(this.#name(column));
          continue;
        }
        if (tag !== 1) throw this.#wrong(column, `a variant8 has the tag ${tag}`);
      }
      if ((shape & SHAPE) === WORD) {
        at += 8;
        weight += 8;
      } else if ((shape & SHAPE) === BOOLEAN) {
        if (at >= length) return at + 1;
        if ((data[at++] as number) > 1) throw this.#wrong(column, 'a boolean is neither 0 nor 1');
        weight++;
      } else {
        if (at + 4 > length) return at + 4;
        const size = uint32At(data, at);
        at += 4 + size;
        weight += size;
        if ((shape & SHAPE) === TEXT && at <= length && !isText(data, at - size, at))
          this.#refuseText(column);
      }
    }
    this.#weight = weight;
    return at;
  }

  #name(column: number): string {
    return this.#columns[column]?.name ?? '';
  }

  #wrong(column: number, what: string): Error {
    return fault(YT_CODE.generic, `Wrong skiff in column "${this.#name(column)}": ${what}`);
  }

  #refuseText(column: number): never {
    const name = this.#name(column);
    throw typeFault(name, this.#schema?.columns.get(name)?.type ?? '', 'any');
  }
}

function wrongTag(tag: number): Error {
  return fault(YT_CODE.generic, `A row in skiff has the table index ${tag}; there is one table, 0`);
}

/** As `readUInt32LE`, which takes several times as long. */
export function uint32At(data: Buffer, at: number): number {
  return (
    (data[at] as number) +
    (data[at + 1] as number) * 0x100 +
    (data[at + 2] as number) * 0x1_0000 +
    (data[at + 3] as number) * 0x100_0000
  );
}

function isText(data: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((data[at] as number) > 0x7f) return isUtf8(data.subarray(at, to));
  return true;
}
