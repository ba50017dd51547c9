import { copyFileSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ComponentKind, type ComponentSpec, type ConfigField, camelCase } from '../component.js';
import { oneLine } from '../error.js';
import type { RunnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { isMap } from '../registry/jsonSchema.js';
import { modulePath, moduleUses } from '../registry/module.js';
import { loadRegistry } from '../registry/registry.js';
import { valueErrors } from '../registry/value.js';
import type { Session } from './session.js';

/** What `use:` can name in a registry. */
export interface Components {
  /** Those of the package, and those of the registry's own modules that are right. */
  readonly specs: readonly ComponentSpec[];
  /** What is wrong with the other modules, by the text of their `use:`; undefined where none was imported. */
  readonly problems: ReadonlyMap<string, string> | undefined;
}

/**
 * The package's components with those that operations name by path (`use: ./channels/loyalty.mjs`). Importing a module
 * runs it; with `isImported` false nothing is, and nothing is known of them.
 */
export async function componentsOf(
  root: string,
  session: Session,
  { isImported = true }: { readonly isImported?: boolean } = {},
): Promise<Components> {
  const builtIn = await session.components();
  if (!isImported) return { specs: builtIn, problems: undefined };
  const own: ComponentSpec[] = [];
  const problems = new Map<string, string>();
  for (const use of usesOf(root, builtIn)) {
    const spec = await specOf(use, root, builtIn);
    if (typeof spec === 'string') problems.set(use, spec);
    else if (spec !== undefined) own.push(spec);
  }
  return { specs: own.length === 0 ? builtIn : [...builtIn, ...own], problems };
}

/** How a runner written to the folder imports a module of the registry: by the copy beside it (a bundle), else from the root. */
export function importsFrom(folder: string, root: string): (module: string) => string {
  return (module) => {
    if (existsSync(join(folder, module))) return `./${module}`;
    const steps = relative(folder, join(root, module)).split(sep).map(encodeURIComponent);
    return steps[0] === '..' ? steps.join('/') : `./${steps.join('/')}`;
  };
}

/** Copies the modules that runners import, and what these import, to the same paths below the folder; gives the paths. */
export function copyModules(folder: string, { modules }: RunnerFiles, root: string): readonly string[] {
  for (const module of modules) {
    mkdirSync(dirname(join(folder, module)), { recursive: true });
    copyFileSync(join(root, module), join(folder, module));
  }
  return modules;
}

/** The modules that operations name. Only what has the look of a module's name in it is parsed for that. */
function usesOf(root: string, builtIn: readonly ComponentSpec[]): ReadonlySet<string> {
  const tree = workTree(root);
  const registry = loadRegistry(tree, builtIn);
  const candidates = registry.all('operation').filter(({ path }) => {
    const text = Buffer.from(tree.read(path) ?? '').toString('utf8');
    return text.includes('./') && /\.m?js\b/.test(text);
  });
  return new Set(candidates.flatMap(({ document }) => moduleUses(document)));
}

/** The spec of a module; a text that says what is wrong; undefined where a rule says that without importing. */
async function specOf(
  use: string,
  root: string,
  builtIn: readonly ComponentSpec[],
): Promise<ComponentSpec | string | undefined> {
  const module = modulePath(use);
  const path = module === undefined ? undefined : join(root, module);
  if (module === undefined || path === undefined || !existsSync(path)) return undefined;
  if (!realpathSync(path).startsWith(join(realpathSync(root), sep)))
    return `${use} is a link that leads out of the registry`;
  try {
    const exported: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
    const problem = problemOf(exported, builtIn);
    if (problem !== undefined) return `${use} is no component: ${problem}`;
    return { ...(exported.spec as ComponentSpec), key: use, module };
  } catch (thrown) {
    return `${use} cannot be imported: ${oneLine(thrown instanceof Error ? thrown.message : String(thrown))}`;
  }
}

const KINDS: readonly ComponentKind[] = ['reader', 'sender', 'channel', 'logger', 'task'];

/** Names that a runner uses otherwise, or that cannot be imported by. */
const TAKEN =
  /^(runner|select|encodeURIComponent|inputs|outputs|params|secrets|row|items|await|default|import|new|class|function|return|this|null|true|false|var|let|const|if|in|do|for)$/;

/** Why what a module exports is no component; undefined where it is one. */
function problemOf(
  exported: Readonly<Record<string, unknown>>,
  builtIn: readonly ComponentSpec[],
): string | undefined {
  const { spec } = exported;
  if (!isMap(spec)) return 'it exports no `spec`';
  const { kind, key, construct, description, fields, binds = [] } = spec;
  if (!KINDS.some((known) => known === kind)) return `spec.kind must be one of ${KINDS.join(', ')}`;
  if (typeof key !== 'string' || key === '') return 'spec.key must be a text';
  if (typeof description !== 'string') return 'spec.description must be a text';
  if (typeof construct !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(construct))
    return 'spec.construct must be the name of the constructor';
  if (TAKEN.test(construct) || builtIn.some((known) => known.construct === construct))
    return `spec.construct cannot be '${construct}', which a runner has already`;
  if (typeof exported[construct] !== 'function') return `it exports no function '${construct}'`;
  if (!isMap(fields)) return 'spec.fields must be a map';
  if (!areBonds(binds))
    return "spec.binds must be a list of {to: 'input' | 'output', schemes: […]}, each of the two once";
  return Object.entries(fields)
    .map(([name, field]) => fieldProblem(name, field))
    .find((problem) => problem !== undefined);
}

function areBonds(binds: unknown): boolean {
  if (!Array.isArray(binds)) return false;
  const keys = binds.map((bond: unknown) => (isMap(bond) ? bond.to : undefined));
  const areSchemes = (schemes: unknown) =>
    schemes === undefined ||
    (Array.isArray(schemes) && schemes.every((scheme) => typeof scheme === 'string'));
  return (
    new Set(keys).size === keys.length &&
    keys.every((key) => key === 'input' || key === 'output') &&
    binds.every((bond: unknown) => isMap(bond) && areSchemes(bond.schemes))
  );
}

function fieldProblem(name: string, field: unknown): string | undefined {
  const { description, schema, component } = (isMap(field) ? field : {}) as Partial<ConfigField>;
  if (
    !/^[a-z][a-z0-9_]*$/.test(name) ||
    name === 'use' ||
    name === 'select' ||
    camelCase(name) === 'constructor'
  )
    return `spec.fields: '${name}' is no name of a key`;
  if (typeof description !== 'string') return `spec.fields.${name} has no description`;
  if (!isMap(schema)) return `spec.fields.${name} has no schema`;
  if (component !== undefined && !KINDS.includes(component))
    return `spec.fields.${name}: no component '${component}'`;
  const errors = valueErrors(schema, undefined);
  return 'invalid' in errors ? `spec.fields.${name}: ${errors.invalid}` : undefined;
}
