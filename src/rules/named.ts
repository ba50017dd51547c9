import { type Artefact, type ArtefactKind, pathOf, referenceTo } from '../registry/artefact.js';
import { dependenciesOf, type Link } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';
import { dependentsOf, isNew, newestActive, nextFree } from './change.js';
import { at, type Extras, type Found, type Judged, type Rule } from './rule.js';

/** The rules of what a document names, for layers and templates alike; each kind has its own words for them. */
export function namedRules(
  kind: 'layer' | 'template',
  docs: Readonly<Record<'missing' | 'draft' | 'withdrawn' | 'deprecated', string>>,
): readonly Rule[] {
  const rule = (
    name: keyof typeof docs,
    severity: Rule['severity'],
    find: (kind: ArtefactKind, judged: Judged) => Iterable<Found>,
  ): Rule => ({ id: `${kind}/${name}`, severity, doc: docs[name], check: (judged) => find(kind, judged) });
  return [
    rule('missing', 'error', missingOf),
    rule('draft', 'error', draftOf),
    rule('withdrawn', 'error', withdrawnOf),
    rule('deprecated', 'warning', deprecatedOf),
  ];
}

/** Names of artefacts that do not exist; for layers and templates alike. */
function* missingOf(kind: ArtefactKind, judged: Judged): Iterable<Found> {
  const { registry } = judged;
  for (const { artefact, reference, path } of namesOf(kind, judged)) {
    if (registry.resolve(kind, reference) !== undefined || !reference.includes('@')) continue;
    const { name, version = '' } = splitReference(reference);
    yield at(
      artefact,
      path,
      `there is no ${kind} ${reference}: ${pathOf({ kind, name, version })} is missing${hintFor(kind, name, registry)}`,
      artefact.status === 'draft' ? moveTo(kind, artefact, name, judged) : {},
    );
  }
}

/** Drafts that a published artefact names; for layers and templates alike. */
function* draftOf(kind: ArtefactKind, judged: Judged): Iterable<Found> {
  for (const { artefact, reference, path } of namesOf(kind, judged)) {
    const named = judged.registry.resolve(kind, reference);
    if (artefact.status === 'draft' || named?.status !== 'draft') continue;
    yield at(
      artefact,
      path,
      `${referenceTo(artefact)} is published, but its ${kind} ${reference} is a draft, which may still change`,
      { fix: `rtn publish ${reference} --kind ${kind}` },
    );
  }
}

/** Withdrawn versions that something in use names; for layers and templates alike. */
function* withdrawnOf(kind: ArtefactKind, judged: Judged): Iterable<Found> {
  const { registry } = judged;
  for (const { artefact, reference, path } of namesOf(kind, judged)) {
    const named = registry.resolve(kind, reference);
    if (named?.status !== 'withdrawn' || !isInUse(artefact, registry)) continue;
    const { reason } = named.document;
    yield at(
      artefact,
      path,
      `${referenceTo(artefact)} names ${kind} ${reference}, which was withdrawn${typeof reason === 'string' ? `: ${reason}` : ''}`,
      { ...noneLeft(named, registry), ...moveTo(kind, artefact, named.name, judged) },
    );
  }
}

/** Where to is there to move, when no version is good? */
function noneLeft({ kind, name }: Artefact, registry: Registry): Extras {
  if (newestActive(kind, name, registry) !== undefined) return {};
  return {
    notes: [`no active version of ${name} is left: rtn bump ${name}, mend it, then rtn publish ${name}`],
  };
}

/** Active or a draft, or a deprecated template on which something active or a draft still is. */
function isInUse(artefact: Artefact, registry: Registry): boolean {
  const isLive = ({ status }: Artefact) => status === 'active' || status === 'draft';
  if (isLive(artefact)) return true;
  return artefact.status === 'deprecated' && dependentsOf([artefact], registry).some(isLive);
}

/** Deprecated versions that a new version names; the old ones may go on using them. */
function* deprecatedOf(kind: ArtefactKind, judged: Judged): Iterable<Found> {
  for (const { artefact, reference, path } of namesOf(kind, judged, judged.artefacts)) {
    const named = judged.registry.resolve(kind, reference);
    if (named?.status !== 'deprecated' || !isNew(artefact, judged.base)) continue;
    const { replaced_by: replacement, reason } = named.document;
    const why =
      typeof replacement === 'string'
        ? `: replaced by ${replacement}`
        : typeof reason === 'string'
          ? `: ${reason}`
          : '';
    yield at(
      artefact,
      path,
      `${referenceTo(artefact)} is new and names ${kind} ${reference}, which is deprecated${why}`,
      moveTo(kind, artefact, named.name, judged),
    );
  }
}

/** The commands that let an operation name the newest active version instead; none where there is no such version. */
function moveTo(kind: ArtefactKind, artefact: Artefact, name: string, judged: Judged): Extras {
  const { registry, base } = judged;
  const newest = newestActive(kind, name, registry);
  if (newest === undefined || artefact.kind !== 'operation') return {};
  const bump = `rtn bump ${subject(artefact, registry)} --${kind} ${newest}`;
  if (artefact.status === 'draft') return { fix: bump };
  const tip = registry.newestInLine(artefact);
  const version = tip?.status === 'draft' ? tip.version : nextFree(artefact, registry, base);
  return { fix: `${bump} && rtn publish ${artefact.name}@${version}` };
}

/** How a verb is told which artefact: the name alone means the newest. */
export function subject(artefact: Artefact, registry: Registry): string {
  const isNewest = registry.find(artefact.kind, artefact.name) === artefact;
  const isUnique = registry.artefacts.every(
    (other) => other.name !== artefact.name || other.kind === artefact.kind,
  );
  return `${isNewest ? artefact.name : referenceTo(artefact)}${isUnique ? '' : ` --kind ${artefact.kind}`}`;
}

function hintFor(kind: ArtefactKind, name: string, registry: Registry): string {
  const versions = registry.versions(kind, name).map(referenceTo);
  if (versions.length === 0) return suggestion(name, registry.names(kind));
  return `; there ${versions.length > 1 ? 'are' : 'is'} ${versions.slice(-5).join(', ')}`;
}

function* namesOf(
  kind: ArtefactKind,
  { artefacts, dependents }: Judged,
  among: readonly Artefact[] = [...artefacts, ...dependents],
): Iterable<{ artefact: Artefact; reference: string; path: Link['path'] }> {
  for (const artefact of among) {
    for (const { kind: named, reference, path } of dependenciesOf(artefact)) {
      if (named === kind && typeof reference === 'string') yield { artefact, reference, path };
    }
  }
}
