import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

/** Compiles the log's columns to a function that gives a result as one line of JSON, its line end included. */
export function logLines(run: Run): (result: SendResult) => string {
  const { head, tail } = compileLine(run);
  return (result) => head + tail(result);
}

/**
 * The same for many results at once, as bytes that are valid until the next call. Line by line into one buffer: to join
 * them as text first and encode that takes twice as long.
 */
export function lineEncoder(run: Run): (results: readonly SendResult[]) => Buffer {
  const { head, tail } = compileLine(run);
  const headBytes = Buffer.from(head);
  let buffer = Buffer.allocUnsafeSlow(65_536);
  return (results) => {
    let size = 0;
    for (const result of results) {
      const line = tail(result);
      const neededBytes = size + headBytes.length + 3 * line.length;
      if (neededBytes > buffer.length) buffer = grown(buffer, size, neededBytes);
      size += headBytes.copy(buffer, size);
      size += buffer.write(line, size);
    }
    return buffer.subarray(0, size);
  };
}

function grown(buffer: Buffer, size: number, neededBytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(2 * neededBytes);
  buffer.copy(larger, 0, 0, size);
  return larger;
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
