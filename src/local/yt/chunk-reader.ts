import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { chunkFiles, INDEX_STEP } from './chunk-writer.js';
import type { Chunk } from './node.js';

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

/** The slice's lines, byte for byte as they are stored, in pieces of any size. */
export async function* sliceBytes(directory: string, { chunk, from, to }: Slice): AsyncGenerator<Buffer> {
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
