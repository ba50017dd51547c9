import { posix } from 'node:path';
import picomatch from 'picomatch';
import type { Artefact } from './artefact.js';
import { canonicalJson, sha256 } from './canonical.js';
import { compareText } from './finding.js';
import { textDigest } from './scripts.js';
import type { FileTree } from './tree.js';

/** The globs of a layer's sources, `./` and the like resolved; one that begins with `!` takes files away again. */
export function sourceGlobs({ document }: Pick<Artefact, 'document'>): readonly string[] {
  const { sources } = document;
  const globs = Array.isArray(sources) ? sources.filter((glob) => typeof glob === 'string') : [];
  return globs.map((glob) =>
    glob.startsWith('!') ? `!${posix.normalize(glob.slice(1))}` : posix.normalize(glob),
  );
}

/** The path of a layer's lockfile, from the root. */
export function lockfileOf({ document }: Pick<Artefact, 'document'>): string | undefined {
  return typeof document.lockfile === 'string' ? posix.normalize(document.lockfile) : undefined;
}

/** The files of the tree that the globs of a layer name, in order. Nothing outside the tree can be named. */
export function sourceFiles(globs: readonly string[], tree: FileTree): string[] {
  const isUnwanted = picomatch(globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)));
  const files = globs.flatMap((glob) => filesOfGlob(glob, tree));
  return [...new Set(files)].filter((file) => !isUnwanted(file)).sort(compareText);
}

/** The files that one glob names; none where it takes away. */
export function filesOfGlob(glob: string, tree: FileTree): string[] {
  if (glob.startsWith('!')) return [];
  const { base, isGlob } = picomatch.scan(glob);
  if (!isGlob) return tree.read(glob) === undefined ? [] : [glob];
  const isWanted = picomatch(glob);
  return tree.list(base).filter((file) => isWanted(file));
}

/** Those of some paths that the globs name, whether or not a file stands there. */
export function pathsNamed(globs: readonly string[], paths: ReadonlySet<string>): string[] {
  const list = [...paths];
  return sourceFiles(globs, {
    list: () => list,
    read: (path) => (paths.has(path) ? new Uint8Array() : undefined),
  });
}

/** What the tree says now of a layer: one digest over its sources, one over its lockfile; none for what it does not name. */
export function sourceDigests(layer: Pick<Artefact, 'document'>, tree: FileTree): Record<string, string> {
  const globs = sourceGlobs(layer);
  const lockfile = lockfileOf(layer);
  const lock = lockfile === undefined ? undefined : tree.read(lockfile);
  return {
    ...(globs.length > 0 && { sources: treeDigest(sourceFiles(globs, tree), tree) }),
    ...(lock !== undefined && { lockfile: textDigest(lock) }),
  };
}

function treeDigest(files: readonly string[], tree: FileTree): string {
  return sha256(canonicalJson(files.map((file) => [file, textDigest(tree.read(file) ?? new Uint8Array())])));
}
