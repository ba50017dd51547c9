import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_NAME } from '../generator/runner.js';

/** What package.json files say, as far as `rtn` reads them. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
  readonly exports?: unknown;
  readonly engines?: Readonly<Record<string, string>>;
}

/** The folder of the package that this `rtn` belongs to. */
export function packageRoot(): string {
  return fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
}

export function manifestOf(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/**
 * The folder that a module in `folder` would import our package from, as Node looks it up (packages_resolve): the
 * package that encloses it when it is ours, else node_modules upwards. Undefined where nothing is found.
 */
export function resolvedFrom(folder: string): string | undefined {
  const folders = ancestors(realPathOf(resolve(folder)));
  const scope = folders.find((each) => existsSync(join(each, 'package.json')));
  const enclosing = scope === undefined ? undefined : manifestOf(scope);
  if (enclosing?.name === PACKAGE_NAME && enclosing.exports !== undefined) return scope;
  return folders.map((each) => join(each, 'node_modules', PACKAGE_NAME)).find((each) => existsSync(each));
}

function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** The real path of the part that exists, with the rest behind it. */
function realPathOf(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  const parent = dirname(folder);
  return parent === folder ? folder : join(realPathOf(parent), folder.slice(parent.length));
}
