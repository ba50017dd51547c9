import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { foreignCode, RtnError } from '../error.js';

/**
 * Makes a file whole or not at all, with its content and its name on the disk, and gives it open for appending;
 * undefined where the name is taken. Of many that try at once, in whatever processes, one succeeds.
 */
export async function createDurably(path: string, content: string): Promise<FileHandle | undefined> {
  const { file, beside } = await writeBeside(path, content);
  try {
    await link(beside, path);
  } catch (thrown) {
    await file.close();
    if (foreignCode(thrown) === 'EEXIST') return undefined;
    throw thrown;
  } finally {
    await rm(beside, { force: true });
  }
  await syncFolder(dirname(path));
  return file;
}

/** Puts a file in place of the one of that name: whoever opens it sees the old or the new, whole. */
export async function replaceDurably(path: string, content: string): Promise<void> {
  const { file, beside } = await writeBeside(path, content);
  await file.close();
  await rename(beside, path);
  await syncFolder(dirname(path));
}

async function writeBeside(path: string, content: string): Promise<{ file: FileHandle; beside: string }> {
  const beside = `${path}.${randomUUID()}.new`;
  const file = await open(beside, 'ax', 0o600);
  try {
    await file.appendFile(content);
    await file.sync();
    return { file, beside };
  } catch (thrown) {
    await file.close();
    await rm(beside, { force: true });
    throw thrown;
  }
}

/** Makes the names of a folder durable; where a folder cannot be opened (Windows) its system does that itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The size of a file in bytes; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (foreignCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Runs an operation on files; what fails becomes `storage`, with what could not be done before the system's words. */
export async function storing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof RtnError) throw cause;
    throw new RtnError('storage', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
