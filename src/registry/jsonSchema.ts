import type { Path } from './source.js';

type Schema = Readonly<Record<string, unknown>>;

/** Where draft-07 keeps schemas inside schemas. Everything else under a keyword is a value, never a schema. */
const SCHEMA_KEYWORDS = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
];
const SCHEMA_LIST_KEYWORDS = ['allOf', 'anyOf', 'items', 'oneOf'];
const SCHEMA_MAP_KEYWORDS = ['definitions', 'dependencies', 'patternProperties', 'properties'];

/** Every keyword of draft-07. Another word in a schema would be ignored, so it is a finding unless it begins with `x-`. */
export const KEYWORDS: readonly string[] = [
  ...new Set([...SCHEMA_KEYWORDS, ...SCHEMA_LIST_KEYWORDS, ...SCHEMA_MAP_KEYWORDS]),
  ...[
    '$comment',
    '$id',
    '$ref',
    '$schema',
    'const',
    'contentEncoding',
    'contentMediaType',
    'default',
    'description',
    'enum',
    'examples',
  ],
  ...[
    'exclusiveMaximum',
    'exclusiveMinimum',
    'format',
    'maximum',
    'maxItems',
    'maxLength',
    'maxProperties',
    'minimum',
    'minItems',
    'minLength',
  ],
  ...[
    'minProperties',
    'multipleOf',
    'pattern',
    'readOnly',
    'required',
    'title',
    'type',
    'uniqueItems',
    'writeOnly',
  ],
];

/**
 * Rebuilds a JSON Schema bottom-up through `change`, which sees each schema with the schemas inside it changed already.
 * A property that happens to be called `description` is a key of `properties`, not a keyword, and so is no text.
 */
export function mapSchema(
  schema: unknown,
  change: (schema: Schema, path: Path) => unknown,
  path: Path = [],
): unknown {
  if (!isMap(schema)) return schema;
  const inner = (value: unknown, ...steps: (string | number)[]) =>
    mapSchema(value, change, [...path, ...steps]);
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (SCHEMA_LIST_KEYWORDS.includes(keyword) && Array.isArray(value)) {
      return [keyword, value.map((item, index) => inner(item, keyword, index))];
    }
    if (SCHEMA_KEYWORDS.includes(keyword)) return [keyword, inner(value, keyword)];
    if (SCHEMA_MAP_KEYWORDS.includes(keyword) && isMap(value)) {
      return [
        keyword,
        Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item, keyword, key)])),
      ];
    }
    return [keyword, value];
  });
  return change(Object.fromEntries(entries), path);
}

/** A plain map: no list, no null. */
export function isMap(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
