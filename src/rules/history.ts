import { type Artefact, referenceTo } from '../registry/artefact.js';
import { canonicalJson } from '../registry/canonical.js';
import { digestsOf, recordedDigests } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import { dueLevel, satisfiesLevel, versionFor } from '../registry/level.js';
import type { Registry } from '../registry/registry.js';
import { byVersion, lineOf } from '../registry/version.js';
import {
  type Base,
  filesBeside,
  isBackwards,
  isNew,
  isRewritten,
  nextFree,
  publishedBefore,
  removedArtefacts,
  restoring,
} from './change.js';
import { at, judgedOf, type Rule } from './rule.js';
import { editsSince } from './version.js';

const digest: Rule = {
  id: 'version/digest',
  severity: 'error',
  doc: 'The record of what was published (`published:`) differs from that on the base, so the digests were rewritten together with the text. Only git can prove that a published version never changed, which is why `rtn check --base` compares the records, too. `rtn bump --base REF` moves the edit into a new draft and restores what was published.',
  isFirm: true,
  *check(judged) {
    const { base, registry } = judged;
    for (const artefact of judged.artefacts) {
      const before = publishedBefore(artefact, base);
      if (base === undefined || before === undefined || artefact.source.value === undefined) continue;
      // Back to a draft is version/backwards, with or without its record.
      if (isBackwards(artefact, base) || !isRewritten(artefact, base)) continue;
      const isThere = artefact.document.published !== undefined;
      yield at(
        artefact,
        isThere ? ['published'] : ['status'],
        `${referenceTo(artefact)} is published on ${base.ref}, and here its record (published:) was ${isThere ? 'rewritten' : 'removed'}`,
        {
          notes: editsSince(artefact, judged),
          fix: undoing(artefact, before, base, registry),
        },
      );
    }
  },
};

const removed: Rule = {
  id: 'version/removed',
  severity: 'error',
  doc: 'A published version is gone. Schedules, logs and other artefacts name it, and its number can never be used for anything else. Restore the file; what should no longer be used is deprecated or withdrawn instead.',
  isFirm: true,
  *check({ registry, base }) {
    if (base === undefined) return;
    for (const before of removedArtefacts(registry, base)) {
      if (!isMap(before.document.published)) continue;
      const beside = filesBeside(before, base.registry).filter((file) => base.changed.has(file));
      const files = [before.path, ...new Set(beside)];
      yield at(before, ['version'], `${referenceTo(before)} is published on ${base.ref} and was removed`, {
        fix: restoring(files, base.commit),
      });
    }
  },
};

const backwards: Rule = {
  id: 'version/backwards',
  severity: 'error',
  doc: 'The status of a version moved backwards. Its life only moves forward: draft, active, deprecated, withdrawn. What was published stays published; a version that should be edited again is bumped.',
  isFirm: true,
  *check(judged) {
    const { registry, artefacts, base } = judged;
    for (const artefact of artefacts) {
      const before = publishedBefore(artefact, base);
      if (base === undefined || before === undefined || !isBackwards(artefact, base)) continue;
      yield at(
        artefact,
        ['status'],
        `${referenceTo(artefact)} is ${before.status} on ${base.ref} and cannot go back to ${artefact.status}`,
        { notes: editsSince(artefact, judged), fix: undoing(artefact, before, base, registry) },
      );
    }
  },
};

const greater: Rule = {
  id: 'version/greater',
  severity: 'error',
  doc: 'A new version has to be greater than those that the base has in its line (MAJOR.MINOR); a line that the base does not have begins above all others. Otherwise "the newest" would mean another thing before and after the change.',
  isFirm: true,
  *check({ registry, artefacts, base }) {
    for (const artefact of artefacts) {
      if (base === undefined || !isNew(artefact, base)) continue;
      const tip = tipFor(artefact, base.registry);
      if (tip === undefined || byVersion(artefact.version, tip) > 0) continue;
      const isInLine = lineOf(tip) === lineOf(artefact.version);
      const next = isInLine
        ? nextFree(artefact, registry, base)
        : nextFree({ ...artefact, version: tip }, registry, base);
      yield at(
        artefact,
        ['version'],
        `${referenceTo(artefact)} is new and not greater than ${tip}, the newest ${isInLine ? 'of its line' : 'of all'} on ${base.ref}; the next is ${next}`,
        { fix: `rtn renumber ${referenceTo(artefact)} ${next}` },
      );
    }
  },
};

const taken: Rule = {
  id: 'version/taken',
  severity: 'error',
  doc: 'While this branch was open, the target branch got the same version, or a greater one of the same line. Nothing is wrong with the change itself: its number went to somebody else. Give it the next one with `rtn renumber`; merging the target first shows what the other change did.',
  isFirm: true,
  *check({ registry, artefacts, base }) {
    for (const artefact of artefacts) {
      if (base === undefined || !isNew(artefact, base)) continue;
      const rivals = base.taken.filter(
        (other) =>
          other.kind === artefact.kind &&
          other.name === artefact.name &&
          lineOf(other.version) === lineOf(artefact.version) &&
          byVersion(other.version, artefact.version) >= 0,
      );
      const [rival] = rivals.sort((a, b) => byVersion(b.version, a.version));
      if (rival === undefined) continue;
      const next = nextFree(artefact, registry, base);
      const what = rivals.some(({ version }) => version === artefact.version)
        ? 'this version'
        : `${rival.version} of this line`;
      yield at(
        artefact,
        ['version'],
        `${base.ref} got ${what} of ${artefact.name} meanwhile, so ${artefact.version} can no longer be merged; the next free is ${next}`,
        { fix: `rtn renumber ${referenceTo(artefact)} ${next}` },
      );
    }
  },
};

const level: Rule = {
  id: 'version/level',
  severity: 'warning',
  doc: 'A new version changes more than its number says. Any change needs a PATCH; one that adds to the interface is a MINOR, one that may break who starts the operation (a param removed, narrowed or newly required, a column newly required) a MAJOR. The reasons name the rules of levels: rtn diff OLD NEW shows them all.',
  *check(judged) {
    const { registry, base } = judged;
    for (const artefact of judgedOf('operation', judged)) {
      if (!isNew(artefact, base) || !artefact.isSound) continue;
      const before = predecessorOf(artefact, registry);
      if (before === undefined) continue;
      const { level: due, reasons } = dueLevel(before.document, artefact.document);
      if (satisfiesLevel(before.version, artefact.version, due)) continue;
      const [first] = reasons;
      const next = versionFor(before.version, due);
      const isFree = registry.find('operation', artefact.name, next) === undefined;
      yield at(
        artefact,
        ['version'],
        `${referenceTo(artefact)} changes ${before.version} by more than its number says: ${due.toUpperCase()} is due, which is ${next}`,
        {
          notes: reasons.map(({ rule, words }) => `${words} (${rule})`),
          ...(first !== undefined && isFree && { fix: `rtn renumber ${referenceTo(artefact)} ${next}` }),
        },
      );
    }
  },
};

/** The command that takes back what was done to a published file: an edit is moved into a draft, anything else restored. */
function undoing(artefact: Artefact, before: Artefact, base: Base, registry: Registry): string {
  const isEdited = canonicalJson(digestsOf(artefact, registry)) !== canonicalJson(recordedDigests(before));
  return isEdited
    ? `rtn bump ${referenceTo(artefact)} --kind ${artefact.kind} --base ${base.ref}`
    : restoring([artefact.path], base.commit);
}

/** What a new version has to be greater than: the tip of its line on the base, or, in a new line, all there is. */
function tipFor({ kind, name, version }: Artefact, base: Registry): string | undefined {
  const versions = base.versions(kind, name).map((artefact) => artefact.version);
  return versions.findLast((other) => lineOf(other) === lineOf(version)) ?? versions.at(-1);
}

/** The newest published version below it. */
function predecessorOf({ kind, name, version }: Artefact, registry: Registry): Artefact | undefined {
  return registry
    .versions(kind, name)
    .findLast((other) => byVersion(other.version, version) < 0 && isMap(other.document.published));
}

export const HISTORY_RULES: readonly Rule[] = [digest, removed, backwards, greater, taken, level];
