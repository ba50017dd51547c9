import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readBatch, writeBatch } from './batch-text.js';
import type { Batch } from './node.js';

/**
 * The tree's changes on disk, one batch a line in text YSON, in `cypress.journal`. A batch is written before it is
 * applied; a line that a crash cut off is dropped when the journal is read. `rewrite` replaces the whole by a shorter
 * journal of the same tree, written aside and renamed.
 */
export class Journal {
  readonly #path: string;
  #file: number | undefined;
  #batches = 0;

  constructor(directory: string) {
    this.#path = join(directory, 'cypress.journal');
  }

  get batches(): number {
    return this.#batches;
  }

  /** All batches in order. To be called once, before anything is appended. */
  *read(): Generator<Batch> {
    const bytes = existsSync(this.#path) ? readFileSync(this.#path) : Buffer.alloc(0);
    let at = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, at)) {
      yield readBatch(bytes.toString('utf8', at, end));
      this.#batches++;
      at = end + 1;
    }
    this.#file = openSync(this.#path, 'a');
    ftruncateSync(this.#file, at);
  }

  append(batch: Batch): void {
    if (this.#file === undefined) throw new Error('the journal is closed');
    writeAll(this.#file, `${writeBatch(batch)}\n`);
    this.#batches++;
  }

  rewrite(batches: Iterable<Batch>): void {
    const aside = `${this.#path}.new`;
    const file = openSync(aside, 'w');
    let count = 0;
    for (const batch of batches) {
      writeAll(file, `${writeBatch(batch)}\n`);
      count++;
    }
    fsyncSync(file);
    renameSync(aside, this.#path);
    if (this.#file !== undefined) closeSync(this.#file);
    closeSync(file);
    this.#file = openSync(this.#path, 'a');
    this.#batches = count;
  }

  close(): void {
    if (this.#file === undefined) return;
    fdatasyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
