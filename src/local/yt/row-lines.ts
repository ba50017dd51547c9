import { StringDecoder } from 'node:string_decoder';
import { RtnError } from '../../error.js';

/** Longest row that is read, in characters. */
export const MAX_ROW = 128 * 1024 * 1024;

/**
 * Cuts a stream of JSON objects into texts of one object each. The usual input has one a line; objects that share a
 * line or span several are found by following braces and quotes.
 */
export async function* rowLines(input: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8');
  const cutter = new ObjectCutter();
  let rest = '';
  let isOnePerLine = true;
  for await (const piece of input) {
    const text = rest + decoder.write(piece);
    if (text.length > MAX_ROW) throw new RtnError('data', `a row is longer than ${MAX_ROW} characters`);
    if (isOnePerLine) {
      const cut = text.lastIndexOf('\n') + 1;
      const lines = text
        .slice(0, cut)
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      if (lines.every(isWhole)) {
        rest = text.slice(cut);
        yield lines;
        continue;
      }
      isOnePerLine = false;
    }
    rest = '';
    yield cutter.push(text);
  }
  const last = rest + decoder.end();
  yield cutter.push(last);
  cutter.end();
}

/** Looks like one object: settled by the parser, which refuses two. */
export function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}') && !/\}\s*\{/.test(line);
}

const MARK = /["{}\\]|[^\s"{}\\]+|\s+/g;

class ObjectCutter {
  #text = '';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  push(text: string): string[] {
    const found: string[] = [];
    let start = 0;
    for (const { 0: token, index } of text.matchAll(MARK)) {
      this.#follow(token);
      if (this.#depth === 0 && token === '}' && !this.#isInString) {
        found.push((this.#text + text.slice(start, index + 1)).trim());
        this.#text = '';
        start = index + 1;
      }
    }
    this.#text += text.slice(start);
    return found;
  }

  end(): void {
    if (this.#text.trim() !== '') throw new RtnError('data', 'JSON rows end in the middle of a row');
  }

  #follow(token: string): void {
    if (this.#isEscaped) {
      this.#isEscaped = false;
      // A token of several characters starts with the escaped one.
    } else if (token === '\\' && this.#isInString) this.#isEscaped = true;
    else if (token === '"') this.#isInString = !this.#isInString;
    else if (!this.#isInString && token === '{') this.#depth++;
    else if (!this.#isInString && token === '}') this.#depth--;
  }
}
