import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { chunkFiles, INDEX_STEP } from './chunk-writer.js';
import type { Chunk } from './node.js';
import type { QuickBlock } from './quick-block.js';
import { skiffBlocks } from './skiff-blocks.js';
import { SkiffScanner } from './skiff-scanner.js';

/** A run of rows inside one chunk: `from` inclusive, `to` exclusive, counted from the chunk's first row. */
export interface Slice {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
}

/** The slices that make up rows `from` to `to` of a table. */
export function slicesOf(chunks: readonly Chunk[], from: number, to: number): Slice[] {
  const slices: Slice[] = [];
  let start = 0;
  for (const chunk of chunks) {
    const slice = { chunk, from: Math.max(0, from - start), to: Math.min(chunk.rows, to - start) };
    if (slice.from < slice.to) slices.push(slice);
    start += chunk.rows;
  }
  return slices;
}

/** The slice's lines, byte for byte as they are stored, in pieces of any size. Not for rows in skiff. */
export function sliceBytes(directory: string, { chunk, from, to }: Slice): AsyncGenerator<Buffer> {
  return bytesOf(directory, chunk, from, to);
}

/** The slice's rows, of a chunk in skiff, in blocks whose `starts` are those of these rows alone. */
export async function* sliceBlocks(
  directory: string,
  { chunk, from, to }: Slice,
): AsyncGenerator<Pick<QuickBlock, 'bytes' | 'starts'>> {
  let row = from - (from % INDEX_STEP);
  const end = Math.min(Math.ceil(to / INDEX_STEP) * INDEX_STEP, chunk.rows);
  const scanner = new SkiffScanner(chunk.skiff ?? []);
  for await (const { bytes, starts } of skiffBlocks(bytesOf(directory, chunk, row, end), scanner)) {
    const wanted = starts.slice(Math.max(from - row, 0), Math.max(to - row, 0));
    if (wanted.length > 0) yield { bytes, starts: wanted };
    row += starts.length;
  }
}

/** From one row to another. In skiff both have to be in the index. */
async function* bytesOf(directory: string, chunk: Chunk, from: number, to: number): AsyncGenerator<Buffer> {
  const files = chunkFiles(directory, chunk.id);
  // The file stays open from here on: it may be removed while it is read.
  const rows = await open(files.rows);
  try {
    const index = await open(files.index);
    let start: number;
    let end: number;
    try {
      start = await offsetOf(rows, index, from);
      end = to === chunk.rows ? chunk.bytes : await offsetOf(rows, index, to);
    } finally {
      await index.close();
    }
    yield* createReadStream('', {
      fd: rows,
      start,
      end: end - 1,
      autoClose: false,
      highWaterMark: 256 * 1024,
    });
  } finally {
    await rows.close();
  }
}

async function offsetOf(rows: FileHandle, index: FileHandle, row: number): Promise<number> {
  const entry = Buffer.alloc(8);
  await index.read(entry, 0, 8, Math.floor(row / INDEX_STEP) * 8);
  let offset = entry.readDoubleLE();
  let left = row % INDEX_STEP;
  const piece = Buffer.alloc(64 * 1024);
  while (left > 0) {
    const { bytesRead } = await rows.read(piece, 0, piece.length, offset);
    if (bytesRead === 0) throw new Error(`a chunk ends before row ${row}`);
    let at = 0;
    while (left > 0) {
      const found = piece.subarray(0, bytesRead).indexOf(0x0a, at);
      if (found === -1) break;
      at = found + 1;
      left--;
    }
    offset += left > 0 ? bytesRead : at;
  }
  return offset;
}
