import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { CopyBuffer } from '../postgres/copy-buffer.js';
import { copyText } from '../postgres/copy-text.js';
import { LOG_COLUMNS, type LogColumn } from './columns.js';

type FieldWriter = (out: CopyBuffer, result: SendResult) => void;

/** The rows of a batch in COPY's text format, in pieces of about 64 KiB. */
export function* copyChunks(batch: readonly SendResult[], run: Run): Generator<Buffer> {
  const { head, fields } = compiled(run);
  const out = new CopyBuffer();
  for (const result of batch) {
    out.addBytes(head);
    for (const write of fields) write(out, result);
    out.endRow();
    if (out.isFull) yield out.take();
  }
  if (out.size > 0) yield out.take();
}

interface CompiledRow {
  /** The fields that are the same in all rows of the run, each with the tab behind it. They come first in a row. */
  readonly head: Buffer;
  readonly fields: readonly FieldWriter[];
}

/** Made once a run: closures that are made anew for each batch are never optimised for long. */
const COMPILED = new WeakMap<Run, CompiledRow>();

function compiled(run: Run): CompiledRow {
  const known = COMPILED.get(run);
  if (known !== undefined) return known;
  const head = LOG_COLUMNS.slice(0, OF_RUN).map(({ of }) => `${copyText(of({} as SendResult, run))}\t`);
  const row = {
    head: Buffer.from(head.join('')),
    fields: LOG_COLUMNS.slice(OF_RUN).map((column) => fieldWriter(column, run)),
  };
  COMPILED.set(run, row);
  return row;
}

const OF_RUN = LOG_COLUMNS.findIndex(({ isOfRun }) => isOfRun !== true);

function fieldWriter({ of }: LogColumn, run: Run): FieldWriter {
  return (out, result) => out.addField(of(result, run));
}
