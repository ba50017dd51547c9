import { posix } from 'node:path';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { lockfileOf, pathsNamed, sourceFiles, sourceGlobs } from '../registry/layerSources.js';
import type { FileTree } from '../registry/tree.js';
import { type Judged, listInWords } from './rule.js';
import { componentsOf } from './use.js';

/**
 * Who runs on a layer whose sources changed. With a base, the operations whose components were touched are told apart:
 * those that use a component from whose file a changed one can be reached through imports.
 */
export function affectedOperations(layer: Artefact, judged: Judged): string[] {
  const { registry, base } = judged;
  const users = registry
    .dependents(layer)
    .filter(({ status }) => status === 'active' || status === 'deprecated');
  if (users.length === 0) return [];
  const all = `used by ${listInWords(users.map(referenceTo))}`;
  if (base === undefined) return [all];
  const globs = sourceGlobs(layer);
  const sources = pathsNamed(globs, base.changed);
  const lockfile = lockfileOf(layer);
  const changed =
    lockfile !== undefined && base.changed.has(lockfile) ? [...new Set([lockfile, ...sources])] : sources;
  if (changed.length === 0) return [all];
  const isTouched = touchedConstructors(sourceFiles(globs, registry.tree), new Set(sources), registry.tree);
  const affected = users.filter((user) =>
    componentsOf(user, judged.specs).some(({ construct }) => isTouched(construct)),
  );
  return [
    `changed: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`,
    affected.length > 0 ? `components changed of ${listInWords(affected.map(referenceTo))}` : all,
  ];
}

/** Whether the file that exports a constructor is a changed one, or imports one, at any remove. */
function touchedConstructors(
  files: readonly string[],
  changed: ReadonlySet<string>,
  tree: FileTree,
): (construct: string) => boolean {
  const texts = new Map(files.map((file) => [file, Buffer.from(tree.read(file) ?? '').toString('utf8')]));
  const touched = new Set(changed);
  for (let before = -1; before !== touched.size; ) {
    before = touched.size;
    for (const [file, text] of texts)
      if (importsOf(file, text).some((other) => touched.has(other))) touched.add(file);
  }
  const isAnyGone = [...changed].some((file) => !texts.has(file));
  return (construct) => {
    const declares = new RegExp(
      `export\\s+((async\\s+)?(function|const|class)\\s+|\\{[^}]*\\b)${construct}\\b`,
    );
    const home = files.find((file) => declares.test(texts.get(file) ?? ''));
    return home === undefined ? isAnyGone : touched.has(home);
  };
}

/** The relative imports of a module, as paths of the tree; TypeScript names the `.js` that will be. */
function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"\n]+)['"]/g)];
  return specifiers.flatMap(([, specifier = '']) => {
    const target = posix.join(posix.dirname(file), specifier);
    return [target, target.replace(/\.(m?)js$/, '.$1ts')];
  });
}
