import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson } from '../../src/registry/canonical.js';
import { digestsOf, operationDigest } from '../../src/registry/digest.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { edited, house, LAYER, ONE_SHOT, OPERATION, textOf } from './house.js';
import { SPECS } from './specs.js';

function digests(tree: FileTree): Record<string, string> {
  const registry = loadRegistry(tree, SPECS);
  const operation = registry.find('operation', 'driver_push');
  if (operation === undefined) throw new Error('the operation is gone');
  return { ...digestsOf(operation, registry), whole: operationDigest(operation, registry) };
}

const before = digests(house);
const changed = (tree: FileTree) =>
  Object.entries(digests(tree)).flatMap(([part, digest]) =>
    digest === before[part] || part === 'whole' ? [] : [part],
  );

/** The same map with its keys in another order, at every level. */
function shuffled(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const entries = new Map(Object.entries(value));
  return Object.fromEntries(
    order([...entries.keys()]).map((key) => [key, shuffled(entries.get(key), order)]),
  );
}

const document = loadRegistry(house, SPECS).find('operation', 'driver_push')?.document;
const withDocument = (text: string) => withChanges(house, [{ path: OPERATION, content: text }]);

/** Texts in quotes: a plain one may be ambiguous. */
const QUOTED = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' } as const;

describe('a digest', () => {
  test('does not see key order, quoting, anchors, comments or white space', () => {
    const layout = fc.record({
      seed: fc.integer(),
      indent: fc.integer({ min: 1, max: 6 }),
      isFlow: fc.boolean(),
      quotes: fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE'),
      comment: fc.stringMatching(/^[a-z :#-]{0,20}$/),
    });
    fc.assert(
      fc.property(layout, ({ seed, indent, isFlow, quotes, comment }) => {
        const order = (keys: string[]) =>
          keys
            .map(
              (key, index) =>
                [(Math.imul(seed, 31) + Math.imul(index + 1, key.length * 7919)) % 101, key] as const,
            )
            .sort(([a], [b]) => a - b)
            .map(([, key]) => key);
        const text = stringify(shuffled(document, order), {
          indent,
          collectionStyle: isFlow ? 'flow' : 'block',
          defaultStringType: quotes as 'PLAIN',
          aliasDuplicateObjects: !isFlow,
        });
        expect(digests(withDocument(`# ${comment}\n\n${text}\n# ${comment}\n`))).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });

  test('does not see what says nothing to a machine', () => {
    const exempt = {
      'title: Push': 'title: Pull',
      'One row a notification': 'Rows',
      'Bearer token of': 'The token of',
      'Base address': 'Address',
      'nirvana: 77c3': 'nirvana: 88c3',
    };
    expect(changed(edited(OPERATION, exempt))).toEqual([]);
    expect(
      changed(
        edited(OPERATION, {
          'status: draft': 'status: deprecated\nreason: old\nreplaced_by: x@1.0.0\nowner: me',
        }),
      ),
    ).toEqual([]);
    const inner = { 'message_id: { type': 'message_id: { title: Id, description: d, type' };
    expect(changed(edited(OPERATION, inner))).toEqual([]);
  });

  test("sees a row's field that happens to be called description", () => {
    const from = 'text: { type: string, minLength: 1, maxLength: 1024 }';
    const tree = edited(OPERATION, {
      [from]: `${from}\n        description: {type: string}\n        title2: {type: string}`,
    });
    expect(changed(tree)).toEqual(['interface']);
    expect(changed(edited(OPERATION, { 'body: {': 'body: {description: a, ' }))).toEqual(['wrapper']);
  });

  test.each([
    [{ 'key: message_id': 'key: driver_id' }, ['interface']],
    [{ 'default: pg:driver_push_log': 'default: pg:other' }, ['interface']],
    [{ 'version: 1.4.10': 'version: 1.4.11' }, ['interface']],
    [{ 'maximum: 4096': 'maximum: 4097' }, ['params']],
    [{ 'default: 64': 'default: "64"' }, ['params']],
    [{ 'max_attempts: 5': 'max_attempts: 6' }, ['wrapper']],
    [{ 'drain_timeout: 30s': 'drain_timeout: 31s' }, ['wrapper']],
    [{ '  PUSH_TOKEN: {': '  OTHER: {description: x}\n  PUSH_TOKEN: {' }, ['wrapper']],
    [{ 'sent: [200, 202]': 'sent: [202, 200]' }, ['wrapper']],
    [{ 'layer: taxi-crm-push@1.4.10': 'layer: taxi-crm-push@1.4.9' }, ['layer']],
  ])('of exactly one part sees %j', (edits, parts) =>
    expect(changed(edited(OPERATION, edits))).toEqual(parts),
  );

  test('of any other value of any leaf differs in at most one part', () => {
    const leaves: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (typeof value === 'object' && value !== null)
        for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
      else leaves.push(path);
    };
    walk(document, []);
    fc.assert(
      fc.property(
        fc.constantFrom(...leaves),
        fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        (path, value) => {
          // A version that is a number is no document.
          fc.pre(path[0] !== 'version' || typeof value !== 'number');
          const copy = structuredClone(document) as Record<string, unknown>;
          const parent = path.slice(0, -1).reduce((node, key) => node[key] as Record<string, unknown>, copy);
          parent[path.at(-1) ?? ''] = value;
          const isExempt =
            ['title', 'description', 'status', 'links'].includes(path[0] ?? '') ||
            (path.at(-1) === 'description' && path[0] !== 'runners');
          const isSame = canonicalJson(copy) === canonicalJson(document);
          expect(changed(withDocument(stringify(copy, QUOTED))).length).toBe(isExempt || isSame ? 0 : 1);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('of an operation sees what is inside the drafts it names', () => {
    expect(changed(edited(LAYER, { 'node: ">=20.19"': 'node: ">=22"' }))).toEqual(['layer']);
    expect(changed(edited(ONE_SHOT, { 'title: Reads': 'title: Read' }))).toEqual([]);
    expect(
      changed(withChanges(house, [{ path: 'templates/one-shot/1.0.0.mjs.hbs', content: '// other\n' }])),
    ).toEqual(['wrapper']);
    expect(
      changed(withChanges(house, [{ path: 'templates/one-shot/1.0.0.mjs.hbs', content: '// one-shot\r\n' }])),
    ).toEqual([]);
  });

  test('of an operation is that of its parts', () => {
    expect(digests(edited(OPERATION, { 'default: 64': 'default: 65' })).whole).not.toBe(before.whole);
    expect(textOf(OPERATION)).toContain('default: 64');
  });
});

test('canonical JSON is one text a value', () => {
  expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'ü"' })).toBe(
    '{"a":"ü\\"","b":[1,{"c":null}]}',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
