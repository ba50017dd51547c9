import { describe, expect, test } from 'vitest';
import type { ComponentSpec } from '../../src/component.js';
import { COMPONENTS } from '../../src/components.js';
import type { FileTree } from '../../src/registry/tree.js';
import { withChanges } from '../../src/registry/tree.js';
import { judge } from '../../src/rules/judge.js';
import { edited, house, LAYER, OPERATION } from '../registry/house.js';

type Edits = Readonly<Record<string, string>>;

const BODY = '        body: { to: "${row.driver_id}", title: "${row.title}", text: "${row.text}" }\n';
const OUTCOMES = '          throttled: [429]\n';
const ASYNC = '      use: async\n      concurrency: "${params.concurrency}"\n';

function found(
  tree: FileTree,
  specs: readonly ComponentSpec[] = COMPONENTS,
  modules?: ReadonlyMap<string, string>,
) {
  return judge(tree, specs, { today: '2026-11-24', modules }).findings.map(
    ({ rule, line, column, message }) => `${line}:${column} ${rule} ${message}`,
  );
}

/** The house with a batch sender; `body` and `results` are those of its channel. */
function batch(body: string, results = '', edits: Edits = {}): FileTree {
  const tree = edited(OPERATION, {
    [ASYNC]: '      use: batch\n      max_items: "${params.concurrency}"\n',
    [BODY]: `${body === '' ? '' : `        body: ${body}\n`}${results === '' ? '' : `        results: ${results}\n`}`,
  });
  return edited(OPERATION, edits, tree);
}

const EACH = '{ items: { each: { to: "${row.driver_id}" } } }';
const results = (match: string) =>
  `{ at: /r, match: { row: ${match}, answer: /id }, code: /s, outcomes: { sent: [ok] } }`;

describe('a batch', () => {
  test.each([
    ['one list', EACH, ''],
    ['a list deep within', '{ a: [1, { b: { each: "${row.text}" } }], c: "${params.listen}" }', ''],
    ['nothing but the list', '{ each: { to: "${row.driver_id}" } }', ''],
    ['a match', EACH, results('message_id')],
  ])('of %s has no findings', (_, body, more) => {
    expect(found(batch(body, more))).toEqual([]);
  });

  test.each<[string, FileTree, string]>([
    [
      'no each',
      batch('{ to: 1 }'),
      '78:9 batch/each a batch needs what each row adds: {each: {…}} inside body',
    ],
    ['no body', batch(''), '72:9 batch/each a batch needs what each row adds: {each: {…}} inside body'],
    [
      'two lists',
      batch('{ a: { each: "${row.text}" }, b: { each: "${row.title}" } }'),
      '78:50 batch/each each stands twice, but a batch is one list',
    ],
    [
      'a list within a list',
      batch('{ each: { a: { each: "${row.text}" } } }'),
      '78:30 batch/each each stands twice, but a batch is one list',
    ],
    [
      'a row beside the list',
      batch('{ to: "${row.driver_id}", items: { each: 1 } }'),
      '78:21 batch/each ${row.driver_id} cannot stand here: one request carries many rows, and only what stands inside each is made for one',
    ],
    [
      'a row in the address',
      batch(EACH, '', { '/v1/push"': '/v1/push/${row.driver_id}"' }),
      '74:14 batch/each ${row.driver_id} cannot stand here: one request carries many rows, and only what stands inside each is made for one',
    ],
    [
      'a match by a column that is none',
      batch(EACH, results('messageid')),
      "79:42 batch/match the row has no column 'messageid'; did you mean 'message_id'?",
    ],
    [
      'a match by a column that a row may lack',
      batch(EACH, results('title'), {
        'required: [message_id, driver_id, title, text]': 'required: [message_id, driver_id, text]',
      }),
      "79:42 batch/match 'title' tells messages apart, so it must be required in the row",
    ],
    [
      'an unknown field within',
      batch('{ each: "${row.txt}" }'),
      "78:23 reference/unknown ${row.txt} names nothing; did you mean 'text'?",
    ],
  ])('of %s is a finding at its place, once for two runners', (_, tree, expected) => {
    expect(found(tree)).toEqual([expected]);
  });
});

test.each<[string, Edits, string]>([
  [
    'each',
    { [BODY]: `        body: ${EACH}\n` },
    'batch/each each goes with use: batch, but each message is sent alone',
  ],
  [
    'results',
    { [BODY]: `${BODY}        results: ${results('message_id')}\n` },
    'batch/only results goes with use: batch',
  ],
])('%s where each message is sent alone is a finding', (_, edits, expected) => {
  expect(found(edited(OPERATION, edits))).toEqual([expect.stringContaining(expected)]);
});

describe('an outcome table', () => {
  test.each([
    ['a status in two classes', '[410]', 'outcome/twice 410 is listed as rejected already'],
    ['a hundred in two classes', '[5xx]', 'outcome/twice 5xx is listed as throttled already'],
    ['a status twice', '[429, 429]', 'outcome/unused 429 stands twice in throttled'],
    ['a status beside its hundred', '[4xx, 429]', 'outcome/unused 429 is throttled already by 4xx'],
    [
      'what no answer ends with',
      '[100]',
      'outcome/unused no answer ends with 100, so this never decides anything',
    ],
  ])('with %s is one finding', (_, throttled, expected) => {
    expect(found(edited(OPERATION, { [OUTCOMES]: `          throttled: ${throttled}\n` }))).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  test.each([
    ['a single status beside its hundred', '          throttled: [503]\n'],
    ['suppression of what is listed', '          throttled: [429]\n          suppress: [410, 503]\n'],
    [
      'rules',
      '          throttled: [429]\n          rules: [{ at: /e, is: [17, x], class: in_doubt, suppress: true }, { error: [timeout], class: retry }]\n',
    ],
    ['the other classes', '          refresh: [407]\n          in_doubt: [504]\n'],
  ])('with %s has no findings', (_, text) => {
    expect(found(edited(OPERATION, { [OUTCOMES]: text }))).toEqual([]);
  });

  test.each([
    ['suppress: [451]', 'outcome/unused 451 is listed in no class'],
    ['rules: [{ error: [timeout], status: [200], class: sent }]', 'outcome/unused this rule never holds'],
    ['rules: [{ status: [200], class: snet }]', 'schema/value'],
    ['rules: [{ stauts: [200], class: sent }]', "did you mean 'status'?"],
  ])('with %s is a finding', (text, expected) => {
    expect(found(edited(OPERATION, { [OUTCOMES]: `${OUTCOMES}          ${text}\n` }))).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  test('of codes is judged, too', () => {
    const table = '{ at: /r, code: /s, outcomes: { sent: [ok], retry: [busy, ok] }, suppress: [gone] }';
    expect(found(batch(EACH, table))).toEqual([
      expect.stringContaining('outcome/twice ok is listed as sent already'),
      expect.stringContaining('outcome/unused gone is listed in no class'),
    ]);
  });
});

describe('a choice between channels', () => {
  const http = (token: string, more = '') =>
    `{ use: http, url: "\${params.endpoint}/v1", headers: { a: "\${secrets.${token}}" }, body: "\${row.text}", outcomes: { sent: [200]${more} } }`;
  const choice = (select: string, ...keys: string[]) => {
    const at = '      channel:\n';
    const tree = edited(OPERATION, { 'secrets:\n': 'secrets:\n  OTHER: { description: Another. }\n' });
    const text = Buffer.from(tree.read(OPERATION) ?? '').toString();
    const from = text.indexOf(at);
    const choices = keys.map((key) => `        ${key}: ${http('OTHER')}\n`).join('');
    const channel = `${at}        select: "${select}"\n        main: ${http('PUSH_TOKEN')}\n${choices}`;
    const content = text.slice(0, from) + channel + text.slice(text.indexOf('    logger:', from));
    return withChanges(tree, [{ path: OPERATION, content }]);
  };
  const param = (schema: string, tree: FileTree) =>
    edited(
      OPERATION,
      { 'params:\n': `params:\n  provider: { description: Through whom., ${schema} }\n` },
      tree,
    );

  test('by a param that lists exactly them has no findings', () => {
    const tree = param(
      'type: string, enum: [main, backup], default: main',
      choice('${params.provider}', 'backup'),
    );
    expect(found(tree)).toEqual([]);
  });

  test.each<[string, string, string, string]>([
    [
      'names one more',
      'enum: [main, backup, third]',
      'backup',
      "the param 'provider' may be third, which chooses nothing",
    ],
    [
      'names one less',
      'enum: [main]',
      'backup',
      "'backup' is never chosen: the param 'provider' may be main",
    ],
    ['is free', 'type: string', 'backup', "the param 'provider' chooses, so it needs enum: [main, backup]"],
  ])('by a param that %s is a finding', (_, schema, key, expected) => {
    expect(found(param(schema, choice('${params.provider}', key)))).toEqual([
      expect.stringContaining(`select/choices ${expected}`),
    ]);
  });

  test('is told of a slip of the keyboard', () => {
    const tree = param('enum: [main, backup]', choice('${params.provider}', 'bakcup'));
    expect(found(tree)).toContainEqual(expect.stringContaining("did you mean 'backup'?"));
  });

  test.each([
    ['${params.nobody}', 'reference/unknown ${params.nobody} names nothing'],
    ['main', 'schema/value'],
    ['${secrets.OTHER}', 'schema/value'],
  ])('by %s is a finding', (by, expected) => {
    expect(found(choice(by, 'backup'))).toContainEqual(expect.stringContaining(expected));
  });

  test('is judged in what is never chosen by default, too', () => {
    const tree = param('enum: [main, backup], default: main', choice('${params.provider}', 'backup'));
    const text = Buffer.from(tree.read(OPERATION) ?? '').toString();
    const wrong = text
      .replace(/(backup: .*)\$\{row\.text}/, '$1${row.txet}')
      .replace(/(backup: .*)sent: \[200]/, '$1snet: [200]');
    expect(found(withChanges(tree, [{ path: OPERATION, content: wrong }]))).toEqual([
      expect.stringContaining("reference/unknown ${row.txet} names nothing; did you mean 'text'?"),
      expect.stringContaining("did you mean 'sent'?"),
    ]);
  });
});

describe('a module of the registry', () => {
  const USE = './channels/loyalty.mjs';
  const layer = edited(LAYER, { 'packages:\n': 'sources: ["channels/**"]\npackages:\n' });
  const sources = withChanges(layer, [{ path: 'channels/other.mjs', content: '' }]);
  const using = (use: string, tree = sources) =>
    edited(OPERATION, { '        use: http\n': `        use: ${use}\n` }, tree);
  const withFile = (tree: FileTree) =>
    withChanges(tree, [{ path: 'channels/loyalty.mjs', content: 'export const spec = {};' }]);
  const own: ComponentSpec[] = COMPONENTS.flatMap((spec) =>
    spec.key === 'http' ? [spec, { ...spec, key: USE, construct: 'loyalty', module: USE.slice(2) }] : [spec],
  );

  test('that is imported is judged as any component', () => {
    expect(found(withFile(using(USE)), own, new Map())).toEqual([]);
    const wrong = edited(OPERATION, { 'method: POST': 'metod: POST' }, withFile(using(USE)));
    expect(found(wrong, own, new Map())).toEqual([expect.stringContaining("did you mean 'method'?")]);
  });

  test('that is not imported is not judged beyond its references', () => {
    expect(found(withFile(using(USE)))).toEqual([]);
    const wrong = edited(OPERATION, { 'row.title': 'row.titel' }, withFile(using(USE)));
    expect(found(wrong)).toEqual([expect.stringContaining('reference/unknown')]);
  });

  test.each<[string, string, FileTree, string]>([
    ['is not there', USE, using(USE), 'there is no file channels/loyalty.mjs'],
    [
      'is in no source of the layer',
      USE,
      withFile(using(USE, house)),
      'channels/loyalty.mjs is in no source of layer taxi-crm-push@1.4.10, so a change of it would go unnoticed',
    ],
    ...['../x.mjs', './a/../../x.mjs', '/etc/x.mjs', './.hidden/x.mjs', 'x.mjs', './x.ts', './a b.mjs'].map(
      (use): [string, string, FileTree, string] => [
        `is named ${use}`,
        use,
        withFile(using(`"${use}"`)),
        'a module is named by its path from the root of the registry, such as ./channels/loyalty.mjs',
      ],
    ),
  ])('that %s is a finding', (_, __, tree, expected) => {
    expect(found(tree)).toEqual([expect.stringContaining(`component/module ${expected}`)]);
  });

  test('that stands where another kind should is a finding', () => {
    const tree = edited(OPERATION, { 'use: async': `use: ${USE}` }, withFile(sources));
    expect(found(tree, own, new Map())).toContainEqual(
      expect.stringContaining(`component/module ${USE} is a channel, but here stands a sender`),
    );
  });
});
