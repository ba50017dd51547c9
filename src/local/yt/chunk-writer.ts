import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { YsonValue } from '../../yson/value.js';
import type { Chunk } from './node.js';
import { newObjectId } from './object-id.js';
import type { QuickBlock } from './quick-block.js';
import type { StoredRow } from './row.js';
import type { SkiffColumn } from './skiff-schema.js';

/** The index of a chunk has the byte offset of every so many rows. */
export const INDEX_STEP = 1024;

/** Rows go to the file in pieces of about this size. */
const WRITE_BYTES = 1024 * 1024;

/** Rows of a chunk: `<id>.rows`. Its index, offsets as little-endian doubles: `<id>.index`. */
export function chunkFiles(directory: string, id: string): { rows: string; index: string } {
  return { rows: join(directory, 'chunks', `${id}.rows`), index: join(directory, 'chunks', `${id}.index`) };
}

/** Writes one chunk file. Nothing refers to it until `finish` has given the chunk; `discard` removes it. */
export class ChunkWriter {
  readonly #directory: string;
  readonly #skiff: readonly SkiffColumn[] | undefined;
  readonly #id = newObjectId('chunk');
  readonly #offsets: number[] = [];
  #file: FileHandle | undefined;
  /** Rows that wait for company: many small writes cost more than what they write. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #rows = 0;
  #bytes = 0;
  #dataWeight = 0;
  #isPlain = true;

  /** With columns of skiff, all that is written are blocks of rows in it. */
  constructor(directory: string, skiff?: readonly SkiffColumn[]) {
    this.#directory = directory;
    this.#skiff = skiff;
  }

  get rows(): number {
    return this.#rows;
  }

  async write(rows: readonly StoredRow[]): Promise<void> {
    if (rows.length === 0) return;
    const bytes = Buffer.from(`${rows.map(({ line }) => line).join('\n')}\n`);
    this.#count(rows, bytes);
    await this.#append(bytes);
  }

  /** Writes lines, which are all plain, or rows in skiff as they are. */
  async writeBlock({ bytes, starts, weight }: QuickBlock): Promise<void> {
    for (
      let next = (INDEX_STEP - (this.#rows % INDEX_STEP)) % INDEX_STEP;
      next < starts.length;
      next += INDEX_STEP
    )
      this.#offsets.push(this.#bytes + (starts[next] as number));
    this.#rows += starts.length;
    this.#bytes += bytes.length;
    this.#dataWeight += weight;
    await this.#append(bytes);
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= WRITE_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#file ??= await open(chunkFiles(this.#directory, this.#id).rows, 'wx');
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  /** Undefined when no row was written. */
  async finish(lastKey: readonly YsonValue[] | undefined): Promise<Chunk | undefined> {
    if (this.#rows === 0) return undefined;
    await this.#flush();
    await this.#file?.close();
    this.#file = undefined;
    await writeFile(
      chunkFiles(this.#directory, this.#id).index,
      Buffer.from(Float64Array.from(this.#offsets).buffer),
    );
    const sizes = { rows: this.#rows, bytes: this.#bytes, dataWeight: this.#dataWeight };
    return {
      ...{ id: this.#id, ...sizes, isPlain: this.#isPlain && this.#skiff === undefined },
      ...(lastKey === undefined ? {} : { lastKey }),
      ...(this.#skiff === undefined ? {} : { skiff: this.#skiff }),
    };
  }

  async discard(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await removeChunk(this.#directory, this.#id);
  }

  #count(rows: readonly StoredRow[], bytes: Buffer): void {
    let at = 0;
    for (const { isPlain, weight } of rows) {
      if (this.#rows % INDEX_STEP === 0) this.#offsets.push(this.#bytes + at);
      this.#rows++;
      this.#dataWeight += weight;
      this.#isPlain &&= isPlain;
      at = bytes.indexOf(0x0a, at) + 1;
    }
    this.#bytes += bytes.length;
  }
}

export async function removeChunk(directory: string, id: string): Promise<void> {
  const files = chunkFiles(directory, id);
  await Promise.all([rm(files.rows, { force: true }), rm(files.index, { force: true })]);
}
