import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { foreignCode, oneLine, RtnError } from '../error.js';

const CHUNK_BYTES = 262_144;

/** The bytes of a file from its start. A chunk is good until the next one is asked for. */
export async function* fileBytes(file: FileHandle): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let offset = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

/**
 * What a gzip file holds, of any number of members one after the other. Throws `data` where it is damaged or cut off,
 * with the offset in the compressed file up to which it could be read; what came before has been given by then.
 */
export async function* gunzippedBytes(file: FileHandle, path: string): AsyncGenerator<Buffer> {
  const { size } = await file.stat();
  if (size === 0) throw damaged(path, 'it is empty', 0, size);
  const source = Readable.from(copied(fileBytes(file)), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  source.once('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (thrown) {
    if (foreignCode(thrown)?.startsWith('Z_') !== true) throw thrown;
    throw damaged(path, oneLine((thrown as Error).message), gunzip.bytesWritten, size, thrown);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** Chunks of their own, for a consumer that keeps several. */
async function* copied(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function damaged(path: string, reason: string, offset: number, size: number, cause?: unknown): RtnError {
  return new RtnError(
    'data',
    `the input's file ${path} is no whole gzip file: ${reason}, at byte ${offset} of ${size}`,
    { cause, details: { path, offset, size }, next: `gzip -t ${path}, and get the file once more` },
  );
}
