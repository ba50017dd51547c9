import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ArtefactKind } from '../../src/registry/artefact.js';
import { canonicalJson } from '../../src/registry/canonical.js';
import { type Digests, digestsOf } from '../../src/registry/digest.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { memoryTree } from '../../src/registry/tree.js';
import {
  draft,
  ENV,
  type Files,
  PUBLISHED,
  published,
  SEND,
  TASK,
  TASK_TEXT,
  template,
} from '../rules/files.js';
import { SPECS } from './specs.js';

type Map = Record<string, unknown>;

const SCRIPT = 'operations/send/a.sh';
const OPERATION = {
  description: 'Sends.',
  owner: 'crm',
  links: { a: 'b' },
  schema: 'operation/v1',
  inputs: {
    rows: {
      description: 'Rows.',
      key: 'id',
      row: {
        type: 'object',
        description: 'A row.',
        required: ['id', 'title'],
        properties: {
          id: { type: 'string', title: 'Id' },
          title: { type: ['string', 'null'], description: 'The title.' },
          description: { enum: ['a', { description: 'no text' }], default: { title: 'no text' } },
          list: { type: 'array', items: [{ title: 'x', const: 1 }, { not: { description: 'y' } }] },
        },
        allOf: [{ if: { title: 'z' }, else: { minimum: 1 } }],
      },
    },
  },
  outputs: { log: { type: 'send-log', description: 'The log.', default: 'pg:log' } },
  params: { size: { type: 'integer', default: 1, description: 'Size.' }, title: { type: 'string' } },
  secrets: { TOKEN: { description: 'A token.' }, OTHER: {} },
  policy: { drain_timeout: '30s' },
  runners: {
    main: {
      template: 'task@1.0.0',
      reader: { use: 'table', input: 'rows' },
      sender: { body: { description: 1, title: [1, [2, 3]] } },
    },
    a: { template: 'script@1.0.0', run: './a.sh' },
    b: { template: 'script@1.0.0', run: './b.sh' },
  },
};
const LAYER = {
  packages: { title: '1.0.0', b: '2.0.0' },
  sources: ['src/*.ts', '!src/b.ts'],
  lockfile: 'package-lock.json',
  extra: { description: 'not exempt', deep: [{ title: 1 }] },
};
const TEMPLATE = {
  stages: ['reader', 'run'],
  partials: { retry: 'retry@1.0.0' },
  extra: { description: 'x' },
};
const FILES: Files = published(
  {
    ...PUBLISHED,
    'src/a.ts': 'a\n',
    'package-lock.json': '{}\n',
    [SCRIPT]: 'echo a\n',
    'operations/send/b.sh': 'echo b\n',
    ...draft(SEND, OPERATION),
    ...template('retry@1.0.0', '// retry\n'),
    ...template('script@1.0.0', '// script\n'),
    ...template('task@1.0.0', '{{> retry}}\n', TEMPLATE),
    ...draft(ENV, LAYER),
  },
  ENV,
  TASK,
  SEND,
);

const PATHS: Readonly<Record<ArtefactKind, string>> = { operation: SEND, layer: ENV, template: TASK };
const KINDS = Object.keys(PATHS) as ArtefactKind[];
const documentOf = (kind: ArtefactKind): Map => parse(FILES[PATHS[kind]] ?? '') as Map;

function digests(kind: ArtefactKind, files: Files): Digests {
  const registry = loadRegistry(memoryTree(files), SPECS);
  const artefact = registry.artefacts.find(({ path }) => path === PATHS[kind]);
  if (artefact === undefined) throw new Error(`the ${kind} is gone`);
  return digestsOf(artefact, registry);
}

const BEFORE = Object.fromEntries(KINDS.map((kind) => [kind, digests(kind, FILES)])) as Record<
  ArtefactKind,
  Digests
>;

/** The parts whose digests differ with other files. */
function changed(kind: ArtefactKind, files: Files): string[] {
  const now = digests(kind, files);
  return Object.keys({ ...BEFORE[kind], ...now }).filter((part) => now[part] !== BEFORE[kind][part]);
}

const isObject = (value: unknown): value is Map =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const mapValues = (map: unknown, change: (value: unknown) => unknown): unknown =>
  isObject(map) ? Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)])) : map;
const omit = (map: unknown, ...keys: string[]): unknown =>
  isObject(map) ? Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key))) : map;

/** A JSON Schema without what it says to people; written apart from the code under test, by draft-07 itself. */
function bare(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const all = (list: unknown) => (Array.isArray(list) ? list.map(bare) : bare(list));
  const inner = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    if (['properties', 'patternProperties', 'definitions', 'dependencies'].includes(keyword))
      return [keyword, mapValues(value, bare)];
    if (keyword === 'items') return [keyword, all(value)];
    if (['allOf', 'anyOf', 'oneOf'].includes(keyword))
      return [keyword, Array.isArray(value) ? value.map(bare) : value];
    const isSchema = [
      'additionalItems',
      'additionalProperties',
      'contains',
      'if',
      'then',
      'else',
      'not',
      'propertyNames',
    ];
    return [keyword, isSchema.includes(keyword) ? bare(value) : value];
  });
  return omit(Object.fromEntries(inner), 'title', 'description');
}

/** What a document says to machines, by part. */
function partsOf(kind: ArtefactKind, document: Map): Readonly<Record<string, string>> {
  const said = omit(
    document,
    'title',
    'description',
    'owner',
    'links',
    'status',
    'replaced_by',
    'reason',
    'remove_after',
    'published',
  ) as Map;
  if (kind !== 'operation') return { content: canonicalJson(said) };
  const { params, runners, policy, secrets, layer, ...rest } = said;
  const secretsSaid = mapValues(secrets ?? {}, (secret) => omit(secret ?? {}, 'description'));
  const inputs = mapValues(rest.inputs, (input) => {
    const told = omit(input, 'description');
    return isObject(told) && 'row' in told ? { ...told, row: bare(told.row) } : told;
  });
  return {
    interface: canonicalJson({
      ...rest,
      inputs,
      outputs: mapValues(rest.outputs, (output) => omit(output, 'description')),
    }),
    params: canonicalJson(mapValues(params ?? null, bare)),
    wrapper: canonicalJson({ runners, policy, secrets: secretsSaid }),
    layer: canonicalJson({ layer }),
  };
}

/** Every place of a value, the value itself first. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, item]) => placesOf(item, [...path, key]))];
}

/** The value with what stands at a path changed; `undefined` takes it away. */
function changedAt(
  value: unknown,
  [key, ...rest]: readonly (string | number)[],
  change: (value: unknown) => unknown,
): unknown {
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return value.flatMap((item, index) => {
      const now = index === key ? changedAt(item, rest, change) : item;
      return now === undefined ? [] : [now];
    });
  const entries = Object.entries(value as Map).map(([name, item]): [string, unknown] => [
    name,
    name === key ? changedAt(item, rest, change) : item,
  ]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

const KEYS = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom(
    'title',
    'description',
    'default',
    'items',
    '__proto__',
    'constructor',
    'schema',
    'owner',
    'reason',
    'x',
    'no',
    '1',
  ),
);
const leaf = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.boolean(),
  fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(KEYS, tie('value'), { maxKeys: 3 }),
  ),
}));

const edit = fc.oneof(
  anyValue.map((value) => () => value),
  fc.constant(() => undefined),
  fc.tuple(KEYS, anyValue).map(
    ([key, value]) =>
      (old: unknown) =>
        isObject(old)
          ? Object.fromEntries([...Object.entries(old), [key, value]])
          : Array.isArray(old)
            ? [...old, value]
            : value,
  ),
  fc.constant((old: unknown) => (Array.isArray(old) ? [...old].reverse() : old)),
);

/** Quoted, so that every text is a text and every key a key. */
const QUOTED = {
  defaultStringType: 'QUOTE_DOUBLE',
  defaultKeyType: 'QUOTE_DOUBLE',
  aliasDuplicateObjects: false,
} as const;

describe.each(KINDS)('the digests of a %s', (kind) => {
  const document = documentOf(kind);
  const places = placesOf(document).filter((path) => path.length > 0);

  test('see any change of what it says to a machine, each in exactly one part, and nothing else', () => {
    const before = partsOf(kind, document);
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...places), edit, (path, change) => {
        const now = changedAt(document, path, change) as Map;
        // What is read as a number is a finding, not a version.
        fc.pre(typeof now.version !== 'number');
        const parts = partsOf(kind, now);
        const expected = Object.keys(before).filter((part) => parts[part] !== before[part]);
        // The sources of a published layer are those of its record.
        fc.pre(kind !== 'layer' || path[0] !== 'published');
        for (const part of expected) seen.add(part);
        expect(changed(kind, { ...FILES, [PATHS[kind]]: stringify(now, QUOTED) })).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(Object.keys(before).sort());
  });

  test('see a new key at the top, whatever it is called', () => {
    fc.assert(
      fc.property(KEYS, anyValue, (key, value) => {
        fc.pre(
          !(key in document) &&
            !['owner', 'links', 'reason', 'description', 'replaced_by', 'remove_after'].includes(key),
        );
        const now = Object.fromEntries([...Object.entries(document), [key, value]]);
        const parts = changed(kind, { ...FILES, [PATHS[kind]]: stringify(now, QUOTED) });
        expect(parts).toEqual([kind === 'operation' ? 'interface' : 'content']);
      }),
      { numRuns: 60 },
    );
  });

  test('do not see layout, order of keys, quotes, comments or anchors', () => {
    const layouts = fc.record({
      isReversed: fc.boolean(),
      indent: fc.integer({ min: 1, max: 6 }),
      collectionStyle: fc.constantFrom('block' as const, 'flow' as const),
      defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
      defaultKeyType: fc.constantFrom('PLAIN' as const, 'QUOTE_SINGLE' as const, 'QUOTE_DOUBLE' as const),
      lineWidth: fc.constantFrom(0, 40, 80),
      comment: fc.stringMatching(/^[a-z :#&*-]{0,20}$/),
      end: fc.constantFrom('\n', '\r\n'),
    });
    fc.assert(
      fc.property(layouts, ({ isReversed, comment, end, ...options }) => {
        const reversed = (value: unknown): unknown =>
          Array.isArray(value)
            ? value.map(reversed)
            : isObject(value)
              ? Object.fromEntries(
                  Object.entries(value)
                    .reverse()
                    .map(([key, item]) => [key, reversed(item)]),
                )
              : value;
        const shared = isReversed ? reversed(document) : document;
        const text = `# ${comment}\n\n${stringify(shared, options)}\n# ${comment}\n`.replaceAll('\n', end);
        expect(changed(kind, { ...FILES, [PATHS[kind]]: text })).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });
});

test('an anchor and what is written out are one', () => {
  const text = FILES[SEND] ?? '';
  const shared = text
    .replace('description: Rows.', 'description: &d Rows.')
    .replace('description: The log.', 'description: *d');
  expect(shared).not.toBe(text);
  expect(changed('operation', { ...FILES, [SEND]: shared })).toEqual([]);
  const list = '[ 1, 2 ]';
  const a = `x: &l ${list}\ny: *l\n${text}`;
  const b = `x: ${list}\ny: ${list}\n${text}`;
  expect(digests('operation', { ...FILES, [SEND]: a })).toEqual(
    digests('operation', { ...FILES, [SEND]: b }),
  );
});

describe('a file that a digest covers', () => {
  test.each<[string, ArtefactKind, string, readonly string[]]>([
    ['the text of a template', 'template', TASK_TEXT, ['content']],
    ['a script', 'operation', SCRIPT, ['wrapper']],
    ['the text of a draft template', 'operation', 'templates/script/1.0.0.mjs.hbs', ['wrapper']],
    ['a source of a published layer, which is a record', 'layer', 'src/a.ts', []],
    ['the text of a published template, which has a record', 'operation', TASK_TEXT, []],
  ])('%s: any other text is seen, by one part; line ends are not', (_, kind, path, parts) => {
    const text = FILES[path] ?? '';
    expect(changed(kind, { ...FILES, [path]: text.replaceAll('\n', '\r\n') })).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (other) => {
        fc.pre(Buffer.from(other).toString().replaceAll('\r\n', '\n') !== text);
        expect(changed(kind, { ...FILES, [path]: other })).toEqual(parts);
      }),
      { numRuns: 40 },
    );
    const { [path]: gone, ...rest } = FILES;
    expect(gone).toBe(text);
    expect(changed(kind, rest)).toEqual(parts);
  });

  test('two scripts that change places are another wrapper; two runners that do are not', () => {
    const swapped = { ...FILES, [SCRIPT]: 'echo b\n', 'operations/send/b.sh': 'echo a\n' };
    expect(changed('operation', swapped)).toEqual(['wrapper']);
    const document = documentOf('operation');
    const runners = Object.fromEntries(Object.entries(document.runners as Map).reverse());
    expect(changed('operation', { ...FILES, [SEND]: stringify({ ...document, runners }) })).toEqual([]);
  });
});
