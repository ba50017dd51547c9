import { RtnError } from '../error.js';
import type { History } from '../git/history.js';
import { type Artefact, FOLDERS, type Identity, pathOf, referenceTo } from '../registry/artefact.js';
import { changedParts } from '../registry/digest.js';
import { nextVersion } from '../registry/level.js';
import type { Registry } from '../registry/registry.js';
import { scriptsOf } from '../registry/scripts.js';
import type { FileChange } from '../registry/tree.js';
import type { Level } from '../registry/version.js';
import { movesTo, outdatedBy, type Targets, targetsIn } from './move.js';
import type { Plan } from './plan.js';
import { changedSince, publishedFiles } from './restore.js';
import { rewrite } from './rewrite.js';
import { textNameFor } from './text.js';

export interface BumpOptions extends Targets {
  readonly level: Level;
  readonly base?: BumpBase | undefined;
}

/** What a change will be judged against. */
interface BumpBase {
  /** What differs from it is an edit, though the record of what was published was rewritten with it. */
  readonly commit: string;
  /** The versions that the base has, or its target got since: no new one may be among them. */
  readonly taken: readonly Identity[];
}

/**
 * A new draft above the newest version of the artefact's line. Where a published file was edited in place, the edit is
 * *moved*: the new draft gets the edited text, and the published file is restored from git, so that nothing is lost.
 * Where the newest is a draft and has something to move to, the draft itself is edited.
 */
export async function planBump(
  artefact: Artefact,
  registry: Registry,
  options: BumpOptions,
  openHistory: () => Promise<History>,
): Promise<Plan> {
  const before = await changedFiles(artefact, registry, options.base?.commit, openHistory);
  const edited = [artefact, registry.newestInLine(artefact)].find(
    (candidate) =>
      candidate !== undefined &&
      ((candidate === artefact && before !== undefined) || changedParts(candidate, registry).length > 0),
  );
  const origin = edited ?? registry.newestInLine(artefact) ?? artefact;
  // One that was published and set back to a draft by hand is an edit like any other.
  if (origin.status === 'draft' && edited === undefined) return editDraft(origin, registry, options);
  const version = versionAbove(origin, registry, options);
  const draft = draftFiles(origin, version, registry, options);
  const notes = [`new draft ${origin.name}@${version}: ${draft[0]?.path} (from ${referenceTo(origin)})`];
  const restored = before ?? (edited && (await restoredFiles(edited, registry, openHistory)));
  if (edited && restored)
    notes.push(`moved the edit there; restored ${edited.path} from commit ${restored.commit.slice(0, 10)}`);
  return {
    changes: [...draft, ...(restored?.files ?? [])],
    notes,
    next: `${nextCommand(origin, version, registry)}${withDeps(options, registry)}`,
  };
}

/** Moves every operation whose newest version names another version of a target to it, each in a draft of its own. */
export async function planBumpAll(
  registry: Registry,
  { level, base, ...wanted }: BumpOptions,
  openHistory: () => Promise<History>,
): Promise<Plan> {
  const names = targetsIn(wanted).map(({ to }) => to);
  if (names.length === 0 || level !== 'patch') {
    throw new RtnError('usage', '--all moves every operation to a layer or to templates, and raises PATCH', {
      next: 'rtn bump --all --template NAME@VERSION, or --layer NAME@VERSION',
    });
  }
  const outdated = outdatedBy(wanted, registry);
  if (outdated.length === 0)
    return {
      changes: [],
      notes: [`nothing to do: no operation names another version of ${names.join(' or ')}`],
    };
  const plans: Plan[] = [];
  for (const { operation, targets } of outdated)
    plans.push(await planBump(operation, registry, { level, base, ...targets }, openHistory));
  const drafts = plans.flatMap(({ changes }) => changes[0]?.path ?? []);
  return {
    changes: plans.flatMap(({ changes }) => changes),
    notes: plans.flatMap(({ notes }) => notes),
    next: `rtn publish ${drafts.join(' ')}${withDeps(wanted, registry)}`,
  };
}

/** Moves a draft to the targets in place. */
function editDraft(draft: Artefact, registry: Registry, options: BumpOptions): Plan {
  const names = targetsIn(options).map(({ to }) => to);
  const named = referenceTo(draft);
  if (names.length === 0 || options.level !== 'patch') {
    throw new RtnError('usage', `${named} is a draft already: edit ${draft.path}`, {
      next: `rtn publish ${draft.name}`,
    });
  }
  const next = `rtn publish ${named}${withDeps(options, registry)}`;
  const replace = movesTo(draft, registry, options);
  if (replace.length === 0)
    return {
      changes: [],
      notes: [`nothing to do: draft ${named} names ${names.join(' and ')} already`],
      next,
    };
  return {
    changes: [{ path: draft.path, content: rewrite(draft.source, { replace }) }],
    notes: [`moved draft ${named} to ${names.join(' and ')}: ${draft.path}`],
    next,
  };
}

/** What is published on a draft needs that draft published first. */
function withDeps(targets: Targets, registry: Registry): string {
  const hasDraft = targetsIn(targets).some(({ kind, to }) => registry.resolve(kind, to)?.status === 'draft');
  return hasDraft ? ' --with-deps' : '';
}

/** The files of a published artefact at the base, where they differ from it. */
async function changedFiles(
  artefact: Artefact,
  registry: Registry,
  base: string | undefined,
  openHistory: () => Promise<History>,
) {
  if (base === undefined) return undefined;
  const history = await openHistory();
  try {
    const files = await changedSince(base, artefact, registry, history);
    return files && { commit: base, files };
  } finally {
    await history.close();
  }
}

async function restoredFiles(edited: Artefact, registry: Registry, openHistory: () => Promise<History>) {
  const history = await openHistory();
  try {
    return await publishedFiles(edited, registry, history);
  } finally {
    await history.close();
  }
}

/** A number that nobody has: neither here nor on the base. */
function versionAbove(
  { kind, name, version }: Artefact,
  registry: Registry,
  { level, base }: BumpOptions,
): string {
  const others = (base?.taken ?? []).filter((other) => other.kind === kind && other.name === name);
  const taken = [...registry.versions(kind, name), ...others].map((other) => other.version);
  return nextVersion(version, taken, level);
}

function draftFiles(
  origin: Artefact,
  version: string,
  registry: Registry,
  options: BumpOptions,
): FileChange[] {
  const change = {
    set: { version, status: 'draft' },
    drop: ['published', 'replaced_by', 'reason', 'remove_after'],
    replace: movesTo(origin, registry, options),
  };
  const path = pathOf({ ...origin, version });
  if (origin.kind === 'operation') {
    const scripts = scriptCopies(origin, version, registry);
    const replace = [...change.replace, ...scripts.map(({ at, run }) => ({ path: at, value: run }))];
    const document = rewrite(origin.source, { ...change, replace });
    return [newFile(registry, path, document), ...scripts.flatMap(({ file }) => file)];
  }
  if (origin.kind === 'layer') return [newFile(registry, path, rewrite(origin.source, change))];
  const text = registry.textOf(origin);
  if (text === undefined)
    throw new RtnError('configuration', `the text file of ${origin.path} is missing`, { next: 'rtn check' });
  const name = textNameFor(text.path.slice(text.path.lastIndexOf('/') + 1), origin.version, version);
  const document = rewrite(origin.source, { ...change, set: { ...change.set, text: name } });
  return [
    newFile(registry, path, document),
    newFile(registry, `${FOLDERS.template}/${origin.name}/${name}`, text.bytes),
  ];
}

/** Scripts of one's own are part of what was published, so the draft has copies that may be edited. */
function scriptCopies(origin: Artefact, version: string, registry: Registry) {
  return scriptsOf(origin).flatMap(({ file, path: at }) => {
    const content = file === undefined ? undefined : registry.tree.read(file);
    if (file === undefined || content === undefined) return [];
    const [folder, name] = [file.slice(0, file.lastIndexOf('/') + 1), file.slice(file.lastIndexOf('/') + 1)];
    const copy = `${folder}${textNameFor(name, origin.version, version)}`;
    const run = `./${copy.split('/').slice(2).join('/')}`;
    return [{ at, run, file: { ...newFile(registry, copy, content), copiedFrom: file } }];
  });
}

function newFile(registry: Registry, path: string, content: string | Uint8Array): FileChange {
  if (registry.tree.read(path) !== undefined)
    throw new RtnError('configuration', `${path} exists already; nothing is ever overwritten`, {
      next: 'rtn check',
    });
  return { path, content };
}

/** After a layer or template its users follow, one by name or all of them at once. */
function nextCommand({ kind, name, version: from }: Artefact, version: string, registry: Registry): string {
  const origin = registry.find(kind, name, from);
  const users = kind === 'operation' || origin === undefined ? [] : registry.dependents(origin);
  const names = [...new Set(users.map((user) => user.name))];
  if (names.length === 0) return `rtn publish ${name}`;
  const who = names.length > 1 && users.every((user) => user.kind === 'operation') ? '--all' : names[0];
  return `rtn publish ${name}, then rtn bump ${who} --${kind} ${name}@${version}`;
}
