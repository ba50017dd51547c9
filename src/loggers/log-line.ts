import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

/**
 * Compiles the log's columns to a function that gives a result as one line of JSON, its line end included. What is the
 * same in all rows of the run is written once.
 */
export function logLines(run: Run): (result: SendResult) => string {
  let before = '{';
  const pieces: { readonly before: string; readonly json: (result: SendResult) => string }[] = [];
  for (const column of LOG_COLUMNS) {
    before += `${before === '{' ? '' : ','}${JSON.stringify(column.name)}:`;
    if (column.isOfRun === true) {
      before += JSON.stringify(column.of({} as SendResult, run));
    } else {
      pieces.push({ before, json: valueWriter(column, run) });
      before = '';
    }
  }
  const end = `${before}}\n`;
  return (result) => {
    let line = '';
    for (const piece of pieces) line += piece.before + piece.json(result);
    return line + end;
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
