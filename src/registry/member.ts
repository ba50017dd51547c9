import { canonicalJson } from './canonical.js';
import { pathText, valueText } from './changeWords.js';
import { isMap } from './jsonSchema.js';
import { type Narrowing, narrowings } from './narrowing.js';
import type { Path } from './source.js';

/** A param, input, output, secret or runner in both documents; undefined where a document has none of that name. */
export interface Member {
  readonly path: Path;
  readonly before: unknown;
  readonly after: unknown;
}

/** Where a rule found something, and what, in one line. */
export interface Found {
  readonly path: Path;
  readonly words: string;
}

/** It was there and is gone. */
export function removed({ path, after }: Member): Found[] {
  return after === undefined ? [found(path, 'removed')] : [];
}

/** It is new. */
export function added({ path, before }: Member): Found[] {
  return before === undefined ? [found(path, 'added')] : [];
}

/** It is new and need not be given. */
export function addedWithDefault({ path, before, after }: Member): Found[] {
  return before === undefined && hasDefault(after) ? [found(path, 'added, with a default')] : [];
}

/** It has to be given and had not: it is new without a default, or lost its default. */
export function required({ path, before, after }: Member): Found[] {
  if (after === undefined || hasDefault(after)) return [];
  if (before === undefined) return [found(path, 'added without a default')];
  return hasDefault(before) ? [found([...path, 'default'], 'removed, so that it has to be given')] : [];
}

/** What stands in when it is not given is another, or is new. */
export function otherDefault({ path, before, after }: Member): Found[] {
  if (before === undefined || !hasDefault(after)) return [];
  const at = [...path, 'default'];
  if (!hasDefault(before)) return [found(at, `added ${valueText(after.default)}`)];
  return otherValue('default', path, before, after);
}

/** Messages are identified by another column, or recipients no longer named by the same. */
export function otherKey({ path, before, after }: Member): Found[] {
  return [
    ...otherValue('key', path, before, after),
    ...(isMap(before) && before.recipient !== undefined ? otherValue('recipient', path, before, after) : []),
  ];
}

function otherValue(key: string, path: Path, before: unknown, after: unknown): Found[] {
  if (!isMap(before) || !isMap(after) || canonicalJson(before[key]) === canonicalJson(after[key])) return [];
  const to = after[key] === undefined ? 'removed' : `${valueText(before[key])} -> ${valueText(after[key])}`;
  return [found([...path, key], to)];
}

/** A param's schema refuses what it accepted. */
export function narrowed({ path, before, after }: Member): Found[] {
  return isInBoth(before, after) ? narrowings(before, after, path) : [];
}

/** A param's schema accepts what it refused. */
export function widened({ path, before, after }: Member): Found[] {
  return isInBoth(before, after) ? widenings(before, after, path) : [];
}

/** An output's rows have another shape. */
export function otherType({ path, before, after }: Member): Found[] {
  return otherValue('type', path, before, after);
}

/** Columns that have to be there and had not. */
export function requiredColumns(member: Member): Found[] {
  return rowNarrowings(member).filter(({ path }) => isRequirement(path));
}

/** Columns that refuse what they accepted, and rows that may hold less. */
export function narrowedColumns(member: Member): Found[] {
  return rowNarrowings(member).filter(({ path }) => !isRequirement(path));
}

function rowNarrowings({ path, before, after }: Member): Narrowing[] {
  return isMap(before) && isMap(after) ? narrowings(before.row, after.row, [...path, 'row']) : [];
}

/** `inputs.x.row.required`; deeper ones are inside a column. */
function isRequirement(path: Path): boolean {
  return path.length === 4 && path[3] === 'required';
}

/** Columns that are new and not required. */
export function addedColumns({ path, before, after }: Member): Found[] {
  if (!isMap(before) || !isMap(after)) return [];
  const [a, b] = [columnsOf(before), columnsOf(after)];
  const needed = isMap(after.row) && Array.isArray(after.row.required) ? after.row.required : [];
  return Object.keys(b)
    .filter((name) => !Object.hasOwn(a, name) && !needed.includes(name))
    .map((name) => found([...path, 'row', 'properties', name], 'added, not required'));
}

/** Columns of both that accept more. */
export function widenedColumns({ path, before, after }: Member): Found[] {
  if (!isMap(before) || !isMap(after)) return [];
  const had = columnsOf(before);
  return widenings(before.row, after.row, [...path, 'row']).filter(
    ({ path: [, , , keyword, name] }) => keyword !== 'properties' || Object.hasOwn(had, String(name)),
  );
}

/** What the old schema would refuse of what the new one accepts. */
function widenings(before: unknown, after: unknown, path: Path): Found[] {
  const places = new Map(narrowings(after, before, path).map((place) => [pathText(place.path), place.path]));
  return [...places.values()].map((place) => found(place, 'accepts more'));
}

function columnsOf({ row }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isMap(row) && isMap(row.properties) ? row.properties : {};
}

function hasDefault(member: unknown): member is Readonly<Record<'default', unknown>> {
  return isMap(member) && member.default !== undefined;
}

function isInBoth(before: unknown, after: unknown): boolean {
  return before !== undefined && after !== undefined;
}

function found(path: Path, words: string): Found {
  return { path, words: `${pathText(path)}: ${words}` };
}
