import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadRegistry } from '../../src/registry/registry.js';
import { memoryTree, withChanges } from '../../src/registry/tree.js';
import { jsonReport } from '../../src/report/json.js';
import { textReport } from '../../src/report/text.js';
import { judge } from '../../src/rules/judge.js';
import { SPECS } from '../registry/specs.js';
import {
  ENV,
  type Files,
  PUBLISHED,
  published,
  SEND,
  said,
  TASK,
  TASK_TEXT,
  TODAY,
  template,
} from './files.js';

const FILES: Files = {
  ...said(
    published({ ...PUBLISHED, ...template('retry@1.0.0', '// retry\n') }, 'templates/retry/1.0.0.yaml'),
    SEND,
    { status: 'deprecated', replaced_by: 'send@1.0.0', remove_after: '2026-01-01' },
  ),
  ...template('task@1.0.1', '{{#if a}}{{> retry}}{{else}}{{{b}}}{{/if}}\n', {
    partials: { retry: 'retry@1.0.0' },
  }),
  'waivers.yaml': `schema: waivers/v1
waivers:
  - {name: send, version: 1.0.0, rule: deprecation/overdue, reason: long enough, owner: x, expires: 2030-01-01}
`,
  'rtn.yaml': 'schema: config/v1\nrules:\n  version/level: error\n  reference/type: off\n',
};

const PIECES = [
  ...['{{', '}}', '{{{', '{{#', '{{/', '{{>', '{{!--', '{{else}}', '(', '|', '@', '../', '\\{{', '~'],
  ...[
    'a: ',
    '- ',
    '\n',
    '  ',
    '&a ',
    '*a',
    '{',
    '}',
    '[',
    ']',
    '"',
    '!!map ',
    '<<: ',
    '---\n',
    '\t',
    '\ufeff',
    '\u0000',
    '?',
    '.inf',
  ],
  ...[
    'version: 1.10\n',
    'null',
    'true',
    'off',
    '[]',
    '{}',
    '1e400',
    '__proto__',
    'constructor: ',
    'send@',
    '@',
    '../../x',
    './',
    '!',
  ],
];

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(''))),
);
/** The real text with a piece cut out and another put in: gets deeper than noise does. */
const mutated = (text: string) =>
  fc
    .tuple(fc.nat(Math.max(0, text.length - 1)), fc.nat(20), fc.constantFrom(...PIECES))
    .map(([at, cut, put]) => Buffer.from(text.slice(0, at) + put + text.slice(at + cut)));

test.each([
  SEND,
  ENV,
  TASK,
  'templates/task/1.0.1.yaml',
  TASK_TEXT,
  'templates/task/1.0.1.mjs.hbs',
  'waivers.yaml',
  'rtn.yaml',
])('any bytes as %s end in findings, never in an exception, with and without a base', (path) => {
  const whole = memoryTree(FILES);
  const content = fc.oneof(
    { weight: 1, arbitrary: noise },
    { weight: 3, arbitrary: mutated(FILES[path] ?? '') },
  );
  fc.assert(
    fc.property(content, fc.boolean(), (bytes, isOnBase) => {
      const broken = withChanges(whole, [{ path, content: bytes }]);
      const [tree, before] = isOnBase ? [whole, broken] : [broken, whole];
      const registry = loadRegistry(before, SPECS);
      const base = { ref: 'main', commit: 'a'.repeat(40), registry, changed: new Set([path]), taken: [] };
      for (const judgement of [
        judge(broken, SPECS, { today: TODAY }),
        judge(tree, SPECS, { today: TODAY, base }),
      ]) {
        for (const { line, column, message, file } of judgement.findings) {
          expect(Number.isInteger(line) && line > 0 && Number.isInteger(column) && column > 0).toBe(true);
          expect(message === '' || /undefined|\[object/.test(message.replaceAll(bytes.toString(), ''))).toBe(
            false,
          );
          expect(file).not.toBe('');
        }
        const textOf = (file: string) => Buffer.from(tree.read(file) ?? '').toString();
        textReport(judgement.findings, { textOf, hasColor: true, scope: '', waived: judgement.waived });
        jsonReport({ ...judgement, textOf });
      }
    }),
    { numRuns: 120 },
  );
});
