import { type Artefact, referenceTo } from '../registry/artefact.js';
import { replacementOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { byVersion } from '../registry/version.js';
import { removedArtefacts } from './change.js';
import { at, type Found, type Judged, type Rule } from './rule.js';

const replacement: Rule = {
  id: 'deprecation/replacement',
  severity: 'error',
  doc: 'replaced_by tells people where to go, so it must name a published version of the same kind that is itself in use, and must not lead back. When the replacement is deprecated in its turn, `rtn publish` and `rtn deprecate` let everything that pointed to it point to its successor.',
  *check(judged) {
    for (const artefact of pointing(judged)) yield* replacementFaults(artefact, judged.registry);
  },
};

const overdue: Rule = {
  id: 'deprecation/overdue',
  severity: 'error',
  doc: 'The day has passed after which a deprecated version should be gone (remove_after). Withdraw it, so that nothing starts it any more, or agree on a later day.',
  *check({ artefacts, today }) {
    for (const artefact of artefacts) {
      const { remove_after: day } = artefact.document;
      if (artefact.status !== 'deprecated' || typeof day !== 'string' || day >= today) continue;
      // What is no day at all is told by the schema.
      if (!artefact.isSound) continue;
      yield at(
        artefact,
        ['remove_after'],
        `${referenceTo(artefact)} was to be gone after ${day}; withdraw it, or set a later day`,
        {
          fix: `rtn withdraw ${referenceTo(artefact)} --kind ${artefact.kind} --reason "past its date ${day}"`,
        },
      );
    }
  },
};

/** With a base, those count too whose replacement is no longer what it was there. */
function pointing({ artefacts, registry, base }: Judged): Artefact[] {
  if (base === undefined) return [...artefacts];
  const before = ({ kind, name, version }: Artefact) => base.registry.find(kind, name, version);
  const moved = artefacts.filter((artefact) => before(artefact)?.status !== artefact.status);
  const gone = removedArtefacts(registry, base);
  return [...new Set([...artefacts, ...[...moved, ...gone].flatMap((each) => registry.replaced(each))])];
}

function* replacementFaults(artefact: Artefact, registry: Registry): Iterable<Found> {
  const link = replacementOf(artefact);
  if (link === undefined || typeof link.reference !== 'string' || !link.reference.includes('@')) return;
  const { kind, name } = artefact;
  const target = registry.resolve(kind, link.reference);
  const end = endOf(artefact, registry);
  // The life of a withdrawn version is over: what replaces it is changed by hand.
  const extras =
    end === undefined || artefact.status === 'withdrawn'
      ? {}
      : { fix: `rtn deprecate ${referenceTo(artefact)} --kind ${kind} --replaced-by ${referenceTo(end)}` };
  const told = (message: string, more = extras) => at(artefact, link.path, message, more);
  if (target === undefined) {
    const others = registry.versions(kind, name).filter((other) => other !== artefact);
    const versions = others.map(referenceTo);
    yield told(`there is no ${kind} ${link.reference}${suggestion(link.reference, versions)}`);
  } else if (target === artefact) yield told(`${referenceTo(artefact)} is said to replace itself`);
  else if (isCircle(artefact, registry))
    yield told(`replaced_by leads in a circle: ${wayFrom(artefact, registry).map(referenceTo).join(' -> ')}`);
  else if (target.status === 'draft')
    yield told(`${link.reference}, which is said to replace it, is a draft`, {
      fix: `rtn publish ${link.reference} --kind ${kind}`,
    });
  else if (target.status !== 'active')
    yield told(`${link.reference}, which is said to replace it, is ${target.status} itself`);
}

/** The artefacts that replaced_by leads through, itself first; ends before one that was there already. */
function wayFrom(artefact: Artefact, registry: Registry): Artefact[] {
  const way: Artefact[] = [artefact];
  for (;;) {
    const link = replacementOf(way.at(-1) ?? artefact);
    const next = registry.resolve(artefact.kind, link?.reference);
    if (next === undefined) return way;
    way.push(next);
    if (way.indexOf(next) < way.length - 1) return way;
  }
}

function isCircle(artefact: Artefact, registry: Registry): boolean {
  const way = wayFrom(artefact, registry);
  return way.length > 1 && way.indexOf(way.at(-1) ?? artefact) < way.length - 1;
}

/** Where the way ends in something that is in use; else the newest version of the name that is. */
function endOf(artefact: Artefact, registry: Registry): Artefact | undefined {
  const end = wayFrom(artefact, registry).at(-1);
  if (end !== artefact && end?.status === 'active') return end;
  const newest = registry
    .versions(artefact.kind, artefact.name)
    .findLast(({ status, document }) => status === 'active' && document.replaced_by === undefined);
  return newest !== undefined && byVersion(newest.version, artefact.version) > 0 ? newest : undefined;
}

export const DEPRECATION_RULES: readonly Rule[] = [replacement, overdue];
