import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

/** Compiles the log's columns to a function that gives a result as one line of JSON, its line end included. */
export function logLines(run: Run): (result: SendResult) => string {
  const { head, tail } = compileLine(run);
  return (result) => head + tail(result);
}

/**
 * Lines as bytes in one buffer, which is used again: to join them as text first and encode that takes twice as long.
 * What `bytes` gives is valid until `clear`.
 */
export class LineBuffer {
  readonly #head: Buffer;
  readonly #tail: (result: SendResult) => string;
  #buffer: Buffer = Buffer.allocUnsafeSlow(65_536);
  #size = 0;

  constructor(run: Run) {
    const { head, tail } = compileLine(run);
    this.#head = Buffer.from(head);
    this.#tail = tail;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  clear(): void {
    this.#size = 0;
  }

  add(result: SendResult): void {
    const line = this.#tail(result);
    const mostBytes = this.#head.length + 3 * line.length;
    if (this.#size + mostBytes > this.#buffer.length) this.#grow(mostBytes);
    this.#size += this.#head.copy(this.#buffer, this.#size);
    this.#size += this.#buffer.write(line, this.#size);
  }

  #grow(neededBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.#size + neededBytes));
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
  }
}

/** What is the same in all lines of the run is made once: the head, as far as the first column that is not. */
function compileLine(run: Run): { readonly head: string; readonly tail: (result: SendResult) => string } {
  const pieces: { before: string; readonly json: (result: SendResult) => string }[] = [];
  let before = '{';
  for (const column of LOG_COLUMNS) {
    before += `${before === '{' ? '' : ','}${JSON.stringify(column.name)}:`;
    if (column.isOfRun === true) {
      before += JSON.stringify(column.of({} as SendResult, run));
    } else {
      pieces.push({ before, json: valueWriter(column, run) });
      before = '';
    }
  }
  const head = pieces[0]?.before ?? '';
  if (pieces[0] !== undefined) pieces[0].before = '';
  const end = `${before}}\n`;
  return {
    head,
    tail(result) {
      let line = '';
      for (const piece of pieces) line += piece.before + piece.json(result);
      return line + end;
    },
  };
}

function valueWriter({ type, of }: LogColumn, run: Run): (result: SendResult) => string {
  switch (type) {
    case 'text':
      return (result) => JSON.stringify(of(result, run));
    case 'timestamptz':
      return (result) => `"${of(result, run)}"`;
    default:
      return (result) => String(of(result, run));
  }
}
