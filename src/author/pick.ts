import { RtnError } from '../error.js';
import { ARTEFACT_KINDS, type Artefact, type ArtefactKind, classify } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';

/** The artefact that `NAME`, `NAME@VERSION` or a path means; without a version the newest. Throws `usage`. */
export function pick(registry: Registry, text: string, kind?: ArtefactKind): Artefact {
  const identity = classify(text.replace(/^\.\//, ''));
  if (typeof identity === 'object' && 'kind' in identity) {
    const artefact = registry.find(identity.kind, identity.name, identity.version);
    if (artefact === undefined)
      throw new RtnError('usage', `${text} cannot be read as ${identity.kind}`, { next: 'rtn check' });
    return artefact;
  }
  const { name, version } = splitReference(text);
  const kinds = kind === undefined ? ARTEFACT_KINDS : [kind];
  const found = kinds.flatMap((candidate) => registry.find(candidate, name, version) ?? []);
  if (found.length > 1) {
    throw new RtnError(
      'usage',
      `'${text}' is ${found.map((artefact) => `a ${artefact.kind}`).join(' and ')}`,
      { next: `say which: --kind ${found[0]?.kind}` },
    );
  }
  const [artefact] = found;
  if (artefact !== undefined) return artefact;
  const versions = kinds.flatMap((candidate) =>
    registry.versions(candidate, name).map((other) => other.version),
  );
  if (versions.length > 0)
    throw new RtnError('usage', `${name} has no version ${version}; there is ${versions.join(', ')}`);
  const names = [
    ...new Set(kinds.flatMap((candidate) => registry.all(candidate).map((other) => other.name))),
  ];
  throw new RtnError('usage', `there is no operation, layer or template '${name}'${suggestion(name, names)}`);
}
