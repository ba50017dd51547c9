import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../../src/component.js';
import { narrowings } from '../../src/registry/narrowing.js';
import { valueErrors } from '../../src/registry/value.js';

const words = (before: unknown, after: unknown) =>
  narrowings(before, after, ['x']).map((found) => found.words);

describe('a schema is narrowed', () => {
  test.each<[JsonSchema | boolean, JsonSchema | boolean, string]>([
    [{ type: 'integer', maximum: 4096 }, { type: 'integer', maximum: 1024 }, 'x.maximum: 4096 -> 1024'],
    [{ type: 'integer' }, { type: 'integer', minimum: 0 }, 'x.minimum: added 0'],
    [
      { type: 'integer', minimum: 1, maximum: 9 },
      { type: 'integer', minimum: 1, maximum: 5 },
      'x.maximum: 9 -> 5',
    ],
    [{ const: 5 }, { type: 'integer', maximum: 4 }, 'x.maximum: added 4'],
    [{ type: 'number', minimum: 0 }, { type: 'number', exclusiveMinimum: 0 }, 'x.exclusiveMinimum: added 0'],
    [{ type: 'number' }, { type: 'integer' }, 'x.type: number -> integer'],
    [{ type: ['string', 'null'] }, { type: 'string' }, "x.type: [string, 'null'] -> string"],
    [{}, { type: 'string' }, 'x.type: added string'],
    [{ enum: ['http', 'fcm'] }, { enum: ['http'] }, 'x.enum: no longer accepts fcm'],
    [{ type: 'string' }, { enum: ['http'] }, 'x.enum: accepts only [http]'],
    [{ type: 'integer', minimum: 1, maximum: 9 }, { multipleOf: 3 }, 'x.multipleOf: added 3'],
    [{ type: 'string' }, { type: 'string', pattern: '^a' }, 'x.pattern: added ^a'],
    [{ type: 'string' }, { type: 'string', format: 'uri' }, 'x.format: added uri'],
    [
      { type: 'array', items: { maxLength: 9 } },
      { type: 'array', items: { maxLength: 8 } },
      'x.items.maxLength: 9 -> 8',
    ],
    [{ type: 'object' }, { type: 'object', required: ['a'] }, "x.required: 'a' required now"],
    [
      { type: 'object' },
      { type: 'object', additionalProperties: false },
      'x.additionalProperties: no longer accepted',
    ],
    [
      { type: 'object', properties: { a: { type: 'string' } } },
      { type: 'object', additionalProperties: false, properties: {} },
      'x.properties.a: no longer accepted',
    ],
    [
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      { anyOf: [{ type: 'string' }] },
      "x.anyOf: [{type: string}, {type: 'null'}] -> [{type: string}]",
    ],
    [
      { $ref: '#/definitions/a', definitions: { a: { maxLength: 2 } } },
      { $ref: '#/definitions/a', definitions: { a: { maxLength: 1 } } },
      'x.definitions.a.maxLength: 2 -> 1',
    ],
    [true, false, 'x: no longer accepted'],
  ])('%j to %j', (before, after, said) => expect(words(before, after)).toContain(said));
});

describe('a schema is not narrowed', () => {
  test.each<[JsonSchema | boolean, JsonSchema | boolean]>([
    [{ type: 'string' }, { type: 'string', minimum: 5, title: 'x', default: 'y', 'x-sensitive': true }],
    [
      { type: 'integer', exclusiveMinimum: 0 },
      { type: 'integer', minimum: 1 },
    ],
    [{ type: 'integer', minimum: 1, maximum: 3 }, { enum: [1, 2, 3] }],
    [{ enum: ['a', 'b'] }, { enum: ['b', 'a', 'c'] }],
    [{ const: 'a' }, { type: 'string', maxLength: 1 }],
    [{ enum: ['ab', 'b'] }, { type: 'string', pattern: 'b$' }],
    [{ type: 'boolean' }, { enum: [true, false, 'auto'] }],
    [
      { type: 'number', multipleOf: 4 },
      { type: 'integer', multipleOf: 2 },
    ],
    [{ type: 'string', pattern: '^a', format: 'uri' }, { type: 'string' }],
    [{ anyOf: [{ type: 'string' }] }, { anyOf: [{ type: 'null' }, { type: 'string' }] }],
    [{ allOf: [{ type: 'string' }, { maxLength: 3 }] }, { allOf: [{ type: 'string' }] }],
    [
      { type: 'object', required: ['a', 'b'] },
      { type: 'object', required: ['b'] },
    ],
    [{ type: 'object' }, { type: 'object', properties: { a: { type: 'string' } } }],
    [{ type: 'object', additionalProperties: false }, { type: 'object' }],
    [{ type: 'array', uniqueItems: true, maxItems: 5 }, { type: 'array' }],
    [{ minimum: 3, maximum: 1, type: 'number' }, { type: 'string' }],
    [false, false],
    [false, true],
  ])('%j to %j', (before, after) => expect(words(before, after)).toEqual([]));
});

/** Small enough to be tried whole, with room outside of every bound that the schemas below can have. */
const UNIVERSE: readonly unknown[] = [
  ...[null, true, false, {}, { a: 1 }, { b: 1 }, { a: 'x' }, { a: 1, b: 1 }],
  ...Array.from({ length: 193 }, (_, index) => index / 4 - 24),
  ...Array.from({ length: 8 }, (_, length) => 'a'.repeat(length)),
  ...Array.from({ length: 6 }, (_, length) => Array.from({ length }, (_unused, index) => index)),
];

const bound = fc.integer({ min: -6, max: 6 }).map((half) => half / 2);
const size = fc.integer({ min: 0, max: 4 });
const types = fc.constantFrom('null', 'boolean', 'number', 'integer', 'string', 'array', 'object');
const schema: fc.Arbitrary<JsonSchema> = fc.record(
  {
    type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 3 })),
    enum: fc.uniqueArray(fc.constantFrom(null, true, 1, 2, 2.5, '', 'a', 'aaa', {}), {
      minLength: 1,
      maxLength: 4,
    }),
    minimum: bound,
    maximum: bound,
    exclusiveMinimum: bound,
    exclusiveMaximum: bound,
    multipleOf: fc.constantFrom(0.5, 1, 2, 3),
    minLength: size,
    maxLength: size,
    minItems: size,
    maxItems: size,
    required: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const simple = fc
  .tuple(
    schema,
    fc.subarray(
      [
        'type',
        'enum',
        'minimum',
        'maximum',
        'exclusiveMinimum',
        'exclusiveMaximum',
        'multipleOf',
        'minLength',
        'maxLength',
        'minItems',
        'maxItems',
        'required',
      ],
      { maxLength: 5 },
    ),
  )
  .map(
    ([whole, keys]): JsonSchema =>
      Object.fromEntries(Object.entries(whole).filter(([key]) => keys.includes(key))),
  );

const accepts = (one: JsonSchema, value: unknown) => {
  const errors = valueErrors(one, value);
  return !('invalid' in errors) && errors.length === 0;
};

test('a schema of simple keywords is narrowed exactly where a value is lost', () => {
  let lost = 0;
  fc.assert(
    fc.property(simple, simple, (before, after) => {
      const witness = UNIVERSE.find((value) => accepts(before, value) && !accepts(after, value));
      if (witness !== undefined) lost += 1;
      expect({ isNarrowed: narrowings(before, after).length > 0 }).toEqual({
        isNarrowed: witness !== undefined,
      });
    }),
    { numRuns: 1_000 },
  );
  expect(lost).toBeGreaterThan(100);
});

test('a bound that moves narrows one way and widens the other, never both', () => {
  const single = fc.constantFrom('minimum', 'maximum', 'minLength', 'maxLength');
  fc.assert(
    fc.property(single, fc.option(size), fc.option(size), (keyword, a, b) => {
      const of = (value: number | null) => ({
        type: ['number', 'string'],
        ...(value !== null && { [keyword]: value }),
      });
      const isNarrowed = narrowings(of(a), of(b)).length > 0;
      expect(isNarrowed && narrowings(of(b), of(a)).length > 0).toBe(false);
    }),
  );
});
