import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { CopyBuffer } from '../postgres/copy-buffer.js';
import { copyText } from '../postgres/copy-text.js';
import { LOG_COLUMNS } from './columns.js';

/** How many columns are the same in all rows of a run; they come first. */
const OF_RUN = LOG_COLUMNS.findIndex(({ isOfRun }) => isOfRun !== true);

const OF_RESULT = LOG_COLUMNS.slice(OF_RUN).map(({ of }) => of);

/** The rows of a batch in COPY's text format, in pieces of about 64 KiB. */
export function* copyChunks(batch: readonly SendResult[], run: Run): Generator<Buffer> {
  const head = headOf(run);
  const out = new CopyBuffer();
  for (const result of batch) {
    out.addBytes(head);
    for (const of of OF_RESULT) out.addField(of(result, run));
    out.endRow();
    if (out.isFull) yield out.take();
  }
  if (out.size > 0) yield out.take();
}

function headOf(run: Run): Buffer {
  const fields = LOG_COLUMNS.slice(0, OF_RUN).map(({ of }) => copyText(of({} as SendResult, run)));
  return Buffer.from(fields.map((field) => `${field}\t`).join(''));
}
