import { posix } from 'node:path';
import { isMap } from './jsonSchema.js';
import type { FileTree } from './tree.js';

/** A module of the registry's own by its path from the root, as `use:` names it: plain names, no way up. */
const MODULE_USE = /^\.\/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.m?js$/;

/** Whether a `use:` means a module and no component of this package. */
export function isModuleUse(use: string): boolean {
  return /^\.{0,2}[/\\]/.test(use) || /\.[cm]?[jt]s$/.test(use);
}

/** The path of the module from the root; undefined where the text names none inside it. */
export function modulePath(use: string): string | undefined {
  return MODULE_USE.test(use) && !/\.\.(\/|$)/.test(use) ? use.slice(2) : undefined;
}

/** The modules that the runners of an operation's document name, as written, each once. */
export function moduleUses(document: Readonly<Record<string, unknown>>): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isMap(value)) return;
    if (typeof value.use === 'string' && isModuleUse(value.use)) found.add(value.use);
    Object.values(value).forEach(visit);
  };
  visit(document.runners);
  return [...found];
}

/** A module with all that it imports by relative paths, at any remove, as far as it is there. */
export function moduleFiles(path: string, tree: FileTree): string[] {
  const files = new Set<string>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const bytes = files.has(next) || next.startsWith('..') ? undefined : tree.read(next);
    if (bytes === undefined) continue;
    files.add(next);
    open.push(...relativeImports(next, Buffer.from(bytes).toString('utf8')));
  }
  return [...files];
}

/** The relative imports of a module, as paths of the tree, but for types; TypeScript names the `.js` that will be. */
export function relativeImports(file: string, text: string): string[] {
  const code = text.replace(/\b(import|export)\s+type\b[^'"]*from\s*['"][^'"\n]*['"]/g, '');
  const specifiers = [...code.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"\n]+)['"]/g)];
  return specifiers.flatMap(([, specifier = '']) => {
    const target = posix.join(posix.dirname(file), specifier);
    return [target, target.replace(/\.(m?)js$/, '.$1ts')];
  });
}
