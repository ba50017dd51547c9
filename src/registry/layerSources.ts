import picomatch from 'picomatch';
import type { Artefact } from './artefact.js';
import { canonicalJson, sha256 } from './canonical.js';
import { compareText } from './finding.js';
import { textDigest } from './scripts.js';
import type { FileTree } from './tree.js';

/** The globs of a layer's sources; one that begins with `!` takes files away again. */
export function sourceGlobs({ document }: Pick<Artefact, 'document'>): readonly string[] {
  const { sources } = document;
  return Array.isArray(sources) ? sources.filter((glob): glob is string => typeof glob === 'string') : [];
}

/** The files of the tree that the globs of a layer name, in order. Nothing outside the tree can be named. */
export function sourceFiles(globs: readonly string[], tree: FileTree): string[] {
  const wanted = globs.filter((glob) => !glob.startsWith('!'));
  const isUnwanted = picomatch(globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)));
  const files = wanted.flatMap((glob) => {
    const { base, isGlob } = picomatch.scan(glob);
    if (!isGlob) return tree.read(glob) === undefined ? [] : [glob];
    const isWanted = picomatch(glob);
    return tree.list(base).filter((file) => isWanted(file));
  });
  return [...new Set(files)].filter((file) => !isUnwanted(file)).sort(compareText);
}

/** What the tree says now of a layer: one digest over its sources, one over its lockfile; none for what it does not name. */
export function sourceDigests(layer: Pick<Artefact, 'document'>, tree: FileTree): Record<string, string> {
  const globs = sourceGlobs(layer);
  const { lockfile } = layer.document;
  const lock = typeof lockfile === 'string' ? tree.read(lockfile) : undefined;
  return {
    ...(globs.length > 0 && { sources: treeDigest(sourceFiles(globs, tree), tree) }),
    ...(lock !== undefined && { lockfile: textDigest(lock) }),
  };
}

function treeDigest(files: readonly string[], tree: FileTree): string {
  return sha256(canonicalJson(files.map((file) => [file, textDigest(tree.read(file) ?? new Uint8Array())])));
}
