import type { ComponentSpec } from '../component.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { lockfileOf, pathsNamed, sourceFiles, sourceGlobs } from '../registry/layerSources.js';
import { relativeImports } from '../registry/module.js';
import type { FileTree } from '../registry/tree.js';
import { type Judged, listInWords } from './rule.js';
import { componentsOf } from './use.js';

const MOST_FILES = 5;

/**
 * Who runs on a layer whose sources changed. With a base, the operations whose components were touched are told apart:
 * those that use a component from whose file a changed one can be reached through imports.
 */
export function affectedOperations(layer: Artefact, { registry, specs, base }: Judged): string[] {
  const users = registry
    .dependents(layer)
    .filter(({ status }) => status === 'active' || status === 'deprecated');
  if (users.length === 0) return [];
  const all = `used by ${listInWords(users.map(referenceTo))}`;
  if (base === undefined) return [all];
  const globs = sourceGlobs(layer);
  const changed = pathsNamed(globs, base.changed);
  const lockfile = lockfileOf(layer);
  const isLockfileChanged = lockfile !== undefined && base.changed.has(lockfile);
  if (changed.length === 0 && !isLockfileChanged) return [all];
  const isTouched = touchedConstructors(sourceFiles(globs, registry.tree), changed, registry.tree);
  // Whatever the lockfile pins may be in any component.
  const affected = isLockfileChanged ? [] : users.filter((user) => componentsOf(user, specs).some(isTouched));
  return [
    `changed: ${filesInWords([...new Set([...(isLockfileChanged ? [lockfile] : []), ...changed])])}`,
    affected.length > 0 ? `components changed of ${listInWords(affected.map(referenceTo))}` : all,
  ];
}

/** Whether the file that exports a constructor is a changed one, or imports one, at any remove. */
function touchedConstructors(
  files: readonly string[],
  changed: readonly string[],
  tree: FileTree,
): (component: ComponentSpec) => boolean {
  const texts = files.map((file) => [file, Buffer.from(tree.read(file) ?? '').toString('utf8')] as const);
  const importers = new Map<string, string[]>();
  for (const [file, text] of texts)
    for (const target of relativeImports(file, text))
      importers.set(target, [...(importers.get(target) ?? []), file]);
  const touched = new Set(changed);
  // A set hands out what is added to it while it is gone through.
  for (const file of touched) for (const importer of importers.get(file) ?? []) touched.add(importer);
  const isAnyGone = changed.some((file) => !files.includes(file));
  return ({ construct, module }) => {
    if (module !== undefined) return touched.has(module);
    const isExport = new RegExp(
      `export\\s+((async\\s+)?(function|const|class)\\s+|\\{[^}]*\\b)${construct}\\b`,
    );
    const home = texts.find(([, text]) => isExport.test(text))?.[0];
    return home === undefined ? isAnyGone : touched.has(home);
  };
}

function filesInWords(files: readonly string[]): string {
  const more = files.length - MOST_FILES;
  return `${files.slice(0, MOST_FILES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
