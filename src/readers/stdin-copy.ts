import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RtnError } from '../error.js';
import type { IdentityRun } from '../pipeline/contract.js';
import { fileNameOf } from '../pipeline/file-name.js';

/** Copies stay so long for a run to be started again; the next start that reads stdin removes older ones. */
const KEPT_MS = 7 * 24 * 3_600_000;

const SUFFIX = '.stdin';

/** With pieces as small as streams read by default, reading takes longer than the digest. */
const DIGEST_CHUNK_BYTES = 262_144;

/** The copy of stdin that a run reads. */
export interface StdinCopy {
  readonly path: string;
  /** Digest of its bytes: `sha256:…`. */
  readonly digest: string;
}

/**
 * Copies stdin into a file of the run in its state folder, to its end and onto the disk, before anything is read: the
 * copy is the input, so that positions are the same on every start. Where the run's id is to be derived from it, the copy
 * is named after its digest. A run that has its copy reads that, and nothing
 * more of stdin. Beside it stands its digest, which is checked.
 */
export async function copyStdin(stdin: NodeJS.ReadableStream, run: IdentityRun): Promise<StdinCopy> {
  const pathOf = (name: string) => join(run.stateDir, `${fileNameOf(name)}${SUFFIX}`);
  try {
    await mkdir(run.stateDir, { recursive: true });
    await removeOld(run);
    if (run.id === undefined) return await copy(stdin, run.stateDir, pathOf);
    const path = pathOf(run.id);
    const known = await readFile(`${path}.sha256`, 'utf8').catch(() => undefined);
    if (known === undefined) return await copy(stdin, run.stateDir, () => path);
    if (known.trim() !== (await digestOf(path)))
      throw new RtnError('data', `the run's copy of stdin is not what it was: ${path} has another digest`, {
        next: 'start with another --run-id',
      });
    run.warn(`stdin is not read: the run '${run.id}' has its copy, ${path}`);
    return { path, digest: known.trim() };
  } catch (cause) {
    if (cause instanceof RtnError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RtnError('configuration', `stdin cannot be copied to ${run.stateDir}: ${reason}`, {
      cause,
      next: 'give a --state-dir with enough room',
    });
  }
}

/** `pathOf` names the copy after its digest. */
async function copy(
  stdin: NodeJS.ReadableStream,
  folder: string,
  pathOf: (digest: string) => string,
): Promise<StdinCopy> {
  if ('isTTY' in stdin && stdin.isTTY === true)
    throw new RtnError('usage', 'the input is stdin, and nothing is piped into it', {
      next: 'cat rows.ndjson | node RUNNER --INPUT file:-',
    });
  const part = join(folder, `stdin.${process.pid}.part`);
  const hash = createHash('sha256');
  const file = await open(part, 'w', 0o600);
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } catch (thrown) {
    await rm(part, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
  const digest = `sha256:${hash.digest('hex')}`;
  const path = pathOf(digest);
  await rename(part, path);
  await writeFile(`${path}.sha256`, `${digest}\n`, { mode: 0o600, flush: true });
  return { path, digest };
}

/** Digest of a file's bytes: `sha256:…`. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  const stream = file.createReadStream({ highWaterMark: DIGEST_CHUNK_BYTES });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

async function removeOld({ stateDir, clock }: IdentityRun): Promise<void> {
  for (const name of await readdir(stateDir)) {
    if (!name.endsWith(SUFFIX) && !name.endsWith(`${SUFFIX}.sha256`)) continue;
    const path = join(stateDir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (clock.now() - mtimeMs > KEPT_MS) await rm(path, { force: true });
  }
}
