import { RtnError } from '../error.js';
import {
  ARTEFACT_KINDS,
  type Artefact,
  type ArtefactKind,
  classify,
  referenceTo,
} from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { nearest, suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';

/** The artefact that `NAME`, `NAME@VERSION` or a path means; without a version the newest. Throws `usage`. */
export function pick(registry: Registry, text: string, kind?: ArtefactKind): Artefact {
  const path = text.replace(/^\.\//, '');
  const atPath = registry.artefacts.find((artefact) => artefact.path === path);
  if (atPath !== undefined) return atPath;
  if (path.includes('/')) throw unknownPath(registry, path);
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
  return found[0] ?? refuseUnknown(registry, kinds, name, version);
}

/** One version, for a verb that must not guess which: throws `usage` where the text gives a name alone. */
export function pickVersion(registry: Registry, text: string, kind?: ArtefactKind): Artefact {
  const artefact = pick(registry, text, kind);
  if (text.includes('@') || text.includes('/')) return artefact;
  const versions = registry.versions(artefact.kind, artefact.name);
  const list = versions.map(({ version, status }) => `${version} (${status})`).join(', ');
  throw new RtnError('usage', `which version of ${artefact.name}? There is ${list}`, {
    next: `name it in full, such as ${referenceTo(artefact)}`,
  });
}

function unknownPath(registry: Registry, path: string): RtnError {
  if (registry.tree.read(path) !== undefined) {
    const identity = classify(path);
    const kind = typeof identity === 'object' && 'kind' in identity ? identity.kind : 'an artefact';
    return new RtnError('usage', `${path} cannot be read as ${kind}`, { next: 'rtn check' });
  }
  const near = nearest(
    path,
    registry.artefacts.map((artefact) => artefact.path),
  );
  return new RtnError(
    'usage',
    `there is no file ${path}${near === undefined ? '' : `; did you mean '${near}'?`}`,
  );
}

function refuseUnknown(
  registry: Registry,
  kinds: readonly ArtefactKind[],
  name: string,
  version: string | undefined,
): never {
  const known = registry.artefacts.filter((artefact) => kinds.includes(artefact.kind));
  const versions = known.filter((artefact) => artefact.name === name).map((artefact) => artefact.version);
  if (version !== undefined && versions.length > 0) {
    const near = nearest(version, versions);
    const hint = near === undefined ? '' : `; did you mean '${name}@${near}'?`;
    throw new RtnError('usage', `${name} has no version ${version}; there is ${versions.join(', ')}${hint}`);
  }
  const names = [...new Set(known.map((artefact) => artefact.name))];
  const what = kinds.length === 1 ? kinds[0] : 'operation, layer or template';
  throw new RtnError('usage', `there is no ${what} '${name}'${suggestion(name, names)}`);
}
