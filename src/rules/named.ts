import { type Artefact, type ArtefactKind, pathOf, referenceTo } from '../registry/artefact.js';
import { dependenciesOf, type Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';
import { at, type Found } from './rule.js';

/** Names of artefacts that do not exist; for layers and templates alike. */
export function* missingOf(kind: ArtefactKind, registry: Registry): Iterable<Found> {
  for (const { artefact, reference, path } of namesOf(kind, registry)) {
    if (registry.resolve(kind, reference) !== undefined || !reference.includes('@')) continue;
    const { name, version = '' } = splitReference(reference);
    const versions = registry.versions(kind, name).map(referenceTo);
    const names = [...new Set(registry.all(kind).map((other) => other.name))];
    const hint =
      versions.length > 0
        ? `; there ${versions.length > 1 ? 'are' : 'is'} ${versions.slice(-5).join(', ')}`
        : suggestion(name, names);
    yield at(
      artefact,
      path,
      `there is no ${kind} ${reference}: ${pathOf({ kind, name, version })} is missing${hint}`,
    );
  }
}

/** Drafts that a published operation names; for layers and templates alike. */
export function* draftOf(kind: ArtefactKind, registry: Registry): Iterable<Found> {
  for (const { artefact, reference, path } of namesOf(kind, registry)) {
    const named = registry.resolve(kind, reference);
    if (artefact.status === 'draft' || named?.status !== 'draft') continue;
    yield at(
      artefact,
      path,
      `${referenceTo(artefact)} is published, but its ${kind} ${reference} is a draft, which may still change`,
      `rtn publish ${reference}`,
    );
  }
}

function* namesOf(
  kind: ArtefactKind,
  registry: Registry,
): Iterable<{ artefact: Artefact; reference: string; path: (string | number)[] }> {
  for (const artefact of registry.artefacts) {
    for (const { kind: named, reference, path } of dependenciesOf(artefact)) {
      if (named === kind && typeof reference === 'string') yield { artefact, reference, path };
    }
  }
}
