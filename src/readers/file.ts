import { type FileHandle, open } from 'node:fs/promises';
import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { IdentityRun, InputIdentity, Reader, ReadRange, Run } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming } from '../pipeline/record.js';
import { fileBytes, gunzippedBytes } from './bytes.js';
import { csv } from './csv.js';
import { jsonLines } from './json-lines.js';
import { copyStdin, digestOf } from './stdin-copy.js';

/** How the bytes of a file become records. */
export interface FileFormat {
  /** The records in order, as many at a time as a chunk completes; positions count from 0. */
  read(chunks: AsyncIterable<Buffer>): AsyncGenerator<Incoming[]>;
  /** How many there are. Throws `data` or `configuration` when the file as a whole cannot be read in this format. */
  count(chunks: AsyncIterable<Buffer>): Promise<number>;
}

interface FileKind {
  readonly isCsv: boolean;
  readonly isGzip: boolean;
}

/** The rows of a file of JSON lines up to this size are counted before they are read. */
const MAX_COUNTED_BYTES = 16_777_216;

const STDIN = '-';

/**
 * A file of JSON lines (`.ndjson`, `.jsonl`) or CSV (`.csv`), or either in gzip (`.gz`); or stdin (`-`), which is copied
 * into a file of the run first. CSV and gzip are read through once before the first row is handed over: a file that is
 * damaged or cut off sends nothing.
 */
export class FileReader implements Reader {
  readonly isEndless = false;
  total: number | undefined;
  readonly #input: BoundInput;
  readonly #target: string;
  readonly #stdin: NodeJS.ReadableStream;
  #kind: FileKind;
  #path: string;
  #format: FileFormat;
  #file: FileHandle | undefined;

  constructor(input: BoundInput, { target, text }: Location, stdin: NodeJS.ReadableStream = process.stdin) {
    this.#input = input;
    this.#target = target;
    this.#path = target;
    this.#stdin = stdin;
    this.#kind = target === STDIN ? { isCsv: false, isGzip: false } : kindOf(target, text);
    this.#format = this.#makeFormat();
  }

  async identify(run: IdentityRun): Promise<InputIdentity> {
    if (this.#target !== STDIN) {
      await (await openFile(this.#path)).close();
      return digestOf(this.#path);
    }
    const copy = await copyStdin(this.#stdin, run);
    this.#path = copy.path;
    return copy.digest;
  }

  async open(run: Run): Promise<void> {
    if (this.#path === STDIN) this.#path = (await copyStdin(this.#stdin, run)).path;
    const file = await openFile(this.#path);
    this.#file = file;
    if (this.#target === STDIN) this.#kind = await kindOfContent(file, this.#path);
    this.#format = this.#makeFormat();
    const { isCsv, isGzip } = this.#kind;
    if (isCsv || isGzip || run.shards > 1 || (await file.stat()).size <= MAX_COUNTED_BYTES)
      this.total = await this.#format.count(this.#bytes(file));
  }

  async read(out: Queue<Incoming>, signal: AbortSignal, range?: ReadRange): Promise<void> {
    if (this.#file === undefined) throw new Error('read was called before open');
    const { from = 0, to = Number.POSITIVE_INFINITY } = range ?? {};
    for await (const read of this.#format.read(this.#bytes(this.#file))) {
      const [first, last] = [read[0]?.position ?? 0, read.at(-1)?.position ?? 0];
      if (last < from) continue;
      const isWhole = first >= from && last < to;
      const records = isWhole ? read : read.filter(({ position }) => position >= from && position < to);
      if ((await out.sendMany(records, signal)) < records.length || signal.aborted || last >= to) return;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #bytes(file: FileHandle): AsyncGenerator<Buffer> {
    return this.#kind.isGzip ? gunzippedBytes(file, this.#path) : fileBytes(file);
  }

  #makeFormat(): FileFormat {
    return this.#kind.isCsv ? csv(this.#input, this.#path) : jsonLines(this.#input);
  }
}

function kindOf(path: string, text: string): FileKind {
  const [, format, gzip] = /\.(ndjson|jsonl|csv)(\.gz)?$/i.exec(path) ?? [];
  if (format !== undefined) return { isCsv: format.toLowerCase() === 'csv', isGzip: gzip !== undefined };
  throw new RtnError(
    'usage',
    `${text} cannot be read: expected a file whose name ends in .ndjson, .jsonl or .csv, or one of these with .gz`,
  );
}

/** Stdin has no name: what begins with `{` is JSON lines, all else CSV; gzip begins with its magic number. */
async function kindOfContent(file: FileHandle, path: string): Promise<FileKind> {
  const [first, second] = await beginning(fileBytes(file));
  const isGzip = first === 0x1f && second === 0x8b;
  const text = (isGzip ? await beginning(gunzippedBytes(file, path)) : await beginning(fileBytes(file)))
    .toString('utf8', 0, 1_024)
    .replace(/^\uFEFF/, '')
    .trimStart();
  return { isCsv: text !== '' && !text.startsWith('{'), isGzip };
}

async function beginning(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of bytes) return chunk;
  return Buffer.alloc(0);
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stat = await file.stat();
    if (stat.isDirectory()) throw new Error(`${path} is a folder`);
    if (!stat.isFile()) throw new Error(`${path} is no regular file, which could be read a second time`);
    return file;
  } catch (cause) {
    await file?.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RtnError('configuration', `the input's file cannot be read: ${reason}`, {
      cause,
      next: 'give the path of a file that is there, or file:- for stdin',
    });
  }
}
