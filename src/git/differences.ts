import { git } from './git.js';

/** What stands at a path on one side of a comparison. */
type Side =
  | { readonly kind: 'none' | 'link' | 'submodule' }
  /** `id` is all zeros where the content is that of the file on disk. */
  | { readonly kind: 'file'; readonly id: string };

/** A path that differs, relative to the folder. */
export interface Entry {
  readonly path: string;
  readonly before: Side;
  readonly after: Side;
}

/**
 * What `git diff` finds between two of: a commit, the index, the files on disk. Renames are told as one path gone and
 * one come. Reads the raw format (git-diff(1), RAW OUTPUT FORMAT), whose paths need no unquoting with -z.
 */
export async function differences(folder: string, between: readonly string[]): Promise<Entry[]> {
  const output = await git(folder, [
    '--literal-pathspecs',
    'diff',
    '--raw',
    '-z',
    '--relative',
    '--no-renames',
    '--no-abbrev',
    '--no-ext-diff',
    '--no-textconv',
    '--ignore-submodules=none',
    ...between,
    '--',
  ]);
  const fields = output.split('\0');
  const entries: Entry[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [modeBefore = '', modeAfter = '', idBefore = '', idAfter = '', status] = (fields[index] ?? '')
      .slice(1)
      .split(' ');
    const path = fields[index + 1] ?? '';
    // A conflict has a row of its own beside that of the file on disk.
    if (status === 'U') continue;
    entries.push({ path, before: sideOf(modeBefore, idBefore), after: sideOf(modeAfter, idAfter) });
  }
  return entries;
}

/** Files that git does not track and does not ignore. */
export async function untracked(folder: string): Promise<string[]> {
  const output = await git(folder, ['ls-files', '--others', '--exclude-standard', '-z']);
  return output.split('\0').filter((path) => path !== '');
}

function sideOf(mode: string, id: string): Side {
  if (mode === '120000') return { kind: 'link' };
  if (mode === '160000') return { kind: 'submodule' };
  return mode.startsWith('100') ? { kind: 'file', id } : { kind: 'none' };
}
