import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { foreignCode, RtnError } from '../error.js';

/** The folders of a registry itself. */
const FOLDERS: readonly string[] = ['operations', 'layers', 'templates'];

/** Folders that are never part of a registry, however wide a glob is. */
const NEVER_WALKED = new Set(['node_modules', '.git']);

/** A link is no file of the tree: what it leads to may lie outside. */
const NO_LINKS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** The regular files on disk below a root, each read once, when asked for; a file tree as the registry wants it. */
export function workTree(root: string): {
  list(folder: string): readonly string[];
  read(path: string): Uint8Array | undefined;
} {
  const lists = new Map<string, readonly string[]>();
  const contents = new Map<string, Uint8Array | undefined>();
  return {
    list(folder) {
      const list = lists.get(folder) ?? filesBelow(root, folder).sort();
      lists.set(folder, list);
      return list;
    },
    read(path) {
      if (!contents.has(path)) contents.set(path, readIfThere(join(root, path)));
      return contents.get(path);
    },
  };
}

/** One file to be written, or deleted where the content is null. */
interface Change {
  readonly path: string;
  readonly content: Uint8Array | string | null;
  /** The file whose mode a new one takes. */
  readonly copiedFrom?: string;
}

/**
 * Writes all changes or none: the new contents are first laid beside their places, then moved there one by one; when a
 * move fails, those done are taken back. Throws `configuration`.
 */
export function writeChanges(root: string, changes: readonly Change[]): void {
  const mark = `.rtn-${randomBytes(4).toString('hex')}`;
  const steps = changes.map(({ path, content, copiedFrom }) => {
    const target = join(root, path);
    const model = copiedFrom === undefined ? target : join(root, copiedFrom);
    const mode = statSync(model, { throwIfNoEntry: false })?.mode;
    return { target, staged: `${target}${mark}`, content, mode, before: readIfThere(target) };
  });
  const done: typeof steps = [];
  try {
    for (const { target, staged, content, mode } of steps) {
      mkdirSync(dirname(target), { recursive: true });
      if (content === null) continue;
      writeFileSync(staged, content, { flag: 'wx' });
      if (mode !== undefined) chmodSync(staged, mode & 0o777);
    }
    for (const step of steps) {
      if (step.content === null) rmSync(step.target, { force: true });
      else renameSync(step.staged, step.target);
      done.push(step);
    }
  } catch (cause) {
    for (const { target, before } of done)
      before === undefined ? rmSync(target, { force: true }) : writeFileSync(target, before);
    for (const { staged } of steps) rmSync(staged, { force: true });
    throw new RtnError(
      'configuration',
      `nothing was written: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** The nearest folder, from this one upwards, that holds a registry: `operations/` or rtn.yaml. */
export function findRoot(folder: string): string | undefined {
  if (existsSync(join(folder, 'operations')) || existsSync(join(folder, 'rtn.yaml'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : findRoot(parent);
}

function filesBelow(root: string, folder: string): string[] {
  if (folder !== '' && lstatSync(join(root, folder), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    if (!FOLDERS.includes(folder)) return [];
    // What a link leads to is not in git, so a base would see no change there: that must not pass for clean.
    throw new RtnError('undetermined', `${folder} is a symbolic link; a registry is made of real folders`);
  }
  return readFolder(join(root, folder)).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NEVER_WALKED.has(entry.name) ? [] : filesBelow(root, path);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}

function readFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    if (foreignCode(cause) === 'ENOENT' || foreignCode(cause) === 'ENOTDIR') return [];
    throw new RtnError('undetermined', `${folder} cannot be read`, { cause });
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path, { flag: NO_LINKS as unknown as string });
  } catch (cause) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR', 'ELOOP'].includes(foreignCode(cause) ?? '')) return undefined;
    throw new RtnError('undetermined', `${path} cannot be read`, { cause });
  }
}
