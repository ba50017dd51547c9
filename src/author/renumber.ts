import { RtnError } from '../error.js';
import { type Artefact, FOLDERS, type Identity, pathOf, referenceTo } from '../registry/artefact.js';
import { changedParts, digestsOf } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import type { FileChange } from '../registry/tree.js';
import { isVersion } from '../registry/version.js';
import type { Plan } from './plan.js';
import { type Rewrite, rewrite } from './rewrite.js';

/**
 * Gives a version another number: its files move, and whatever names it names the new one. Digests of what is published
 * are made anew, so a version that others have already must never be renumbered; who calls decides. Throws `usage`.
 */
export function planRenumber(artefact: Artefact, version: string, registry: Registry): Plan {
  refuseVersion(artefact, version, registry);
  const users = usersOf(artefact, registry);
  for (const each of [artefact, ...users]) refuseEdited(each, registry);
  const named = `${artefact.name}@${version}`;
  const notes = [
    `renumbered ${artefact.kind} ${spelt(artefact)} to ${named}: ${pathOf({ ...artefact, version })}`,
  ];
  let changes = recorded({ ...artefact, version }, moved(artefact, version, registry), registry);
  for (const user of users) {
    const replace = namings(user, artefact, named, registry);
    const content = rewrite(user.source, { replace });
    const then = recorded(user, [...changes, { path: user.path, content }], registry);
    if (then.at(-1)?.content === user.source.text) continue;
    changes = then;
    const how = replace.length > 0 ? `names ${named} now` : 'has new digests, since it depends on it';
    notes.push(`${user.kind} ${referenceTo(user)} ${how}: ${user.path}`);
  }
  const isRecorded = artefact.status !== 'draft' && artefact.version !== version;
  const cautions = isRecorded
    ? [
        `right only while ${spelt(artefact)} is not on the target branch: what is there must never be renumbered`,
      ]
    : [];
  return { changes, notes, cautions, next: 'rtn check' };
}

/** What changes with it: all that depends on it, each behind what it depends on itself, and what it replaces. */
function usersOf(artefact: Artefact, registry: Registry): Artefact[] {
  const seen = new Set<Artefact>();
  const order: Artefact[] = [];
  const visit = (at: Artefact): void => {
    if (seen.has(at)) return;
    seen.add(at);
    for (const dependent of registry.dependents(at)) visit(dependent);
    order.unshift(at);
  };
  visit(artefact);
  const users = new Set([...order, ...registry.replaced(artefact)]);
  users.delete(artefact);
  return [...users];
}

function namings(
  user: Artefact,
  artefact: Artefact,
  value: string,
  registry: Registry,
): NonNullable<Rewrite['replace']> {
  const paths = dependenciesOf(user)
    .filter(({ kind, reference }) => registry.resolve(kind, reference) === artefact)
    .map(({ path }) => path);
  const isReplaced = registry.resolve(user.kind, user.document.replaced_by) === artefact;
  return [...paths, ...(isReplaced ? [['replaced_by']] : [])].map((path) => ({ path, value }));
}

/** The files of the version under its new number: the document, the tests beside it, and a template's text. */
function moved(artefact: Artefact, version: string, registry: Registry): FileChange[] {
  const path = pathOf({ ...artefact, version });
  const text = movedText(artefact, version, registry);
  const document = rewrite(artefact.source, { set: { version, ...(text && { text: text.name }) } });
  const tests = artefact.path.replace(/\.yaml$/, '.test.yaml');
  return [
    ...move(registry, artefact.path, path, document),
    ...(text === undefined ? [] : move(registry, text.from, text.to, text.bytes, text.isShared)),
    ...move(registry, tests, path.replace(/\.yaml$/, '.test.yaml'), registry.tree.read(tests)),
  ];
}

/** Where the text of a template goes: undefined where its name does not hold the version. */
function movedText(artefact: Artefact, version: string, registry: Registry) {
  const text = registry.textOf(artefact);
  const [from, old] = [text?.path, stem(artefact)];
  const name = from?.slice(from.lastIndexOf('/') + 1);
  if (text === undefined || from === undefined || name === undefined || !name.includes(old)) return undefined;
  const renamed = name.replace(old, version);
  if (renamed === name) return undefined;
  return {
    name: renamed,
    from,
    to: `${FOLDERS.template}/${artefact.name}/${renamed}`,
    bytes: text.bytes,
    isShared: registry
      .all('template')
      .some((other) => other !== artefact && registry.textOf(other)?.path === from),
  };
}

function move(
  registry: Registry,
  from: string,
  to: string,
  content: Uint8Array | string | undefined,
  isKept = false,
): FileChange[] {
  if (content === undefined) return [];
  if (from === to) return [{ path: to, content }];
  if (registry.tree.read(to) !== undefined)
    throw new RtnError('usage', `${to} exists already; nothing is ever overwritten`, { next: 'rtn check' });
  return [{ path: to, content }, ...(isKept ? [] : [{ path: from, content: null }])];
}

/** The changes with the digests of a published artefact made from what it says once they are made. */
function recorded(identity: Identity, changes: readonly FileChange[], registry: Registry): FileChange[] {
  const now = registry.with(changes);
  const artefact = now.find(identity.kind, identity.name, identity.version);
  const published = artefact?.document.published;
  if (artefact === undefined || !isMap(published)) return [...changes];
  const record = { ...(published as Readonly<Record<string, string | number>>), ...digestsOf(artefact, now) };
  const content = rewrite(artefact.source, { drop: ['published'], append: { published: record } });
  return changes.map((change) => (change.path === artefact.path ? { ...change, content } : change));
}

function refuseVersion(artefact: Artefact, version: string, registry: Registry): void {
  const { kind, name } = artefact;
  if (!isVersion(version)) {
    throw new RtnError('usage', `'${version}' is no strict version such as 1.4.10 or 1.5.0-rc.1`, {
      next: `rtn renumber ${spelt(artefact)} MAJOR.MINOR.PATCH`,
    });
  }
  if (artefact.path === pathOf({ ...artefact, version }) && artefact.document.version === version)
    throw new RtnError('usage', `${referenceTo(artefact)} has this number already`);
  const taken = registry.find(kind, name, version);
  if (taken !== undefined && taken !== artefact) {
    const versions = registry.versions(kind, name).map((other) => other.version);
    throw new RtnError(
      'usage',
      `${name}@${version} exists already (${taken.status}); there is ${versions.join(', ')}`,
    );
  }
}

/** New digests would make an edit of what was published look as if it had been published so. */
function refuseEdited(artefact: Artefact, registry: Registry): void {
  const parts = changedParts(artefact, registry);
  if (parts.length === 0) return;
  throw new RtnError(
    'configuration',
    `${referenceTo(artefact)} was published and its ${parts.join(', ')} changed since`,
    {
      next: `rtn bump ${referenceTo(artefact)}`,
    },
  );
}

/** `name@version` as its file spells the version. */
function spelt(artefact: Artefact): string {
  return `${artefact.name}@${stem(artefact)}`;
}

function stem({ path }: Artefact): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
}
