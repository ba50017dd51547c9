import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSource } from '../../src/registry/source.js';
import { house, LAYER, OPERATION, textOf } from './house.js';

const parse = (content: Uint8Array | string) =>
  parseSource('x.yaml', typeof content === 'string' ? Buffer.from(content) : content);

const PIECES = [
  ...['a: ', '- ', '\n', '  ', '&a ', '*a', '{', '}', '[', ']', ', ', '"', "'", '|', '>', '? ', ': '],
  ...[
    '!!map ',
    '!!set ',
    '!!omap ',
    '!!binary ',
    '!!timestamp ',
    '<<: ',
    '# c',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
  ],
  ...[
    '\t',
    '\r',
    '\ufeff',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u0000',
    '\u0007',
    '\u202e',
    '.inf',
    '010',
    'version: 1.10\n',
  ],
];
const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`),
].join('\n');
const count = fc.nat(300);

/** A real document with a piece cut out and another put in: gets deeper than noise does. */
const mutated = fc
  .record({
    original: fc.constantFrom(...[OPERATION, LAYER].map((path) => Buffer.from(textOf(path, house)))),
    at: fc.nat(4_000),
    cut: fc.nat(40),
    put: fc.oneof(fc.constantFrom(...PIECES, bomb), fc.string({ unit: 'binary', maxLength: 8 })),
  })
  .map(({ original, at, cut, put }) =>
    Buffer.concat([original.subarray(0, at), Buffer.from(put), original.subarray(at + cut)]),
  );

test.each<[string, fc.Arbitrary<Uint8Array | string>]>([
  ['random', fc.uint8Array({ maxLength: 200 })],
  ['text of any characters', fc.string({ unit: 'binary', maxLength: 300 })],
  // Half a pair becomes the replacement character on its way into bytes; as raw bytes it is no UTF-8.
  [
    'lone surrogates',
    fc.constantFrom('a: \ud800', Buffer.from([0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80]), '"\\ud800": 1'),
  ],
  [
    'pieces of YAML',
    fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join('')),
  ],
  ['mutated documents', mutated],
  [
    'repeated pieces',
    fc.tuple(fc.constantFrom(...PIECES), count).map(([piece, times]) => piece.repeat(times)),
  ],
  [
    'deep nesting',
    fc
      .tuple(fc.constantFrom('[', '{a: ', '- ', '? ', 'a: '), count)
      .map(([open, times]) => open.repeat(times)),
  ],
  [
    'stairs',
    count.map((depth) => Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:\n`).join('')),
  ],
  [
    'bombs of aliases',
    fc
      .tuple(fc.nat(bomb.length), fc.string({ maxLength: 3 }))
      .map(([at, put]) => bomb.slice(0, at) + put + bomb.slice(at)),
  ],
  [
    'huge keys and long lines',
    fc
      .tuple(fc.constantFrom('', '? ', '"', 'a: '), fc.nat(5_000))
      .map(([start, length]) => `${start}${'k'.repeat(length)}: 1`),
  ],
])('%s as bytes end in a source or in findings, never in an exception', (_, bytes) => {
  fc.assert(
    fc.property(bytes, (content) => {
      const { source, findings } = parse(content);
      expect(source !== undefined || findings.length > 0).toBe(true);
      for (const { line, column, message } of findings)
        expect([Math.min(line, column) > 0, message.length > 0]).toEqual([true, true]);
    }),
    { numRuns: 150 },
  );
});

describe('a megabyte', () => {
  const filled = (piece: string, { before = '', after = '', bytes = 1_000_000 } = {}) => {
    const room = bytes - Buffer.byteLength(before + after);
    return before + piece.repeat(Math.floor(room / Buffer.byteLength(piece))) + after;
  };
  const numbered = (text: (index: number) => string) =>
    Array.from({ length: Math.floor(1_000_000 / text(99_999).length) }, (_, index) => text(index)).join('');

  test.each<[string, string]>([
    ...[
      '[',
      ']',
      '{',
      '- ',
      '- x\n',
      '? ',
      '?\n',
      '"',
      "'",
      '""',
      '&a ',
      '- &a x\n',
      '# c\n',
      '#',
      '\n',
      '\r',
      '\t',
    ].map((piece): [string, string] => [JSON.stringify(piece), filled(piece)]),
    ...[
      '{a: ',
      'a: 1\n',
      '<<: x\n',
      ': ',
      ':',
      'a: b: ',
      '!a ',
      '- !a x\n',
      '%\n',
      '%YAML 1.2\n',
      '---\n',
      '...\n',
      '|\n',
      '[]',
      '- {}\n',
    ].map((piece): [string, string] => [JSON.stringify(piece), filled(piece)]),
    ...['\u0000', '\ufeff', '\u2028', '\u{1f600}', '\u0085', 'é'].map((piece): [string, string] => [
      JSON.stringify(piece),
      filled(piece),
    ]),
    ['lists in their own alias', filled('[*a,', { before: 'a: &a ' })],
    ['aliases of one anchor', filled('- *a\n', { before: '- &a x\n' })],
    ['aliases in a flow list', filled('*a,', { before: 'a: &a [', after: ']' })],
    ['anchors, each with its alias', numbered((index) => `- &a${index} x\n- *a${index}\n`)],
    ['keys', numbered((index) => `key${index}: 1\n`)],
    ['keys of a flow map', `{${numbered((index) => `key${index}: 1,`).slice(0, 999_000)}}`],
    ['one plain scalar', filled('x ', { before: 'a: ' })],
    ['one plain scalar of many lines', filled('x\n  ', { before: 'a: ' })],
    ['one quoted text', filled('x', { before: 'a: "', after: '"' })],
    ['one quoted text of many lines', filled('x\n ', { before: 'a: "', after: '"' })],
    ['escapes', filled('\\u0041', { before: 'a: "', after: '"' })],
    ['escapes that are none', filled('\\q', { before: 'a: "', after: '"' })],
    ['one key', filled('k', { after: ': 1' })],
    ['one number', filled('1', { before: 'a: ' })],
    ['one number with underscores', filled('1_', { before: 'a: ' })],
    ['one time', filled('1:', { before: 'a: ', after: '1' })],
    ['a block text', filled(' x\n', { before: 'a: |\n' })],
    ['a folded text of blank lines', filled('\n ', { before: 'a: >\n' })],
    ['commas', filled(',', { before: '[', after: ']' })],
    ['numbers', filled('1,', { before: '[', after: ']' })],
  ])('of %s is read or refused at once', (_, text) => {
    const bytes = Buffer.from(text);
    const heapBefore = process.memoryUsage().heapUsed;
    const startedAt = performance.now();
    const { source, findings } = parse(bytes);
    const [heap, tookMs] = [process.memoryUsage().heapUsed - heapBefore, performance.now() - startedAt];
    expect(source !== undefined || findings.length > 0).toBe(true);
    expect(findings.length).toBeLessThanOrEqual(100);
    expect(tookMs).toBeLessThan(3_000);
    expect(heap).toBeLessThan(200_000_000);
  });

  test('just below the limits is no dearer', () => {
    const pieces = ['- x\n', '[],', ',', '- &a x\n', '?\n', '"",', '{a: 1},', '<<: x\n', '!a '];
    for (const piece of pieces) {
      const startedAt = performance.now();
      parse(filled(piece, { before: /^[[{,"]/.test(piece) ? '[' : '', bytes: piece.length * 15_000 }));
      expect(performance.now() - startedAt, piece).toBeLessThan(3_000);
    }
  });
});
