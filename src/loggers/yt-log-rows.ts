import { setImmediate } from 'node:timers/promises';
import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

/** So many results are made text at a time: others get a turn in between. */
const SLICE = 500;

const SURROGATE = /[\ud800-\udfff]/;

/** The rows of a batch as JSON lines for the log's table; half a surrogate pair becomes U+FFFD. */
export async function* logRows(batch: readonly SendResult[], run: Run): AsyncGenerator<string> {
  for (let from = 0; from < batch.length; from += SLICE) {
    let text = '';
    for (const result of batch.slice(from, from + SLICE)) text += logRow(result, run);
    yield text;
    await setImmediate();
  }
}

/** One row with its line end. What is null is left out. */
function logRow(result: SendResult, run: Run): string {
  let row = '{';
  for (const column of LOG_COLUMNS) {
    const value = column.of(result, run);
    if (value !== null) row += `${row.length === 1 ? '' : ','}"${column.name}":${json(value, column.type)}`;
  }
  return `${row}}\n`;
}

function json(value: string | number | boolean, type: LogColumn['type']): string {
  if (typeof value !== 'string') return String(value);
  if (type === 'timestamptz') return String(Date.parse(value) * 1_000);
  return JSON.stringify(SURROGATE.test(value) ? Buffer.from(value).toString() : value);
}
