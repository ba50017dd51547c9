import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arrow,
  call,
  type Expression,
  literal,
  member,
  name,
  object,
  template,
} from '../../src/generator/expression.js';
import { print } from '../../src/generator/printer.js';
import { plain } from '../../src/generator/value.js';

const ROOT = join(import.meta.dirname, '..', '..');
const START = { indent: 0, column: 0, behind: 1 };
const SPOT = { document: 'a test', path: '' };

describe('a printed expression', () => {
  test.each<[string, Expression, string]>([
    ['a text with single quotes in double ones', literal("it's"), `"it's"`],
    ['a text with both in single ones', literal(`"it's"`), `'"it\\'s"'`],
    ['line ends as escapes', literal('a\r\nb\u2028\u2029'), `'a\\r\\nb\\u2028\\u2029'`],
    [
      'what cannot be seen as escapes',
      literal('\u0000\u200b\u202e\ufeff\u00a0'),
      `'\\u0000\\u200b\\u202e\\ufeff\\u00a0'`,
    ],
    ['half a character as an escape', literal('\ud800'), `'\\ud800'`],
    ['letters of any language as they are', literal('Привет, 世界 😀'), `'Привет, 世界 😀'`],
    [
      'backticks and ${ in a template literal escaped',
      template(['`${', name('params'), '\\']),
      '`\\`\\${${params}\\\\`',
    ],
    ['a $ before a reference escaped', template(['$', name('params')]), '`\\$${params}`'],
    ['an odd name in brackets', member(member(name('row'), 'a-b'), 'c', true), `row['a-b']?.c`],
    ['an odd optional name in brackets', member(member(name('row'), 'a'), 'b-c', true), `row.a?.['b-c']`],
    [
      'numbers with separators',
      plain([9_999, 10_000, -1_234_567.5, 1e21, -0, 5e-7], SPOT),
      '[9999, 10_000, -1_234_567.5, 1e21, -0, 5e-7]',
    ],
    ['an object that an arrow gives in parentheses', arrow('row', object([])), '(row) => ({})'],
    ['__proto__ as a computed key', plain(JSON.parse('{"__proto__": 1}'), SPOT), `{ ['__proto__']: 1 }`],
    [
      'keys quoted only where they must be',
      plain({ a: 1, 'a-b': 2, 200: 3, '007': 4, class: 5 }, SPOT),
      `{ 200: 3, a: 1, 'a-b': 2, '007': 4, class: 5 }`,
    ],
  ])('has %s', (_, expression, expected) => {
    expect(print(expression, START)).toBe(expected);
  });

  test('is formatted as biome would, whatever it holds', () => {
    const values = fc.sample(expression, { numRuns: 300, seed: Number(process.env.SEED ?? 1) });
    const text = `${print(call('f', [object(values.map((value, index) => [`value_${index}`, value]))]), START)};\n`;
    expect(biomeFormat(text)).toBe(text);
  });
});

/** Texts of letters that take one column each; names short enough that no chain of members is too long for a line. */
const word = fc.string({ unit: fc.constantFrom(...'abcxyz_-./ \'"`$\\{}1ж\n'), maxLength: 60 });
const scalar = fc.oneof(
  word,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('list'),
    tie('map'),
    fc.array(fc.integer(), { maxLength: 40 }),
  ),
  list: fc.array(tie('value'), { maxLength: 6 }),
  map: fc.dictionary(word, tie('value'), { maxKeys: 6 }),
})).value;
const path = fc
  .tuple(fc.constantFrom('row', 'params'), fc.stringMatching(/^[a-z]{1,30}$/))
  .map(([root, key]) => member(name(root), key));
const text = fc.array(fc.oneof(word, path), { minLength: 1, maxLength: 4 }).map(template);
const leaf = fc.oneof(
  json.map((value) => plain(value, SPOT)),
  path,
  text,
);
const record = fc
  .array(fc.tuple(word, leaf), { maxLength: 5 })
  .map((entries) => object([...new Map(entries)]));
const callee = fc.constantFrom('httpChannel', 'log');
const expression = fc.oneof(
  leaf,
  record,
  fc.oneof(leaf, record).map((body) => arrow('row', body)),
  fc.tuple(callee, record).map(([head, config]) => call(head, [config])),
  fc.tuple(callee, path, record).map(([head, bound, config]) => call(head, [bound, config])),
);

function biomeFormat(text: string): string {
  const biome = join(ROOT, 'node_modules', '.bin', 'biome');
  return execFileSync(biome, ['format', '--stdin-file-path=runner.mjs'], {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  });
}
