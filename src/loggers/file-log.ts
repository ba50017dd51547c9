import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { foreignCode, RtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import { fileNameOf } from '../pipeline/file-name.js';
import type { Ledger } from '../pipeline/ledger.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { collectBatch } from './batch.js';
import { fileLedger, syncFolder } from './file-ledger.js';
import { LineBuffer } from './log-line.js';

/** So many results are made text at a time: others get a turn in between. */
const SLICE = 500;

/**
 * The send log as files of a folder: `RUN.SHARD.ndjson`, one line of JSON a message with the log's columns, and beside
 * it the ledger, `RUN.run.json`. Nobody else writes to a file: the ledger refuses a run id that is taken. A batch is
 * durable (fsync) before it counts; one that cannot be written in full is cut off again, so that the file never ends
 * in the middle of a line.
 */
export class FileLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #folder: string;
  #run: Run | undefined;
  #ledger: Ledger | undefined;
  #file: FileHandle | undefined;
  /** Bytes of the file that are durable. */
  #size = 0;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  get address(): string {
    return this.#run === undefined ? `folder ${this.#folder}` : `file ${this.#path(this.#run)}`;
  }

  get ledger(): Ledger {
    if (this.#ledger === undefined) throw new Error('the ledger was used before open');
    return this.#ledger;
  }

  async open(run: Run): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
    } catch (cause) {
      const next = 'give a folder that can be made and written';
      throw new RtnError('configuration', `the log's folder cannot be made: ${messageOf(cause)}`, {
        cause,
        next,
      });
    }
    this.#run = run;
    const ledger = fileLedger(join(this.#folder, `${fileNameOf(run.id)}.run.json`), run);
    this.#ledger = {
      begin: async (plan) => {
        await ledger.begin(plan);
        this.#file = await this.#makeFile(run);
      },
      end: (end) => ledger.end(end),
    };
  }

  async log(results: Queue<SendResult>, { written }: LogControl): Promise<void> {
    const [file, run] = [this.#file, this.#run];
    if (file === undefined || run === undefined) throw new Error('log was called before the run began');
    const lines = new LineBuffer(run);
    for (;;) {
      const batch = await collectBatch(results, run.clock);
      if (batch.length === 0) return;
      this.unwritten = batch;
      await this.#write(file, batch, lines);
      this.unwritten = [];
      written(batch);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #path(run: Run): string {
    return join(this.#folder, `${fileNameOf(run.id)}.${run.shard}.ndjson`);
  }

  async #makeFile(run: Run): Promise<FileHandle> {
    const path = this.#path(run);
    try {
      const file = await open(path, 'ax', 0o600);
      await syncFolder(this.#folder);
      return file;
    } catch (cause) {
      const isThere = foreignCode(cause) === 'EEXIST';
      throw new RtnError(
        isThere ? 'configuration' : 'storage',
        isThere
          ? `there is a log of a run '${run.id}' already, without its ledger: ${path}`
          : `the log's file cannot be made: ${messageOf(cause)}`,
        { cause, ...(isThere && { next: 'start with another --run-id, or move that file away' }) },
      );
    }
  }

  async #write(file: FileHandle, batch: readonly SendResult[], lines: LineBuffer): Promise<void> {
    lines.clear();
    for (const [index, result] of batch.entries()) {
      if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
      lines.add(result);
    }
    try {
      await file.appendFile(lines.bytes);
      await file.datasync();
      this.#size += lines.bytes.length;
    } catch (cause) {
      // What is spilled must not stand here too.
      await file.truncate(this.#size).catch(() => {});
      const what = `${batch.length} results could not be written to ${this.address}`;
      throw new RtnError('storage', `${what}: ${messageOf(cause)}`, { cause });
    }
  }
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
