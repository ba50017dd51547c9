import { realpathSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { BlobReader } from './blobs.js';
import { git } from './git.js';

/** Earlier contents of files in the work tree, read from the commits that touched them. */
export interface History {
  /** Hashes of the commits that touched any of the paths, newest first. Paths are relative to the folder given to `openHistory`. */
  commitsTouching(paths: readonly string[]): Promise<string[]>;
  read(commit: string, path: string): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Opens the history of the repository around a folder. Throws `undetermined` where there is none. */
export async function openHistory(folder: string): Promise<History> {
  const top = (await git(folder, ['rev-parse', '--show-toplevel'])).replace(/\n$/, '');
  const below = relative(realpathSync(top), realpathSync(folder)).split(sep).join('/');
  const blobs = new BlobReader(folder);
  return {
    async commitsTouching(paths) {
      const hasCommits = await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']).catch(
        () => undefined,
      );
      if (hasCommits === undefined) return [];
      // --full-history: a merge must not hide the side on which a file was what it had been published as.
      const output = await git(folder, [
        '--literal-pathspecs',
        'log',
        '--full-history',
        '--format=%H',
        'HEAD',
        '--',
        ...paths,
      ]);
      return output.split('\n').filter((line) => line !== '');
    },
    read: (commit, path) => blobs.read(commit, below === '' ? path : `${below}/${path}`),
    close: () => blobs.close(),
  };
}
