import type { JsonSchema } from '../component.js';
import { canonicalJson } from './canonical.js';
import { pathText, valueText } from './changeWords.js';
import { isMap } from './jsonSchema.js';
import {
  fewValues,
  JSON_TYPES,
  type JsonType,
  numberBounds,
  numberRange,
  numberStep,
  typesOf,
} from './schemaValues.js';
import type { Path } from './source.js';
import { valueErrors } from './value.js';

/** A place at which a JSON Schema refuses something that it accepted before. */
export interface Narrowing {
  /** Ends with the keyword at fault. */
  readonly path: Path;
  readonly words: string;
}

/**
 * Where `after` refuses a value that `before` accepts. Exact for type, enum, const and the bounds of numbers, texts and
 * lists; of what cannot be decided (pattern, anyOf, …) any change but a removal counts. A property that is new and not
 * required narrows nothing, since nobody was told of it. A widening is a narrowing the other way round.
 */
export function narrowings(before: unknown, after: unknown, path: Path = []): Narrowing[] {
  const [a, b] = [schemaOf(before), schemaOf(after)];
  if (canonicalJson(a) === canonicalJson(b)) return [];
  const few = fewValues(a);
  if (b === NOTHING)
    return few?.every((value) => keywordAgainst(a, value) !== undefined)
      ? []
      : [narrowing(path, 'no longer accepted')];
  if (few !== undefined) return refusals(few, a, b, path);
  const types = JSON_TYPES.map((type) => ({ type, values: fewValues(a, type) }));
  const counted = types.flatMap(({ values = [] }) => values);
  const open = types.flatMap(({ type, values }) => (values === undefined ? [type] : []));
  return [...refusals(counted, a, b, path), ...openNarrowings(open, a, b, path)];
}

const NOTHING: JsonSchema = { type: [] };

/** `true` and `false` are schemas, too. */
function schemaOf(schema: unknown): JsonSchema {
  if (schema === false) return NOTHING;
  return isMap(schema) ? schema : {};
}

/** Of values that can be counted: those that only the old schema accepts, by keyword. */
function refusals(
  values: readonly unknown[],
  before: JsonSchema,
  after: JsonSchema,
  path: Path,
): Narrowing[] {
  const refused = new Map<string, unknown[]>();
  for (const value of values) {
    if (keywordAgainst(before, value) !== undefined) continue;
    const keyword = keywordAgainst(after, value);
    if (keyword !== undefined) refused.set(keyword, [...(refused.get(keyword) ?? []), value]);
  }
  return [...refused].map(([keyword, items]) =>
    ['enum', 'const'].includes(keyword) || canonicalJson(before[keyword]) === canonicalJson(after[keyword])
      ? narrowing([...path, keyword], `no longer accepts ${valueText(items.length === 1 ? items[0] : items)}`)
      : changed(before, after, keyword, path),
  );
}

/** The keyword by which a schema refuses a value; undefined where it accepts it or is no schema at all. */
function keywordAgainst(schema: JsonSchema, value: unknown): string | undefined {
  const errors = valueErrors(schema, value);
  return 'invalid' in errors ? undefined : errors[0]?.keyword;
}

function openNarrowings(
  open: readonly JsonType[],
  before: JsonSchema,
  after: JsonSchema,
  path: Path,
): Narrowing[] {
  if (open.length === 0) return [];
  for (const keyword of ['const', 'enum'])
    if (keyword in after) return [narrowing([...path, keyword], `accepts only ${valueText(after[keyword])}`)];
  const admitted = typesOf(after);
  const lost = open.filter((type) => !admitted.includes(type));
  return [
    ...(lost.length > 0 ? [changed(before, after, 'type', path)] : []),
    ...open.filter((type) => admitted.includes(type)).flatMap((type) => OF_TYPE[type](before, after, path)),
    ...undecided(before, after, path),
    ...inBoth(before, after, 'definitions', path),
  ];
}

type Comparison = (before: JsonSchema, after: JsonSchema, path: Path) => Narrowing[];

const OF_TYPE: Readonly<Record<JsonType, Comparison>> = {
  null: () => [],
  boolean: () => [],
  number: numbers,
  string: (before, after, path) => [
    ...limits(before, after, path, ['minLength', 'maxLength']),
    ...['pattern', 'format'].flatMap((keyword) => newOrOther(before, after, keyword, path)),
  ],
  array: (before, after, path) => [
    ...limits(before, after, path, ['minItems', 'maxItems']),
    ...(after.uniqueItems === true && before.uniqueItems !== true && before.maxItems !== 1
      ? [changed(before, after, 'uniqueItems', path)]
      : []),
    ...(Array.isArray(before.items) || Array.isArray(after.items)
      ? newOrOther(before, after, 'items', path)
      : narrowings(before.items, after.items, [...path, 'items'])),
  ],
  object: (before, after, path) => [
    ...limits(before, after, path, ['minProperties', 'maxProperties']),
    ...requirements(before, after, path),
    ...properties(before, after, path),
  ],
};

/** Holds the new bounds against the first and last number that were accepted. */
function numbers(before: JsonSchema, after: JsonSchema, path: Path): Narrowing[] {
  const [a, b] = [numberRange(before), numberBounds(after)];
  const [fine, coarse] = [numberStep(before), numberStep(after)];
  const isLess = b.min > a.min || (b.min === a.min && b.isMinOut && !a.isMinOut);
  const isMore = b.max < a.max || (b.max === a.max && b.isMaxOut && !a.isMaxOut);
  const isCoarser = coarse !== undefined && (fine === undefined || fine % coarse !== 0);
  const stepKey = before.multipleOf === after.multipleOf ? 'type' : 'multipleOf';
  return [
    ...(isLess ? [changed(before, after, b.minKey, path)] : []),
    ...(isMore ? [changed(before, after, b.maxKey, path)] : []),
    ...(isCoarser ? [changed(before, after, stepKey, path)] : []),
  ];
}

/** A least that rose or a most that fell. */
function limits(
  before: JsonSchema,
  after: JsonSchema,
  path: Path,
  [min, max]: [string, string],
): Narrowing[] {
  const most = (schema: JsonSchema) => Number(schema[max] ?? Number.POSITIVE_INFINITY);
  return [
    ...(Number(after[min] ?? 0) > Number(before[min] ?? 0) ? [changed(before, after, min, path)] : []),
    ...(most(after) < most(before) ? [changed(before, after, max, path)] : []),
  ];
}

function requirements(before: JsonSchema, after: JsonSchema, path: Path): Narrowing[] {
  const had = listOf(before.required);
  const fresh = listOf(after.required).filter((name) => !had.includes(name));
  return fresh.length === 0
    ? []
    : [
        narrowing(
          [...path, 'required'],
          `${fresh.map((name) => `'${String(name)}'`).join(', ')} required now`,
        ),
      ];
}

function properties(before: JsonSchema, after: JsonSchema, path: Path): Narrowing[] {
  const [a, b] = [mapOf(before.properties), mapOf(after.properties)];
  const rest = 'additionalProperties';
  const lost = Object.keys(a).filter((name) => !Object.hasOwn(b, name) && a[name] !== false);
  return [
    ...inBoth(before, after, 'properties', path),
    ...lost.flatMap((name) => narrowings(a[name], after[rest], [...path, 'properties', name])),
    ...narrowings(before[rest], after[rest], [...path, rest]),
  ];
}

/** Schemas that both have by name under a keyword. */
function inBoth(before: JsonSchema, after: JsonSchema, keyword: string, path: Path): Narrowing[] {
  const [a, b] = [mapOf(before[keyword]), mapOf(after[keyword])];
  return Object.keys(a)
    .filter((name) => Object.hasOwn(b, name))
    .flatMap((name) => narrowings(a[name], b[name], [...path, keyword, name]));
}

const UNDECIDED = [
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', '$ref'],
  ...['patternProperties', 'propertyNames', 'dependencies', 'contains', 'additionalItems'],
];

/** Keywords whose effect is not computed. Of alternatives it is known that another one narrows nothing. */
function undecided(before: JsonSchema, after: JsonSchema, path: Path): Narrowing[] {
  return UNDECIDED.flatMap((keyword) => {
    const [kept, from] = keyword === 'anyOf' ? [before, after] : [after, before];
    const known = listOf(from[keyword]).map(canonicalJson);
    const isCovered =
      (keyword === 'anyOf' || keyword === 'allOf') &&
      Array.isArray(before[keyword]) &&
      listOf(kept[keyword]).every((item) => known.includes(canonicalJson(item)));
    return isCovered ? [] : newOrOther(before, after, keyword, path);
  });
}

/** A keyword that is new or has another value; one that went away narrows nothing. */
function newOrOther(before: JsonSchema, after: JsonSchema, keyword: string, path: Path): Narrowing[] {
  const isSame = canonicalJson(before[keyword]) === canonicalJson(after[keyword]);
  return isSame || after[keyword] === undefined ? [] : [changed(before, after, keyword, path)];
}

function changed(before: JsonSchema, after: JsonSchema, keyword: string, path: Path): Narrowing {
  const [from, to] = [before[keyword], after[keyword]];
  return narrowing(
    [...path, keyword],
    from === undefined ? `added ${valueText(to)}` : `${valueText(from)} -> ${valueText(to)}`,
  );
}

function narrowing(path: Path, words: string): Narrowing {
  return { path, words: `${pathText(path)}: ${words}` };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}
