import { describe, expect, test } from 'vitest';
import { parseSource } from '../../src/registry/source.js';

const parse = (text: string | Uint8Array) =>
  parseSource('x.yaml', typeof text === 'string' ? Buffer.from(text) : text);
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`),
].join('\n');

describe('what YAML allows and a registry does not read', () => {
  test.each([
    ['a key that stands twice', 'a: 1\nb: 2\na: 3\n', '3:1 yaml/duplicate-key the key stands twice'],
    ['a tab as indentation', 'a:\n\tb: 1\n', '2:1 yaml/syntax a tab'],
    ['several documents', 'a: 1\n---\nb: 1\n', 'yaml/syntax the file holds several documents'],
    ['an empty file', '', '1:1 yaml/syntax the file is empty'],
    ['a merge key', 'a: &a {x: 1}\nb:\n  <<: *a\n', '3:3 yaml/syntax merge keys'],
    [
      'an alias inside its own anchor',
      'a: &a [1, *a]\n',
      '1:11 yaml/syntax the alias *a stands inside its own anchor',
    ],
    ['an alias of nothing', 'a: *b\n', 'yaml/syntax'],
    ['a bomb of aliases', bomb, 'yaml/syntax the document'],
    ['a map as a key', '? {a: 1}\n: 2\n', '1:3 yaml/syntax a key must be'],
    ['a custom tag', 'a: !thing x\n', '1:4 yaml/syntax'],
    ['bytes by a tag', 'a: !!binary aGk=\n', 'yaml/syntax the tag tag:yaml.org,2002:binary is not read'],
    ['a number of too many digits', 'a: 12345678901234567890\n', '1:4 yaml/number'],
    ['infinity', 'a: .inf\n', '1:4 yaml/number'],
    ['no number', 'a: .nan\n', '1:4 yaml/number'],
    ['ten thousand levels', '['.repeat(10_000), 'yaml/syntax'],
    [
      'seventy levels',
      `${'['.repeat(70)}${']'.repeat(70)}`,
      'yaml/syntax the document is nested more than 64 levels deep',
    ],
    ['Latin-1', Buffer.from([0x61, 0x3a, 0x20, 0xe9]), '1:1 yaml/encoding'],
    ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), '1:1 yaml/encoding'],
    ['more than a megabyte', `a: ${'x'.repeat(1_000_001)}`, '1:1 yaml/encoding'],
  ])('%s is a finding', (_, text, expected) => {
    const { source, findings } = parse(text);
    expect(source).toBeUndefined();
    expect(
      findings.map(({ line, column, rule, message }) => `${line}:${column} ${rule} ${message}`).join('\n'),
    ).toContain(expected);
  });

  test.each([
    ['a: yes', 'take yes for true, rtn for the text \'yes\'; write true, or "yes" in quotes'],
    ['a: OFF', "take OFF for false, rtn for the text 'OFF'"],
    ['a: [n]', "take n for false, rtn for the text 'n'"],
    ['on: 1', "1:1 yaml/ambiguous YAML 1.1 readers take on for true, rtn for the text 'on'"],
    ['{y: 1}', "1:2 yaml/ambiguous YAML 1.1 readers take y for true, rtn for the text 'y'"],
    ['a: 010', 'take 010 for the number 8, rtn for the number 10; write "010" in quotes'],
    ['a: -010', 'take -010 for the number -8, rtn for the number -10'],
    ['a: 08', "take 08 for the text '08', rtn for the number 8"],
    ['a: 12:30:45', "take 12:30:45 for the number 45045, rtn for the text '12:30:45'"],
    ['a: 1:30', "take 1:30 for the number 90, rtn for the text '1:30'"],
    ['a: 1_000', "take 1_000 for the number 1000, rtn for the text '1_000'"],
    ['a: 0b101', "take 0b101 for the number 5, rtn for the text '0b101'"],
    ['a: &x no\nb: *x', "1:7 yaml/ambiguous YAML 1.1 readers take no for false, rtn for the text 'no'"],
  ])('%s is ambiguous, once', (text, expected) => {
    const told = parse(text).findings.map(
      (found) => `${found.line}:${found.column} ${found.rule} ${found.message}`,
    );
    expect(told).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ['version: 1.10', 'YAML reads 1.10 as the number 1.1; write "1.10.0"'],
    ['version: 2.0', 'YAML reads 2.0 as the number 2; write "2.0.0"'],
    ['version: 2', 'YAML reads 2 as a number, not as a version; write "2.0.0"'],
    ['version: 1e3', 'YAML reads 1e3 as the number 1000; write it in quotes'],
    ['packages: {undici: 7.30}', 'YAML reads 7.30 as the number 7.3; write "7.30.0"'],
  ])('%s is no version', (text, expected) => {
    expect(parse(text).findings).toMatchObject([{ rule: 'yaml/version-number', message: expected }]);
  });

  test.each([
    'a: 2026-11-23',
    'a: "no"',
    "a: 'on'",
    'a: !!str yes',
    'a: 0',
    'a: 1.50',
    'a: ~',
    'a: none',
    'a: 5xx',
    'a: 1:99',
    'a: _1',
    'a: 1.4.10',
    'a: |\n  no',
    'a: {version: 1.5}',
    'a: 0x1f',
  ])('%s means the same everywhere', (text) => expect(parse(text).findings).toEqual([]));

  test('syntax errors without end are told a hundred at most', () => {
    expect(parse(`[${','.repeat(5_000)}`).findings.length).toBe(100);
  });
});

describe('YAML 1.2', () => {
  test.each([
    ['"no": "yes"', { no: 'yes' }],
    ['at: 2026-11-23', { at: '2026-11-23' }],
    ['a: 0o14\nb: 1e3\nc: ~', { a: 12, b: 1000, c: null }],
    ['\ufeffa: 1', { a: 1 }],
    ['__proto__: {a: 1}', JSON.parse('{"__proto__": {"a": 1}}')],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
  ])('%s', (text, value) => {
    expect(parse(text).source?.value).toEqual(value);
  });
});

describe('places', () => {
  const { source } = parse('a: &x\n  b: [1, 22]\nc: *x\nd:\n');
  const show = (at?: { line: number; column: number }) => `${at?.line}:${at?.column}`;

  test.each([
    [['a', 'b'], '2:6', '2:3'],
    [['a', 'b', 1], '2:10', '2:10'],
    [['c', 'b'], '2:6', '2:3'],
    [['c', 'zz'], '2:3', '2:3'],
    [['d'], '4:3', '4:1'],
    [['nothing'], '1:1', '1:1'],
  ])('%j has its value at %s and its key at %s', (path, value, key) => {
    expect(show(source?.positionOf(path))).toBe(value);
    expect(show(source?.positionOfKey(path))).toBe(key);
  });

  test('what an alias repeats is at home where its anchor stands', () => {
    expect(source?.homeOf(['c', 'b', 0])).toEqual(['a', 'b', 0]);
  });

  test('a pair ends before the comments behind it', () => {
    const text = 'a: 1 # one\nb:\n  - x\n  # about the list\n\n# about c\nc: 3\n';
    const range = parse(text).source?.pairRange('b');
    expect(text.slice(range?.start, range?.end)).toBe('b:\n  - x');
  });
});
