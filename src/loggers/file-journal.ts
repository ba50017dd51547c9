import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { RtnError } from '../error.js';
import type { Ranges } from '../pipeline/claims.js';
import type { Counts } from '../pipeline/counts.js';
import type { RunEnd } from '../pipeline/ledger.js';
import { createDurably, storing } from './durable-file.js';

/** Positions by why they were not sent. */
export type UnsentRanges = readonly (readonly [reason: string, ranges: Ranges])[];

/** How far a log is recorded: what is behind it belongs to a write that nobody has recorded. */
export interface LogMark {
  /** Name in the folder. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** What a journal holds, in this order: a start, at once a takeover where there were starts before, at last an end. */
export type Entry =
  | { readonly kind: 'start'; readonly token: number; readonly holder: string; readonly at: string }
  | {
      readonly kind: 'takeover';
      /** The earlier journals that nobody had sealed: what stands in them behind this size does not count. */
      readonly journals: readonly (readonly [token: number, size: number])[];
      /** The log of the starts before; null where it is gone. */
      readonly log: LogMark | null;
      /** The log ends there, since a holder that may live has it open. */
      readonly isSealed: boolean;
      /** Results that stand in the log and were not recorded. */
      readonly done: Ranges;
      readonly unsent: UnsentRanges;
    }
  /** From here on results are written to this file. */
  | { readonly kind: 'log'; readonly file: string }
  | { readonly kind: 'claim'; readonly ranges: Ranges }
  | { readonly kind: 'release'; readonly ranges: Ranges }
  | {
      readonly kind: 'done';
      readonly ranges: Ranges;
      readonly unsent: UnsentRanges;
      /** Of the log, in bytes, with these results. */
      readonly size: number;
      readonly counts: Counts;
    }
  | { readonly kind: 'counts'; readonly counts: Counts }
  | ({
      readonly kind: 'end';
      readonly at: string;
      readonly finished: { readonly selection: string | null } | null;
    } & Omit<RunEnd, 'release'>);

const CHUNK_BYTES = 262_144;

/** As far back from its end a journal's last line is looked for: an end is far shorter. */
const TAIL_BYTES = 65_536;

/**
 * The journal of one start, open for appending. One entry a line: the checksum of its JSON, and the JSON.
 *
 * - *whole*: every line that `append` has returned for is on the disk, and nothing is behind it.
 * - *writing*: one line is under way; others wait for it, so that a crash tears the last line at most.
 * - *broken*: a line could neither be written nor be cut off again. Nothing more is appended, since a line behind a torn
 *   one could not be told from damage.
 */
export class FileJournal {
  readonly path: string;
  readonly #file: FileHandle;
  #size: number;
  #isBroken = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  /** Makes a journal; undefined where there is one of that name. */
  static async create(path: string, start: Entry): Promise<FileJournal | undefined> {
    const line = lineOf(start);
    const file = await createDurably(path, line);
    return file && new FileJournal(path, file, Buffer.byteLength(line));
  }

  /** Returns when the entry is durable; when it throws `storage` the entry is not there. */
  append(entry: Entry): Promise<void> {
    const line = Buffer.from(lineOf(entry));
    const written = this.#last.then(() =>
      storing(`${this.path} could not be written`, () => this.#write(line)),
    );
    this.#last = written.catch(() => {});
    return written;
  }

  /** Shows that the holder is alive: the time of the file is the lease's beat. */
  async touch(nowMs: number): Promise<void> {
    const time = new Date(nowMs);
    await storing(`${this.path} could not be touched`, () => this.#file.utimes(time, time));
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #write(line: Buffer): Promise<void> {
    if (this.#isBroken) throw new Error('an earlier write of it failed half way');
    try {
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#size += line.length;
    } catch (thrown) {
      await this.#file.truncate(this.#size).catch(() => {
        this.#isBroken = true;
      });
      throw thrown;
    }
  }
}

function lineOf(entry: Entry): string {
  const json = JSON.stringify(entry);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(8, '0');
}

/** The entry of a line without its line end; undefined where the checksum is not right. */
function entryOf(line: Buffer): Entry | undefined {
  const json = line.subarray(9);
  if (line.toString('latin1', 0, 9) !== `${checksum(json)} `) return undefined;
  return JSON.parse(json.toString());
}

export interface Placed {
  readonly entry: Entry;
  /** The size of the journal with this entry, in bytes. */
  readonly end: number;
}

/**
 * The entries of a journal, as far as `limit` bytes. A last line that a crash has torn, or that is just being written, is
 * passed over; one before it that is damaged throws `storage`.
 */
export async function* readEntries(path: string, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Placed> {
  let end = 0;
  let damaged: number | undefined;
  let number = 0;
  for await (const line of linesOf(path, limit)) {
    if (damaged !== undefined) throw damage(path, damaged);
    number++;
    end += line.length + 1;
    const entry = entryOf(line);
    if (entry === undefined) damaged = number;
    else yield { entry, end };
  }
}

/** Complete lines without their line ends. A line is valid until the next is asked for. */
async function* linesOf(path: string, limit: number): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let at = 0; at < limit; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, limit - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let from = 0;
      for (let to = rest.indexOf(10); to !== -1; to = rest.indexOf(10, from)) {
        yield rest.subarray(from, to);
        from = to + 1;
      }
      rest = rest.subarray(from);
    }
  } finally {
    await file.close();
  }
}

/** How a journal stands: its start, its last entry where that is an end, and the time of its last change. */
export async function glance(path: string): Promise<{
  readonly start: Extract<Entry, { kind: 'start' }>;
  readonly end: Extract<Entry, { kind: 'end' }> | undefined;
  /** Microseconds since the epoch. */
  readonly changedAt: number;
}> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true });
    const from = Math.max(0, Number(size) - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    const tail = buffer.subarray(0, bytesRead);
    const stop = tail.lastIndexOf(10);
    const last = stop === -1 ? undefined : entryOf(tail.subarray(tail.lastIndexOf(10, stop - 1) + 1, stop));
    return {
      start: await startOf(path),
      end: last?.kind === 'end' ? last : undefined,
      changedAt: Number(mtimeNs / 1_000n),
    };
  } finally {
    await file.close();
  }
}

async function startOf(path: string): Promise<Extract<Entry, { kind: 'start' }>> {
  for await (const { entry } of readEntries(path)) {
    if (entry.kind === 'start') return entry;
    break;
  }
  throw damage(path, 1);
}

function damage(path: string, line: number): RtnError {
  return new RtnError('storage', `the ledger is damaged: line ${line} of ${path} does not fit its checksum`, {
    details: { path, line },
    next: 'restore the file from a copy; without it nobody knows what was sent',
  });
}
