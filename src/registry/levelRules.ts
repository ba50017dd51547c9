import { canonicalJson } from './canonical.js';
import { pathText, valueText } from './changeWords.js';
import { isMap } from './jsonSchema.js';
import { type Narrowing, narrowings } from './narrowing.js';
import type { Path } from './source.js';
import type { Level } from './version.js';

/** What one kind of change means for those who start the operation, fill its inputs or read its outputs. */
export interface LevelRule {
  /** Stable: policies name it. */
  readonly id: string;
  readonly level: Level;
  /** What it finds and why this level is due. */
  readonly doc: string;
  /** The top-level map whose members it looks at, one by one. */
  readonly section: 'inputs' | 'outputs' | 'params' | 'secrets' | 'runners';
  find(member: Member): readonly Found[];
}

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

const PARAM_RULES: readonly LevelRule[] = [
  {
    id: 'param-removed',
    level: 'major',
    doc: 'A param is gone: who still sets it is refused.',
    section: 'params',
    find: removed,
  },
  {
    id: 'param-required',
    level: 'major',
    doc: 'A param has no default and is new or had one: who does not set it is refused.',
    section: 'params',
    find: required,
  },
  {
    id: 'param-narrowed',
    level: 'major',
    doc: 'A param refuses values that it accepted.',
    section: 'params',
    find: ({ path, before, after }) => (isInBoth(before, after) ? narrowings(before, after, path) : []),
  },
  {
    id: 'param-added',
    level: 'minor',
    doc: 'A param with a default is new: nobody has to set it.',
    section: 'params',
    find: addedWithDefault,
  },
  {
    id: 'param-widened',
    level: 'minor',
    doc: 'A param accepts values that it refused.',
    section: 'params',
    find: ({ path, before, after }) => (isInBoth(before, after) ? widenings(before, after, path) : []),
  },
  {
    id: 'param-default',
    level: 'minor',
    doc: 'A default is another or new: who does not set the param gets other behaviour.',
    section: 'params',
    find: otherDefault,
  },
];

const INPUT_RULES: readonly LevelRule[] = [
  {
    id: 'input-removed',
    level: 'major',
    doc: 'An input is gone: who still gives it is refused.',
    section: 'inputs',
    find: removed,
  },
  {
    id: 'input-required',
    level: 'major',
    doc: 'An input has no default and is new or had one: who does not give it is refused.',
    section: 'inputs',
    find: required,
  },
  {
    id: 'input-key',
    level: 'major',
    doc: 'Messages are identified or addressed by another column: a run cannot be resumed, logs do not compare.',
    section: 'inputs',
    find: otherKey,
  },
  {
    id: 'column-required',
    level: 'major',
    doc: 'A column has to be there that did not: rows without it are rejected.',
    section: 'inputs',
    find: (member) => rowNarrowings(member).filter(({ path }) => isRequirement(path)),
  },
  {
    id: 'column-narrowed',
    level: 'major',
    doc: 'A column refuses values that it accepted: such rows are rejected.',
    section: 'inputs',
    find: (member) => rowNarrowings(member).filter(({ path }) => !isRequirement(path)),
  },
  {
    id: 'input-added',
    level: 'minor',
    doc: 'An input with a default is new: nobody has to give it.',
    section: 'inputs',
    find: addedWithDefault,
  },
  {
    id: 'column-added',
    level: 'minor',
    doc: 'A column is new and need not be there.',
    section: 'inputs',
    find: addedColumns,
  },
  {
    id: 'column-widened',
    level: 'minor',
    doc: 'A column accepts values that it refused, or need no longer be there.',
    section: 'inputs',
    find: widenedColumns,
  },
  {
    id: 'input-default',
    level: 'minor',
    doc: 'Rows come from another place, or from one at all, where no location is given.',
    section: 'inputs',
    find: otherDefault,
  },
];

const OUTPUT_RULES: readonly LevelRule[] = [
  {
    id: 'output-removed',
    level: 'major',
    doc: 'An output is gone: who reads it finds nothing.',
    section: 'outputs',
    find: removed,
  },
  {
    id: 'output-required',
    level: 'major',
    doc: 'An output has no default and is new or had one: who does not say where it goes is refused.',
    section: 'outputs',
    find: required,
  },
  {
    id: 'output-type',
    level: 'major',
    doc: 'An output has another type: who reads it finds other columns.',
    section: 'outputs',
    find: ({ path, before, after }) => otherValue('type', path, before, after),
  },
  {
    id: 'output-added',
    level: 'minor',
    doc: 'An output with a default is new.',
    section: 'outputs',
    find: addedWithDefault,
  },
  {
    id: 'output-default',
    level: 'minor',
    doc: 'An output goes to another place, or to one at all, where no location is given.',
    section: 'outputs',
    find: otherDefault,
  },
];

const WRAPPER_RULES: readonly LevelRule[] = [
  {
    id: 'runner-removed',
    level: 'major',
    doc: 'A runner is gone: a schedule that starts it fails.',
    section: 'runners',
    find: removed,
  },
  { id: 'runner-added', level: 'minor', doc: 'A runner is new.', section: 'runners', find: added },
  {
    id: 'secret-added',
    level: 'minor',
    doc: 'A secret is new: it has to be set wherever the operation runs.',
    section: 'secrets',
    find: added,
  },
  {
    id: 'secret-removed',
    level: 'patch',
    doc: 'A secret is no longer needed.',
    section: 'secrets',
    find: removed,
  },
];

/** Every rule of level. A change that none of them finds is a patch. */
export const LEVEL_RULES: readonly LevelRule[] = [
  ...PARAM_RULES,
  ...INPUT_RULES,
  ...OUTPUT_RULES,
  ...WRAPPER_RULES,
];

function removed({ path, after }: Member): Found[] {
  return after === undefined ? [found(path, 'removed')] : [];
}

function added({ path, before }: Member): Found[] {
  return before === undefined ? [found(path, 'added')] : [];
}

function addedWithDefault({ path, before, after }: Member): Found[] {
  return before === undefined && hasDefault(after) ? [found(path, 'added, with a default')] : [];
}

function required({ path, before, after }: Member): Found[] {
  if (after === undefined || hasDefault(after)) return [];
  if (before === undefined) return [found(path, 'added without a default')];
  return hasDefault(before) ? [found([...path, 'default'], 'removed, so that it has to be given')] : [];
}

function otherDefault({ path, before, after }: Member): Found[] {
  if (before === undefined || !hasDefault(after)) return [];
  const at = [...path, 'default'];
  if (!hasDefault(before)) return [found(at, `added ${valueText(after.default)}`)];
  return otherValue('default', path, before, after);
}

function otherKey({ path, before, after }: Member): Found[] {
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

function rowNarrowings({ path, before, after }: Member): Narrowing[] {
  return isMap(before) && isMap(after) ? narrowings(before.row, after.row, [...path, 'row']) : [];
}

/** `inputs.x.row.required`; deeper ones are inside a column. */
function isRequirement(path: Path): boolean {
  return path.length === 4 && path[3] === 'required';
}

function addedColumns({ path, before, after }: Member): Found[] {
  if (!isMap(before) || !isMap(after)) return [];
  const [a, b] = [columnsOf(before), columnsOf(after)];
  const needed = isMap(after.row) && Array.isArray(after.row.required) ? after.row.required : [];
  return Object.keys(b)
    .filter((name) => !Object.hasOwn(a, name) && !needed.includes(name))
    .map((name) => found([...path, 'row', 'properties', name], 'added, not required'));
}

function widenedColumns({ path, before, after }: Member): Found[] {
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
