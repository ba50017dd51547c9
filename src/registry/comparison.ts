import type { ArtefactKind } from './artefact.js';
import { canonicalJson } from './canonical.js';
import { changeWords, type Difference } from './changeWords.js';
import { exemptPlaces } from './exempt.js';
import { isMap } from './jsonSchema.js';
import type { Path } from './source.js';

type Document = Readonly<Record<string, unknown>>;

/** One difference between two versions, as deep inside as both have maps. */
export interface Change extends Difference {
  /** `interface`, `params`, `wrapper` or `layer` of an operation, `content` of the others: the digest that sees it; else `text`. */
  readonly part: string;
  /** One line for a person, safe for a terminal. */
  readonly words: string;
}

/** The parts of an operation's top-level keys; what is not listed is `interface`, so that no key is overlooked. */
const PARTS: Readonly<Record<string, string>> = {
  params: 'params',
  runners: 'wrapper',
  secrets: 'wrapper',
  policy: 'wrapper',
  layer: 'layer',
};

/** Always differ between two versions, or follow from the rest. */
const UNTOLD: readonly unknown[] = ['name', 'version', 'published'];

/**
 * What differs between two documents of one kind, in the order of the documents. Has a change of a part exactly where
 * the part's digest differs, but for what is inside the layer and the templates named.
 */
export function changesBetween(kind: ArtefactKind, before: Document, after: Document): Change[] {
  const [a, b] = kind === 'operation' ? [settled(before), settled(after)] : [before, after];
  const exempt = [exemptPlaces(kind, a), exemptPlaces(kind, b)];
  const isText = (path: Path): boolean =>
    path.some((_, index) => exempt.some((places) => places.has(path.slice(0, index + 1))));
  return [...mapDifferences(a, b, [])]
    .filter(({ path }) => !UNTOLD.includes(path[0]))
    .map((difference) => ({
      part: isText(difference.path) ? 'text' : partOf(kind, String(difference.path[0])),
      ...difference,
      words: changeWords(difference),
    }));
}

function partOf(kind: ArtefactKind, key: string): string {
  if (kind !== 'operation') return 'content';
  return Object.hasOwn(PARTS, key) ? (PARTS[key] ?? '') : 'interface';
}

/** A document in which absent and empty are one where a digest does not tell them apart: of a secret it sees hardly more than the name. */
function settled(document: Document): Document {
  const { secrets, params } = document;
  const named = Object.entries(isMap(secrets) ? secrets : {});
  return {
    ...document,
    params: params ?? undefined,
    secrets:
      isMap(secrets) || secrets === undefined || secrets === null
        ? Object.fromEntries(named.map(([name, secret]) => [name, secret ?? {}]))
        : secrets,
  };
}

function* differences(before: unknown, after: unknown, path: Path): Iterable<Difference> {
  if (canonicalJson(before) === canonicalJson(after)) return;
  if (isMap(before) && isMap(after)) yield* mapDifferences(before, after, path);
  else if (isList(before) && isList(after) && ![...before, ...after].every(isScalar))
    yield* listDifferences(before, after, path);
  else yield { kind: 'changed', path, before, after };
}

function* mapDifferences(before: Document, after: Document, path: Path): Iterable<Difference> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [a, b] = [valueAt(before, key), valueAt(after, key)];
    const at = [...path, key];
    if (a === undefined && b === undefined) continue;
    if (a === undefined) yield { kind: 'added', path: at, after: b };
    else if (b === undefined) yield { kind: 'removed', path: at, before: a };
    else yield* differences(a, b, at);
  }
}

/** Pairs what lies between the items that both lists begin and end with; a surplus was added or removed. */
function* listDifferences(
  before: readonly unknown[],
  after: readonly unknown[],
  path: Path,
): Iterable<Difference> {
  const [a, b] = [before.map(canonicalJson), after.map(canonicalJson)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  for (let index = start; index < Math.max(a.length, b.length) - end; index++) {
    const at = [...path, index];
    if (index >= a.length - end) yield { kind: 'added', path: at, after: after[index] };
    else if (index >= b.length - end) yield { kind: 'removed', path: at, before: before[index] };
    else yield* differences(before[index], after[index], at);
  }
}

function valueAt(map: Document, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
