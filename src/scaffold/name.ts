import { RtnError } from '../error.js';
import { type ArtefactKind, pathOf } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { isVersion, NAME_PATTERN } from '../registry/version.js';

const MAX_NAME = 100;

/** What is wrong with an answer, and what was probably meant. */
export interface Problem {
  readonly message: string;
  readonly meant?: string | undefined;
}

/** What keeps a text from being the name of a new artefact; undefined where nothing does. */
export function nameProblem(text: string): Problem | undefined {
  if (isName(text)) return undefined;
  return {
    message: `'${text}' is no name: small letters and digits in words joined by _ or -, from a letter on, at most ${MAX_NAME} characters`,
    meant: cleanName(text),
  };
}

/** `Order Ready` and `OrderReady` as `order_ready`; undefined where nothing of the text can stand in a name. */
export function cleanName(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '_')
    .replace(/[_-]*-[_-]*/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, MAX_NAME)
    .replace(/[^a-z0-9]+$/, '');
  return isName(name) ? name : undefined;
}

/** Throws `usage` where the name or the version is none, or where the name is taken: then a new version is meant. */
export function refuseTaken(kind: ArtefactKind, name: string, version: string, registry: Registry): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new RtnError('usage', problem.message);
  if (!isVersion(version))
    throw new RtnError('usage', `'${version}' is no strict version`, { next: '--version 0.1.0' });
  const versions = registry.versions(kind, name).map((other) => other.version);
  if (versions.length > 0) {
    throw new RtnError('usage', `${kind} ${name} exists already (${versions.join(', ')})`, {
      next: `rtn bump ${name}`,
    });
  }
  const path = pathOf({ kind, name, version });
  if (registry.tree.read(path) !== undefined)
    throw new RtnError('usage', `${path} exists already, and cannot be read`, { next: 'rtn check' });
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME && new RegExp(NAME_PATTERN).test(text);
}
