import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { withChanges } from '../../src/registry/tree.js';
import { textReport } from '../../src/report/text.js';
import { judge, RULES } from '../../src/rules/judge.js';
import { edited, house, LAYER, ONE_SHOT, OPERATION, textOf } from '../registry/house.js';

const TODAY = { today: '2026-11-24' };

const found = (path: string, edits: Readonly<Record<string, string>>) =>
  judge(edited(path, edits), COMPONENTS, TODAY).findings.map(
    ({ rule, file, line, message }) => `${file}:${line} ${rule} ${message}`,
  );

test('the house as it stands has no findings', () => {
  expect(judge(house, COMPONENTS, TODAY).findings).toEqual([]);
});

test('every rule has a stable id, once, and a paragraph that explains it', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, doc } of RULES) {
    expect(id).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(doc.length).toBeGreaterThan(60);
  }
});

describe('a rule finds its mistake at its line', () => {
  test.each<[rule: string, path: string, edits: Record<string, string>, message: string]>([
    ['yaml/syntax', OPERATION, { 'status: draft': 'status: [draft' }, ''],
    ['yaml/duplicate-key', OPERATION, { 'status: draft': 'status: draft\nstatus: draft' }, 'stands twice'],
    ['version/path', OPERATION, { 'version: 1.4.10': 'version: 1.4.11' }, '1.4.11'],
    ['version/path', OPERATION, { 'name: driver_push': 'name: drivers_push' }, 'drivers_push'],
    ['version/status', OPERATION, { 'status: draft': 'status: active' }, 'published'],
    ['layer/missing', OPERATION, { 'layer: taxi-crm-push@1.4.10': 'layer: taxi-crm-push@1.4.9' }, '1.4.9'],
    [
      'layer/missing',
      OPERATION,
      { 'layer: taxi-crm-push@1.4.10': 'layer: taxi-crm-pusch@1.4.10' },
      "did you mean 'taxi-crm-push",
    ],
    [
      'template/missing',
      OPERATION,
      { 'template: one-shot@1.0.0': 'template: oneshot@1.0.0' },
      "did you mean 'one-shot",
    ],
    [
      'component/unknown',
      OPERATION,
      { 'use: async': 'use: asinc' },
      "there is no sender 'asinc'; did you mean 'async'?",
    ],
    ['template/text', ONE_SHOT, { 'text: 1.0.0.mjs.hbs': 'text: 1.0.1.mjs.hbs' }, '1.0.1.mjs.hbs'],
    [
      'template/stages',
      OPERATION,
      { '    logger: { use: log, output: log }\n\n  service': '\n  service' },
      'logger',
    ],
    [
      'reference/unknown',
      OPERATION,
      { '"${params.concurrency}"': '"${params.concurency}"' },
      "did you mean 'concurrency",
    ],
    ['reference/unknown', OPERATION, { '${secrets.PUSH_TOKEN}': '${secrets.PUSHTOKEN}' }, 'PUSHTOKEN'],
    ['reference/unknown', OPERATION, { '"${row.title}"': '"${row.titel}"' }, 'titel'],
    [
      'reference/unknown',
      OPERATION,
      { 'default: pg:driver_push_log': 'default: "pg:${params.listen}"' },
      'not resolved here',
    ],
    [
      'reference/unknown',
      OPERATION,
      { 'headers: { authorization': 'headers: { "x-${params.listen}": a, authorization' },
      'a reference cannot stand in a key',
    ],
    [
      'reference/unknown',
      OPERATION,
      { 'input: recipients }': 'input: recipient }' },
      "did you mean 'recipients'?",
    ],
    ['reference/row-not-allowed', OPERATION, { '"${params.rate_limit}"': '"${row.title}"' }, 'rate_limit'],
    ['reference/type', OPERATION, { '"${params.concurrency}"': '"${params.endpoint}"' }, 'concurrency'],
    [
      'reference/optional-in-text',
      OPERATION,
      {
        'required: [message_id, driver_id, title, text]': 'required: [message_id, driver_id, text]',
        '"${row.title}"': '"Hi ${row.title}"',
      },
      'title',
    ],
    ['reference/unused-param', OPERATION, { '"${params.rate_limit}"': '5' }, 'rate_limit'],
    [
      'output/unwritten',
      OPERATION,
      {
        'params:\n': '  copy: { type: send-log, description: Another., default: pg:other_log }\n\nparams:\n',
      },
      'copy',
    ],
    [
      'binding/type',
      OPERATION,
      { 'type: send-log': 'type: file' },
      "a logger needs an output of type send-log, but 'log' is of type file",
    ],
    [
      'input/unread',
      OPERATION,
      { 'inputs:\n': 'inputs:\n  old: { type: table, description: Another. }\n' },
      "no runner reads the input 'old'",
    ],
    ['input/key', OPERATION, { 'key: message_id': 'key: messageid' }, 'messageid'],
  ])('%s', (rule, path, edits, message) => {
    expect(found(path, edits)).toContainEqual(
      expect.stringMatching(
        new RegExp(`^[^ ]+:\\d+ ${rule} [^]*${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`),
      ),
    );
  });
});

test('a reader of an input that holds no rows is a finding, at the binding', () => {
  const edits = {
    '    reader: { use: table, input: recipients }': '    reader: { use: table, input: file }',
  };
  const other = { 'inputs:\n': 'inputs:\n  file: { type: file, description: Another. }\n' };
  expect(found(OPERATION, { ...edits, ...other })).toContainEqual(
    expect.stringMatching(/binding\/type a reader needs an input of type rows, but 'file' is of type file/),
  );
});

test.each<[string, Record<string, string>]>([
  ['an input that is misspelt where it is read', { 'input: recipients }': 'input: recipient }' }],
  ['a version that is none', { 'version: 1.4.10': 'version: 1.4.x' }],
  ['a name that is none', { 'name: driver_push': 'name: Driver Push' }],
  ['a param that is misspelt where it is used', { '"${params.concurrency}"': '"${params.concurency}"' }],
  ['a component that is misspelt', { 'logger: { use: log,': 'logger: { use: lgo,' }],
  ['a mistake behind an anchor that two runners use', { 'max_attempts: 5': 'max_attempts: 0' }],
])('%s is one finding', (_, edits) => {
  expect(found(OPERATION, edits)).toHaveLength(1);
});

test('mistakes of several documents come out together', () => {
  const tree = edited(
    LAYER,
    { 'status: draft': 'status: drafty' },
    edited(OPERATION, { 'timeout: 10s': 'timeout: 10' }),
  );
  expect(judge(tree, COMPONENTS, TODAY).findings.map(({ file }) => file)).toEqual([LAYER, OPERATION]);
});

test('the text report shows the line, a caret under the place, and the command that mends it', () => {
  const tree = edited(OPERATION, { 'max_attempts: 5': 'max_atempts: 5' });
  const { findings } = judge(tree, COMPONENTS, TODAY);
  const report = textReport(findings, {
    textOf: (file) => textOf(file, tree),
    hasColor: false,
    scope: '4 artefacts',
  });
  const lines = report.split('\n');
  const source = lines.findIndex((line) => line.includes('max_atempts: 5'));
  expect(lines[source + 1]?.indexOf('^')).toBe(lines[source]?.indexOf('max_atempts'));
});

test('any bytes as YAML end in findings, never in an exception', () => {
  const original = Buffer.from(textOf(OPERATION));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
    // The real document with a piece cut out or put in: gets deeper than noise does.
    fc
      .tuple(fc.nat(original.length), fc.nat(40), fc.string({ maxLength: 8 }))
      .map(([at, cut, text]) =>
        Buffer.concat([original.subarray(0, at), Buffer.from(text), original.subarray(at + cut)]),
      ),
    fc
      .constantFrom(
        'a: &a [*a]',
        '{{{{',
        '- - - -',
        '&a [&b [*a, *b]]',
        '? ? ?',
        '%YAML 9.9\n---\n',
        '\u0000',
        '!!js/function x',
        '<<: *x',
      )
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (content) => {
      const { findings } = judge(
        withChanges(house, [{ path: OPERATION, content: Buffer.from(content) }] as never),
        COMPONENTS,
        TODAY,
      );
      for (const { message, line } of findings) expect([message.length > 0, line > 0]).toEqual([true, true]);
    }),
    { numRuns: 150 },
  );
});
