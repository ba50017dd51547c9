import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { foreignCode, RtnError, toRtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import { isFenced, type Settled } from '../pipeline/ledger.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { collectBatch } from './batch.js';
import { storing, syncFolder } from './durable-file.js';
import { FileLedger } from './file-ledger.js';
import { LineBuffer } from './log-line.js';

/** So many results are made text at a time: others get a turn in between. */
const SLICE = 500;

/**
 * The send log as files of a folder, one line of JSON a message with the log's columns, and beside them the ledger.
 * A run's shard has `RUN.SHARD.ndjson`. A later start goes on in it; it begins `RUN.SHARD-TOKEN.ndjson` where that file
 * was moved away, or where an earlier holder may still have it open, or was killed before it had named it. All of them together are the log.
 *
 * - *unopened*: nothing was written by this start. The file is opened, and named in the ledger when it is new, before the
 *   lease is looked at: so a successor either finds it or has taken its name away.
 * - *whole*: each line has reached the disk and the ledger.
 * - *ahead*: lines are on the disk that the ledger does not know of. A start that dies here leaves them to its successor;
 *   one that cannot go on cuts them off, since what is spilled must not stand here too; one that was fenced leaves the
 *   file alone.
 */
export class FileLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #folder: string;
  #run: Run | undefined;
  #ledger: FileLedger | undefined;
  #path: string | undefined;
  #file: FileHandle | undefined;
  /** Bytes of the file that the ledger knows of. */
  #size = 0;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  get address(): string {
    if (this.#path !== undefined) return `file ${this.#path}`;
    if (this.#run === undefined || this.#ledger === undefined) return `folder ${this.#folder}`;
    const { log, files } = this.#ledger;
    return `file ${join(this.#folder, log?.file ?? files.logName(this.#run.shard, 1))}`;
  }

  get ledger(): FileLedger {
    if (this.#ledger === undefined) throw new Error('the ledger was used before open');
    return this.#ledger;
  }

  async open(run: Run): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
    } catch (cause) {
      const next = 'give a folder that can be made and written';
      throw new RtnError('configuration', `the log's folder cannot be made: ${toRtnError(cause).message}`, {
        cause,
        next,
      });
    }
    this.#run = run;
    this.#ledger = new FileLedger(this.#folder, run);
  }

  async log(results: Queue<SendResult>, { settle, written, pressure }: LogControl): Promise<void> {
    const run = this.#run;
    if (run === undefined) throw new Error('log was called before open');
    const lines = new LineBuffer(run);
    for (;;) {
      const batch = await collectBatch(results, run.clock, pressure);
      if (batch.length === 0) return;
      this.unwritten = batch;
      const settled = settle(batch);
      await this.#write(await this.#opened(run), batch, settled, lines);
      this.unwritten = [];
      written(batch, settled);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    await this.#ledger?.close();
  }

  async #opened(run: Run): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const { log, logNames } = this.ledger;
    if (log === undefined) {
      const { file, name } = await this.#makeFile(logNames, run);
      this.#file = file;
      this.#path = join(this.#folder, name);
      await this.ledger.beginLog(name);
    } else {
      const path = join(this.#folder, log.file);
      this.#file = await storing(`the log ${path} cannot be opened`, () => open(path, 'a'));
      this.#path = path;
      this.#size = log.size;
      await this.ledger.requireHeld();
    }
    return this.#file;
  }

  /** Makes the file under the first name that is free. */
  async #makeFile(names: readonly string[], run: Run): Promise<{ file: FileHandle; name: string }> {
    return storing("the log's file cannot be made", async () => {
      for (const name of names) {
        const file = await openNew(join(this.#folder, name));
        if (file === undefined) continue;
        await syncFolder(this.#folder);
        return { file, name };
      }
      const path = join(this.#folder, names.at(-1) ?? '');
      throw new RtnError(
        'configuration',
        `there is a log of a run '${run.id}' already, without its ledger: ${path}`,
        { next: 'start with another --run-id, or move that file away' },
      );
    });
  }

  async #write(
    file: FileHandle,
    batch: readonly SendResult[],
    settled: Settled,
    lines: LineBuffer,
  ): Promise<void> {
    lines.clear();
    let count = 0;
    for (const result of batch) {
      if (++count % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      lines.add(result);
    }
    try {
      await file.appendFile(lines.bytes);
      await file.datasync();
      await this.ledger.settle(settled, this.#size + lines.bytes.length);
      this.#size += lines.bytes.length;
    } catch (cause) {
      // A successor may be reading it.
      if (isFenced(cause)) throw cause;
      await file.truncate(this.#size).catch(() => {});
      const what = `${batch.length} results could not be written to ${this.address}`;
      throw new RtnError('storage', `${what}: ${toRtnError(cause).message}`, { cause });
    }
  }
}

async function openNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'ax', 0o600);
  } catch (thrown) {
    if (foreignCode(thrown) === 'EEXIST') return undefined;
    throw thrown;
  }
}
