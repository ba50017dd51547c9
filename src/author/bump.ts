import { RtnError } from '../error.js';
import type { History } from '../git/history.js';
import { type Artefact, FOLDERS, pathOf, referenceTo } from '../registry/artefact.js';
import { changedParts } from '../registry/digest.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import type { FileChange } from '../registry/tree.js';
import { type Level, raise, splitReference } from '../registry/version.js';
import type { Plan } from './plan.js';
import { publishedFiles } from './restore.js';
import { type Rewrite, rewrite } from './rewrite.js';

export interface BumpOptions {
  readonly level: Level;
  /** `name@version` of the layer that the new draft names instead. */
  readonly layer?: string | undefined;
  /** `name@version` of templates: runners that use another version of the same name move to it. */
  readonly templates?: readonly string[] | undefined;
}

/**
 * A new draft above the newest version of the artefact's line. Where a published file was edited in place, the edit is
 * *moved*: the new draft gets the edited text, and the published file is restored from git, so that nothing is lost.
 */
export async function planBump(
  artefact: Artefact,
  registry: Registry,
  options: BumpOptions,
  openHistory: () => Promise<History>,
): Promise<Plan> {
  const edited = [artefact, registry.newestInLine(artefact)].find(
    (candidate) => candidate !== undefined && changedParts(candidate, registry).length > 0,
  );
  const origin = edited ?? registry.newestInLine(artefact) ?? artefact;
  if (origin.status === 'draft') {
    throw new RtnError('usage', `${referenceTo(origin)} is a draft already: edit ${origin.path}`, {
      next: `rtn publish ${origin.name}`,
    });
  }
  const version = nextVersion(origin, registry, options.level);
  const draft = draftFiles(origin, version, registry, options);
  const notes = [`new draft ${origin.name}@${version}: ${draft[0]?.path} (from ${referenceTo(origin)})`];
  const restored = edited && (await restoredFiles(edited, registry, openHistory));
  if (edited && restored)
    notes.push(`moved the edit there; restored ${edited.path} from commit ${restored.commit.slice(0, 10)}`);
  return {
    changes: [...draft, ...(restored?.files ?? [])],
    notes,
    next: nextCommand(origin, version, registry),
  };
}

async function restoredFiles(edited: Artefact, registry: Registry, openHistory: () => Promise<History>) {
  const history = await openHistory();
  try {
    return await publishedFiles(edited, registry, history);
  } finally {
    await history.close();
  }
}

/** PATCH rises above the tip of the line, MINOR and MAJOR above every version there is. */
function nextVersion(origin: Artefact, registry: Registry, level: Level): string {
  const tip = level === 'patch' ? registry.newestInLine(origin) : registry.find(origin.kind, origin.name);
  return raise((tip ?? origin).version, level);
}

function draftFiles(
  origin: Artefact,
  version: string,
  registry: Registry,
  options: BumpOptions,
): FileChange[] {
  const change = {
    set: { version, status: 'draft' },
    drop: ['published', 'replaced_by', 'reason'],
    replace: moves(origin, registry, options),
  };
  const path = pathOf({ ...origin, version });
  if (origin.kind !== 'template') return [newFile(registry, path, rewrite(origin.source, change))];
  const text = registry.textOf(origin);
  if (text === undefined)
    throw new RtnError('configuration', `the text file of ${origin.path} is missing`, { next: 'rtn check' });
  const oldName = text.path.slice(text.path.lastIndexOf('/') + 1);
  const name = oldName.includes(origin.version)
    ? oldName.replace(origin.version, version)
    : `${version}.${oldName}`;
  const document = rewrite(origin.source, { ...change, set: { ...change.set, text: name } });
  return [
    newFile(registry, path, document),
    newFile(registry, `${FOLDERS.template}/${origin.name}/${name}`, text.bytes),
  ];
}

/** The values of `layer` and `template` keys that the options move to another version. */
function moves(
  origin: Artefact,
  registry: Registry,
  { layer, templates = [] }: BumpOptions,
): NonNullable<Rewrite['replace']> {
  const wanted = [
    ...(layer === undefined ? [] : [{ kind: 'layer' as const, to: layer }]),
    ...templates.map((to) => ({ kind: 'template' as const, to })),
  ];
  return wanted.flatMap(({ kind, to }) => {
    if (registry.resolve(kind, to) === undefined)
      throw new RtnError('usage', `there is no ${kind} ${to}`, {
        next: `rtn bump ${origin.name} --${kind} NAME@VERSION`,
      });
    const named = dependenciesOf(origin).filter((dependency) => dependency.kind === kind);
    // An operation has one layer, which may be another one by name; of its templates, those of this name move.
    const moved = named.filter(
      ({ reference }) =>
        kind === 'layer' || splitReference(String(reference)).name === splitReference(to).name,
    );
    if (moved.length === 0)
      throw new RtnError('usage', `${referenceTo(origin)} names no ${kind} ${splitReference(to).name}`);
    return moved.map(({ path }) => ({ path, value: to }));
  });
}

function newFile(registry: Registry, path: string, content: string | Uint8Array): FileChange {
  if (registry.tree.read(path) !== undefined)
    throw new RtnError('configuration', `${path} exists already; nothing is ever overwritten`, {
      next: 'rtn check',
    });
  return { path, content };
}

function nextCommand({ kind, name, version: from }: Artefact, version: string, registry: Registry): string {
  const origin = registry.find(kind, name, from);
  const [user] = kind === 'operation' || origin === undefined ? [] : registry.dependents(origin);
  return user === undefined
    ? `rtn publish ${name}`
    : `rtn publish ${name}, then rtn bump ${user.name} --${kind} ${name}@${version}`;
}
