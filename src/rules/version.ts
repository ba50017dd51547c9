import { type Artefact, pathOf, referenceTo } from '../registry/artefact.js';
import { changedParts } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import { NAME_PATTERN, VERSION_PATTERN } from '../registry/version.js';
import { at, atKey, type Found, foundInLoading, type Judged, type Rule } from './rule.js';

const PATTERNS = { name: NAME_PATTERN, version: VERSION_PATTERN };

const path: Rule = {
  ...foundInLoading(
    'version/path',
    'An artefact is found by its path, <folder>/<name>/<version>.yaml, so name and version inside must say the same, and a file at another place or with another ending would never be read.',
  ),
  *check({ registry, loading }: Judged) {
    yield* loading.filter((finding) => finding.rule === 'version/path');
    for (const artefact of registry.artefacts) {
      for (const key of ['name', 'version'] as const) {
        const said = artefact.document[key];
        // What is no name or version at all is told by the schema.
        if (typeof said !== 'string' || said === artefact[key] || !new RegExp(PATTERNS[key]).test(said))
          continue;
        const home = pathOf({ ...artefact, [key]: said });
        yield at(
          artefact,
          [key],
          `the document says ${key} '${said}', its path says '${artefact[key]}'; a ${artefact.kind} with this ${key} belongs in ${home}`,
        );
      }
    }
  },
};

const immutable: Rule = {
  id: 'version/immutable',
  severity: 'error',
  doc: 'A published version never changes, since runs, logs and other artefacts name it. What was published is recorded as one digest a part: interface (inputs and outputs), params, wrapper (runners, secrets, policy, templates) and layer of an operation; content of a layer or template. Titles, descriptions, owner and links may change. `rtn bump` moves the edit into a new draft and restores the published file from git.',
  *check({ registry }) {
    for (const artefact of registry.artefacts) {
      const parts = changedParts(artefact, registry);
      if (parts.length === 0) continue;
      const users = registry.dependents(artefact).map(referenceTo);
      yield at(
        artefact,
        ['version'],
        `${referenceTo(artefact)} was published and its ${list(parts)} changed since; a published version never changes${users.length > 0 ? ` (it is used by ${list(users)})` : ''}`,
        bumpCommand(artefact, registry),
      );
    }
  },
};

const status: Rule = {
  id: 'version/status',
  severity: 'error',
  doc: 'The life of a version moves forward: draft, published as active, then deprecated or withdrawn. Only `rtn publish` makes a draft active, since it records what was published. A deprecated version says what replaces it (replaced_by) or why it should not be used (reason); a withdrawn one says why.',
  *check({ registry }) {
    for (const artefact of registry.artefacts) yield* statusFaults(artefact);
  },
};

function* statusFaults(artefact: Artefact): Iterable<Found> {
  const { document, name, version } = artefact;
  const isPublished = isMap(document.published);
  const hasReason = document.reason !== undefined;
  if (document.status === 'draft' && isPublished) {
    yield atKey(
      artefact,
      ['published'],
      `a draft has no 'published': either the version was published and is no draft, or this is a copy whose 'published' should go`,
    );
  }
  if (artefact.status === 'draft') return;
  if (!isPublished)
    yield at(
      artefact,
      ['status'],
      `the status is ${artefact.status}, but it was never published; set it to draft, then publish`,
      `rtn publish ${name}@${version}`,
    );
  if (artefact.status === 'deprecated' && document.replaced_by === undefined && !hasReason)
    yield at(artefact, ['status'], 'a deprecated version needs replaced_by or a reason');
  if (artefact.status === 'withdrawn' && !hasReason)
    yield at(artefact, ['status'], 'a withdrawn version needs a reason');
}

/** `rtn bump NAME` takes the newest version; an older one is named in full, and its kind where the name is not unique. */
function bumpCommand(artefact: Artefact, registry: Registry): string {
  const { kind, name } = artefact;
  const isNewest = registry.find(kind, name) === artefact;
  const isUnique = registry.artefacts.every((other) => other.name !== name || other.kind === kind);
  return `rtn bump ${isNewest ? name : referenceTo(artefact)}${isUnique ? '' : ` --kind ${kind}`}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export const VERSION_RULES: readonly Rule[] = [path, immutable, status];
