import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { ArtefactKind } from '../../src/registry/artefact.js';
import { changesBetween } from '../../src/registry/comparison.js';
import { digestsOf } from '../../src/registry/digest.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { edited, house, LAYER, ONE_SHOT, OPERATION } from './house.js';
import { SPECS } from './specs.js';

function read(tree: FileTree, kind: ArtefactKind = 'operation', name = 'driver_push') {
  const registry = loadRegistry(tree, SPECS);
  const artefact = registry.find(kind, name);
  if (artefact === undefined) throw new Error(`there is no ${kind} ${name}`);
  return { document: artefact.document, digests: digestsOf(artefact, registry) };
}

const original = read(house);
const changes = (edits: Readonly<Record<string, string>>) =>
  changesBetween('operation', original.document, read(edited(OPERATION, edits)).document);

describe('a change is told in one line', () => {
  test.each<[string, string, string, string]>([
    ['default: 64', 'default: 128', 'params', 'params.concurrency.default: 64 -> 128'],
    ['default: 64', 'default: "64"', 'params', "params.concurrency.default: 64 -> '64'"],
    ['    maximum: 4096\n', '', 'params', 'params.concurrency.maximum: removed (was 4096)'],
    [
      '  listen:',
      '  retries: {type: integer, default: 3}\n  listen:',
      'params',
      'params.retries: added {type: integer, default: 3}',
    ],
    [
      '[message_id, driver_id, title, text]',
      '[message_id, driver_id, text, "o\\u001b"]',
      'interface',
      "inputs.recipients.row.required: added 'o\\u001b'; removed 'title'",
    ],
    [
      '[200, 202]',
      '[202, 200]',
      'wrapper',
      'runners.one-shot.sender.channel.outcomes.sent: other order: [200, 202] -> [202, 200]',
    ],
    [
      'layer: taxi-crm-push@1.4.10',
      'layer: taxi-crm-push@1.4.11',
      'layer',
      'layer: taxi-crm-push@1.4.10 -> taxi-crm-push@1.4.11',
    ],
    ['  PUSH_TOKEN:', '  "a b": {}\n  PUSH_TOKEN:', 'wrapper', "secrets['a b']: added {}"],
    ['policy:\n  drain_timeout: 30s\n', '', 'wrapper', 'policy: removed'],
    [
      'title: Push',
      'title: Pull',
      'text',
      'title: Push notifications to drivers -> Pull notifications to drivers',
    ],
    ['The send log tells', 'The log tells', 'text', 'description: text changed, +1 -1 lines'],
    [
      'Bearer token of',
      'The token of',
      'text',
      'secrets.PUSH_TOKEN.description: Bearer token of the push service. -> The token of the push service.',
    ],
    [
      'Base address',
      'Address',
      'text',
      'params.endpoint.description: Base address of the push service. -> Address of the push service.',
    ],
    ['status: draft', 'status: draft\nremove_after: 2027-01-01', 'text', "remove_after: added '2027-01-01'"],
    ['layer: taxi', 'novelty: 1\nlayer: taxi', 'interface', 'novelty: added 1'],
  ])('%j to %j', (from, to, part, words) => {
    expect(changes({ [from]: to }).slice(0, 1)).toMatchObject([{ part, words }]);
  });

  test('the identity and the record of publication are none', () => {
    expect(changes({ 'version: 1.4.10': 'version: 1.4.11', 'name: driver_push': 'name: other' })).toEqual([]);
    expect(changes({ 'policy:': 'published: {form: 1}\npolicy:' })).toEqual([]);
  });

  test('a long text is shown from where it differs', () => {
    const [change] = changesBetween(
      'layer',
      { title: `${'a'.repeat(100)}b` },
      { title: `${'a'.repeat(100)}c` },
    );
    expect(change?.words).toBe(`title: '…${'a'.repeat(16)}b' -> '…${'a'.repeat(16)}c'`);
  });

  test('no value can fill the screen', () => {
    const long = Object.fromEntries(
      Array.from({ length: 999 }, (_, index) => [`k${index}`, 'v'.repeat(999)]),
    );
    for (const value of [long, Object.keys(long), 'x'.repeat(99_999)]) {
      const [change] = changesBetween('layer', { packages: ['x'] }, { packages: value });
      expect(change?.words.length).toBeLessThan(200);
    }
  });

  test('lists of maps are paired, and what is between is told alone', () => {
    const before = { packages: [{ a: 1 }, { b: 1 }, { c: 1 }] };
    const after = { packages: [{ a: 1 }, { b: 2 }, { x: 1 }, { c: 1 }] };
    expect(changesBetween('layer', before, after).map(({ words }) => words)).toEqual([
      'packages[1].b: 1 -> 2',
      'packages[2]: added {x: 1}',
    ]);
  });

  test.each<[ArtefactKind, string, string, string]>([
    ['layer', LAYER, 'node: ">=20.19"', 'node: ">=22"'],
    ['template', ONE_SHOT, 'stages: [reader, sender, logger]', 'stages: [reader, sender]'],
  ])('of a %s it is its content', (kind, path, from, to) => {
    const name = path.split('/')[1] ?? '';
    const after = read(edited(path, { [from]: to }), kind, name).document;
    expect(changesBetween(kind, read(house, kind, name).document, after)).toMatchObject([
      { part: 'content' },
    ]);
  });
});

/** Every place of a document, maps and lists themselves included. */
function placesOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesOf(item, [...path, key]))];
}

type Mutation = { path: string[]; key: string; act: 'set' | 'delete' | 'add'; value: unknown };

function mutated(document: unknown, { path, key, act, value }: Mutation): Record<string, unknown> {
  const copy = structuredClone(document) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((node, step) => node?.[step] as typeof copy, copy);
  const last = path.at(-1) ?? '';
  // An earlier mutation may have taken the place away.
  if (typeof parent !== 'object' || parent === null) return copy;
  const inner = parent[last];
  if (act === 'add' && typeof inner === 'object' && inner !== null) Object.assign(inner, { [key]: value });
  else if (act === 'delete' && !Array.isArray(parent)) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe('the parts that have changes', () => {
  const places = placesOf(original.document).filter(
    ([key]) => key !== undefined && !['schema', 'name', 'version'].includes(key),
  );
  const leaf = fc.oneof(
    fc.constantFrom('x', '', 0, null, true),
    fc.constantFrom('type', 'title', 'description'),
  );
  const value = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('description', 'title', 'properties', 'items', 'type'), leaf, {
      maxKeys: 3,
    }),
    fc.array(fc.dictionary(fc.constantFrom('title', 'a'), leaf), { maxLength: 3 }),
  );
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    path: fc.constantFrom(...places),
    key: fc.constantFrom('description', 'title', 'allOf', 'items', 'properties', 'x-a', '0', 'default'),
    act: fc.constantFrom('set', 'delete', 'add'),
    value,
  });

  test('are those whose digest differs', () => {
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.array(mutation, { maxLength: 3 }),
        (one, two) => {
          const apply = (mutations: Mutation[], from: unknown) =>
            read(
              withChanges(house, [
                { path: OPERATION, content: stringify(mutations.reduce(mutated, from as never)) },
              ]),
            );
          const before = apply(two, original.document);
          const after = apply(one, before.document);
          const told = changesBetween('operation', before.document, after.document).map(({ part }) => part);
          const differing = Object.keys(before.digests).filter(
            (part) => before.digests[part] !== after.digests[part],
          );
          expect(new Set(told.filter((part) => part !== 'text'))).toEqual(new Set(differing));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('are none between a document and itself, and the same both ways', () => {
    fc.assert(
      fc.property(mutation, (change) => {
        const after = mutated(original.document, change);
        expect(changesBetween('operation', after, after)).toEqual([]);
        const parts = (a: typeof after, b: typeof after) =>
          new Set(changesBetween('operation', a, b).map(({ part }) => part));
        expect(parts(original.document, after)).toEqual(parts(after, original.document));
      }),
      { numRuns: 200 },
    );
  });
});

test('any two documents are compared, in lines that a terminal can bear', () => {
  const document = fc.dictionary(
    fc.constantFrom('params', 'inputs', 'secrets', 'runners', 'title', '__proto__'),
    fc.oneof(fc.jsonValue(), fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom<ArtefactKind>('operation', 'layer', 'template'),
      document,
      document,
      (kind, a, b) => {
        expect(changesBetween(kind, a, a)).toEqual([]);
        for (const { words } of changesBetween(kind, a, b))
          expect(words).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
      },
    ),
  );
});
