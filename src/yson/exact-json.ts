import { RtnError } from '../error.js';

/** Makes the value of a number from its literal: the choice that JSON.parse does not leave. `key` is the member it stands at, if any. */
export type NumberReader = (literal: string, key: string | undefined, depth: number) => unknown;

/** Only a text with so many digits in a row can hold an integer that JSON.parse would round. */
const LONG_DIGITS = 16;

/** JSON.parse, but for integers outside the safe range, which come as bigint. Throws on anything but one JSON value. */
export function parseLosslessJson(text: string): unknown {
  return hasDigitRun(text, LONG_DIGITS) ? parseExactJson(text, losslessNumber) : JSON.parse(text);
}

/** Whether so many digits stand in a row. Looks at every so manieth character, which no such row can pass by. */
function hasDigitRun(text: string, length: number): boolean {
  for (let index = length - 1; index < text.length; index += length) {
    if (!isDigit(text, index)) continue;
    let first = index;
    while (isDigit(text, first - 1)) first--;
    let last = index;
    while (isDigit(text, last + 1)) last++;
    if (last - first + 1 >= length) return true;
  }
  return false;
}

/** False beyond the ends of the text. */
function isDigit(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

/** JSON.stringify, but for bigints, which are written as integers: what `parseLosslessJson` reads back. */
export function writeLosslessJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(writeLosslessJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${writeLosslessJson(member)}`,
  );
  return `{${members.join(',')}}`;
}

/** A number's literal as a number, or as a bigint where that would round an integer. */
function losslessNumber(literal: string): number | bigint {
  const value = Number(literal);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(literal) ? value : BigInt(literal);
}

const TOKEN =
  /[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\.)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)|([[\]{},:]))/y;

/** Deepest nesting of JSON that is read. */
const MAX_DEPTH = 256;

/**
 * Reads one JSON value, handing every number to `readNumber` as it is written. Objects become null-prototype-safe
 * plain objects (a member `__proto__` is an own property). Throws RtnError `data` on anything but one JSON value.
 */
export function parseExactJson(text: string, readNumber: NumberReader): unknown {
  const reader = new ExactReader(text, readNumber);
  const value = reader.value(undefined, 0);
  reader.end();
  return value;
}

class ExactReader {
  readonly #text: string;
  readonly #readNumber: NumberReader;
  readonly #token = new RegExp(TOKEN.source, 'y');

  constructor(text: string, readNumber: NumberReader) {
    this.#text = text;
    this.#readNumber = readNumber;
  }

  end(): void {
    if (this.#text.slice(this.#token.lastIndex).trim() !== '') throw this.#error('expected the end');
  }

  value(key: string | undefined, depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error(`nesting is deeper than ${MAX_DEPTH}`);
    const [, string, number, word, mark] = this.#next();
    if (string !== undefined) return this.#string(string);
    if (number !== undefined) return this.#readNumber(number, key, depth);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    if (mark === '[') return this.#list(depth + 1);
    if (mark === '{') return this.#object(depth + 1);
    throw this.#error('expected a value');
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = [];
    if (this.#skip(']')) return items;
    do items.push(this.value(undefined, depth));
    while (this.#separator(']'));
    return items;
  }

  #object(depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    if (this.#skip('}')) return members;
    do {
      const [, string] = this.#next();
      if (string === undefined) throw this.#error('expected a member name');
      const key = this.#string(string);
      if (this.#next()[4] !== ':') throw this.#error("expected ':'");
      const value = this.value(key, depth);
      if (key === '__proto__')
        Object.defineProperty(members, key, { value, enumerable: true, writable: true, configurable: true });
      else members[key] = value;
    } while (this.#separator('}'));
    return members;
  }

  #separator(close: string): boolean {
    const mark = this.#next()[4];
    if (mark === ',') return true;
    if (mark === close) return false;
    throw this.#error(`expected ',' or '${close}'`);
  }

  #skip(mark: string): boolean {
    const before = this.#token.lastIndex;
    if (this.#next()[4] === mark) return true;
    this.#token.lastIndex = before;
    return false;
  }

  #next(): RegExpExecArray {
    const at = this.#token.lastIndex;
    const match = this.#token.exec(this.#text);
    if (match !== null) return match;
    this.#token.lastIndex = at;
    throw this.#error('expected JSON');
  }

  #string(literal: string): string {
    try {
      return JSON.parse(literal) as string;
    } catch {
      throw this.#error('a string has a wrong escape');
    }
  }

  #error(what: string): RtnError {
    const at = this.#token.lastIndex;
    return new RtnError('data', `JSON at character ${at}: ${what}`, { details: { offset: at } });
  }
}
