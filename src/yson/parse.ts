import { RtnError } from '../error.js';
import { toBytes } from './bytes.js';
import { END_OF_INPUT, Parser } from './parser.js';
import type { YsonMap, YsonValue } from './value.js';

/** Reads one YSON node, text or binary; throws RtnError `data` with the byte offset of what is wrong. */
export function parseYson(input: string | Uint8Array): YsonValue {
  return whole(input, (parser) => parser.value());
}

/** Reads a list fragment: values separated by `;`, without brackets, as in a table's rows. */
export function parseYsonList(input: string | Uint8Array): YsonValue[] {
  return whole(input, (parser) => {
    const items: YsonValue[] = [];
    while (!parser.isAtEnd()) items.push(parser.item());
    return items;
  });
}

/** Reads a map fragment: `key=value;` without braces. */
export function parseYsonMap(input: string | Uint8Array): YsonMap {
  return whole(input, (parser) => parser.pairs(undefined, 1));
}

function whole<Result>(input: string | Uint8Array, read: (parser: Parser) => Result): Result {
  const parser = new Parser(toBytes(input), true);
  try {
    const result = read(parser);
    if (!parser.isAtEnd()) throw parser.error('expected the end of the value');
    return result;
  } catch (thrown) {
    if (thrown === END_OF_INPUT) throw new RtnError('data', 'YSON ends in the middle of a value');
    throw thrown;
  }
}

/**
 * Cuts a list fragment that arrives in pieces into values. `push` gives what is complete so far; `end` gives the rest
 * and throws when the last value is cut off. Holds no more than one incomplete value and the piece it came in.
 */
export class YsonListReader {
  #pending: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  push(piece: Uint8Array): YsonValue[] {
    this.#pieces.push(toBytes(piece));
    this.#piecesBytes += piece.byteLength;
    // One huge value in many small pieces is parsed again only when the input has grown by half: linear, not quadratic.
    if (this.#piecesBytes * 2 < this.#pending.length) return [];
    return this.#drain(false);
  }

  end(): YsonValue[] {
    return this.#drain(true);
  }

  #drain(isFinal: boolean): YsonValue[] {
    const buffer = Buffer.concat([this.#pending, ...this.#pieces]);
    const parser = new Parser(buffer, isFinal);
    const values: YsonValue[] = [];
    let complete = 0;
    try {
      while (!parser.isAtEnd()) {
        values.push(parser.item());
        complete = parser.offset;
      }
    } catch (thrown) {
      if (thrown !== END_OF_INPUT) throw thrown;
      if (isFinal) throw new RtnError('data', 'YSON ends in the middle of a value');
    }
    this.#pending = buffer.subarray(complete);
    this.#pieces = [];
    this.#piecesBytes = 0;
    return values;
  }
}
