import { type Artefact, pathOf, referenceTo } from '../registry/artefact.js';
import { canonicalJson } from '../registry/canonical.js';
import { changesBetween } from '../registry/comparison.js';
import { changedParts, recordedDigests } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import { textDigest } from '../registry/scripts.js';
import { NAME_PATTERN, VERSION_PATTERN } from '../registry/version.js';
import { chainsFrom } from './chains.js';
import { filesBeside, isBackwards, isRewritten, nextFree, restoring } from './change.js';
import { subject } from './named.js';
import { at, atKey, type Found, foundInLoading, type Judged, listInWords, type Rule } from './rule.js';

const PATTERNS = { name: NAME_PATTERN, version: VERSION_PATTERN };

const path: Rule = {
  ...foundInLoading(
    'version/path',
    'An artefact is found by its path, <folder>/<name>/<version>.yaml, so name and version inside must say the same, and a file at another place or with another ending would never be read.',
  ),
  *check({ registry, artefacts, loading }: Judged) {
    yield* loading.filter((finding) => finding.rule === 'version/path');
    for (const artefact of artefacts) {
      for (const key of ['name', 'version'] as const) {
        const said = artefact.document[key];
        // What is no name or version at all is told by the schema, a legacy version by version/legacy.
        if (typeof said !== 'string' || said === artefact[key] || !new RegExp(PATTERNS[key]).test(said))
          continue;
        const home = pathOf({ ...artefact, [key]: said });
        const isFree = registry.tree.read(home) === undefined;
        yield at(
          artefact,
          [key],
          `the document says ${key} '${said}', its path says '${artefact[key]}'; a ${artefact.kind} with this ${key} belongs in ${home}`,
          isFree && key === 'version' && artefact.status === 'draft'
            ? { fix: `rtn renumber ${referenceTo(artefact)} ${said}` }
            : {},
        );
      }
    }
  },
};

const legacy: Rule = {
  id: 'version/legacy',
  severity: 'warning',
  doc: 'A version in an older way of writing, such as 2.0 or 1.4.5dev, is read as the strict version it stands for (2.0.0, 1.4.5-dev) and ordered as that. It should also be written so, since everything else names it by the strict form. `rtn renumber` moves the file and rewrites what names it.',
  *check({ artefacts }) {
    for (const artefact of artefacts) {
      if (artefact.path === pathOf(artefact)) continue;
      const written = artefact.path.slice(artefact.path.lastIndexOf('/') + 1, -'.yaml'.length);
      yield at(artefact, ['version'], `'${written}' is an older way to write ${artefact.version}`, {
        fix: `rtn renumber ${artefact.name}@${written} ${artefact.version}`,
      });
    }
  },
};

const immutable: Rule = {
  id: 'version/immutable',
  severity: 'error',
  doc: 'A published version never changes, since runs, logs and other artefacts name it. What was published is recorded as one digest a part: interface (inputs and outputs), params, wrapper (runners, secrets, policy, templates, scripts) and layer of an operation; content of a layer or template. Titles, descriptions, owner and links may change. `rtn bump` moves the edit into a new draft and restores the published file from git.',
  isFirm: true,
  *check(judged) {
    const { registry, base } = judged;
    for (const artefact of judged.artefacts) {
      const parts = changedParts(artefact, registry).filter((part) => !isOfDraft(part, artefact, registry));
      // One edit is told once: with the record that was rewritten for it, or with the status that was taken back.
      if (parts.length === 0 || isRewritten(artefact, base) || isBackwards(artefact, base)) continue;
      // A draft with a record is version/status.
      if (artefact.document.status === 'draft') continue;
      const original = originalOf(artefact, registry);
      if (original !== undefined) {
        yield atKey(artefact, ['published'], copyOf(original));
        continue;
      }
      const gone = [...new Set(filesBeside(artefact, registry))].filter(
        (file) => registry.tree.read(file) === undefined,
      );
      yield at(
        artefact,
        ['version'],
        `${referenceTo(artefact)} was published and its ${listInWords(parts)} changed since; a published version never changes, the next is ${nextFree(artefact, registry, base)}`,
        {
          notes: [
            ...gone.map((file) => `${file} is missing`),
            ...editsSince(artefact, judged),
            ...chainsFrom(artefact, registry),
          ],
          fix: gone.length > 0 ? restoring(gone, base?.commit) : `rtn bump ${subject(artefact, registry)}`,
        },
      );
    }
  },
};

/** A published artefact that names a draft is layer/draft or template/draft: what that says now is nobody's edit of it. */
function isOfDraft(part: string, artefact: Artefact, registry: Registry): boolean {
  const kind = part === 'layer' ? 'layer' : 'template';
  if (part === 'interface' || part === 'params') return false;
  return dependenciesOf(artefact).some(
    (link) => link.kind === kind && registry.resolve(kind, link.reference)?.status === 'draft',
  );
}

const status: Rule = {
  id: 'version/status',
  severity: 'error',
  doc: 'The life of a version moves forward: draft, published as active, then deprecated or withdrawn. Only `rtn publish` makes a draft active, since it records what was published. A deprecated version says what replaces it (replaced_by) or why it should not be used (reason); a withdrawn one says why.',
  isFirm: true,
  *check({ artefacts, registry, base }) {
    for (const artefact of artefacts) {
      // What was done to a version that the base has published is told by the rules that compare.
      const isTold = isBackwards(artefact, base) || isRewritten(artefact, base);
      if (!isTold) yield* statusFaults(artefact, registry);
    }
  },
};

function* statusFaults(artefact: Artefact, registry: Registry): Iterable<Found> {
  const { document } = artefact;
  const isPublished = isMap(document.published);
  const hasReason = document.reason !== undefined;
  if (document.status === 'draft' && isPublished) {
    const original = originalOf(artefact, registry);
    const isEdited = original === undefined && changedParts(artefact, registry).length > 0;
    yield atKey(
      artefact,
      ['published'],
      original === undefined
        ? `${referenceTo(artefact)} was published, so it is no draft any more; a published version never changes`
        : copyOf(original),
      isEdited ? { fix: `rtn bump ${subject(artefact, registry)}` } : {},
    );
  }
  if (artefact.status === 'draft') return;
  if (!isPublished)
    yield at(
      artefact,
      ['status'],
      `the status is ${artefact.status}, but it was never published; set it to draft, then publish`,
      { fix: `rtn publish ${subject(artefact, registry)}` },
    );
  if (artefact.status === 'deprecated' && document.replaced_by === undefined && !hasReason)
    yield at(artefact, ['status'], 'a deprecated version needs replaced_by or a reason', {
      fix: `rtn deprecate ${referenceTo(artefact)} --reason "why"`,
    });
  if (artefact.status === 'withdrawn' && !hasReason)
    yield at(artefact, ['status'], 'a withdrawn version needs a reason', {
      fix: `rtn withdraw ${referenceTo(artefact)} --reason "why"`,
    });
}

/** The version whose record stands in this one: it was copied by hand. */
function originalOf(artefact: Artefact, registry: Registry): Artefact | undefined {
  const record = canonicalJson(recordedDigests(artefact));
  return registry
    .versions(artefact.kind, artefact.name)
    .find(
      (other) =>
        other !== artefact &&
        canonicalJson(recordedDigests(other)) === record &&
        changedParts(other, registry).length === 0,
    );
}

function copyOf(original: Artefact): string {
  return `this is the record of ${referenceTo(original)}, copied with it; delete 'published', set status: draft, and publish when it is ready`;
}

/** What was edited, in words: only the base knows what stood there before. */
export function editsSince(artefact: Artefact, { base, registry }: Judged): string[] {
  const before = base?.registry.find(artefact.kind, artefact.name, artefact.version);
  if (base === undefined || before === undefined) return [];
  const changes = changesBetween(artefact.kind, before.document, artefact.document).filter(
    ({ part }) => part !== 'text',
  );
  const words = changes.map((change) => change.words);
  const files = new Set([...filesBeside(before, base.registry), ...filesBeside(artefact, registry)]);
  const told = [
    ...words,
    ...[...files]
      .filter((file) => {
        const [old, now] = [base.registry.tree.read(file), registry.tree.read(file)];
        return old !== undefined && now !== undefined && textDigest(old) !== textDigest(now);
      })
      .map((file) => `${file} was edited`),
  ];
  return told.length > MOST_EDITS
    ? [...told.slice(0, MOST_EDITS), `and ${told.length - MOST_EDITS} more`]
    : told;
}

const MOST_EDITS = 10;

export const VERSION_RULES: readonly Rule[] = [path, legacy, immutable, status];
