import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Rewrite, rewrite } from '../../src/author/rewrite.js';
import { parseSource } from '../../src/registry/source.js';

function rewritten(text: string, change: Rewrite): string {
  const { source, findings } = parseSource('x.yaml', Buffer.from(text));
  if (source === undefined) throw new Error(findings[0]?.message);
  return rewrite(source, change);
}

describe('rewrite', () => {
  test.each<[string, string, Rewrite, string]>([
    ['keeps the comment behind a value', 'status: a # why\n', { set: { status: 'b' } }, 'status: b # why\n'],
    ['replaces a quoted value', 'status: "a"\nb: 1\n', { set: { status: 'b' } }, 'status: b\nb: 1\n'],
    [
      'inserts below the status',
      'status: a # why\nb: 1\n',
      { set: { reason: 'r' } },
      'status: a # why\nreason: r\nb: 1\n',
    ],
    [
      'inserts behind a file that does not end its line',
      'status: a',
      { append: { p: { m: 1 } } },
      'status: a\n\np:\n  m: 1\n',
    ],
    [
      'inserts where another key is dropped',
      'status: a\nb: 1\n',
      { set: { reason: 'r' }, drop: ['b'] },
      'status: a\nreason: r\n',
    ],
    [
      'drops a map, keeps the comments around it',
      '# one\na: 1\n# two\nb:\n  c: 1 # in\n  d: [\n    2]\n# three\ne: 1\n',
      { drop: ['b'] },
      '# one\na: 1\n# two\n# three\ne: 1\n',
    ],
    ['drops the last key and its blank line', 'a: 1\n\nb:\n  c: 1\n', { drop: ['b'] }, 'a: 1\n'],
    ['drops an empty value', 'a: 1\nb:\nc: 1\n', { drop: ['b'] }, 'a: 1\nc: 1\n'],
    ['drops a block text', 'a: |\n  x\n\n  y\nb: 1\n', { drop: ['a'] }, 'b: 1\n'],
    [
      'keeps the blank lines of a text that keeps them',
      'a: |+\n  x\n\n\n',
      { append: { p: { m: 1 } } },
      'a: |+\n  x\n\n\np:\n  m: 1\n',
    ],
    [
      'quotes what would be read as a number',
      'a: 1\n',
      { append: { p: { d: '12e4', r: 'no', m: 5 } } },
      'a: 1\n\np:\n  d: "12e4"\n  r: "no"\n  m: 5\n',
    ],
    [
      'keeps the line ends of Windows',
      'a: 1\r\nstatus: a\r\n',
      { set: { status: 'b', r: 'x' }, append: { p: { m: 1 } } },
      'a: 1\r\nstatus: b\r\nr: x\r\n\r\np:\r\n  m: 1\r\n',
    ],
    ['keeps a byte order mark', '\ufeffa: 1\n', { set: { a: '2' } }, '\ufeffa: "2"\n'],
    [
      'replaces deeper values, once where an alias repeats them',
      'a: &x {t: y@1}\nb: *x\n',
      {
        replace: [
          { path: ['a', 't'], value: 'y@2' },
          { path: ['b', 't'], value: 'y@2' },
        ],
      },
      'a: &x {t: y@2}\nb: *x\n',
    ],
  ])('%s', (_, text, change, expected) => expect(rewritten(text, change)).toBe(expected));

  test.each<[string, string, Rewrite]>([
    ['a top level in braces', '{status: a, b: 1}\n', { set: { status: 'b' }, drop: ['b'] }],
    ['an anchor that is needed elsewhere', 'a: &x 1\nb: *x\n', { drop: ['a'] }],
    ['an end marker', 'a: 1\n...\n', { append: { p: { m: 1 } } }],
  ])('refuses %s, for what would come out means something else', (_, text, change) => {
    expect(() => rewritten(text, change)).toThrow('laid out in a way that cannot be edited by a program');
  });

  test('either refuses or gives exactly the document with the change, whatever the layout', () => {
    const value = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'published', 'title'),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const layout = fc.record({
      indent: fc.integer({ min: 2, max: 4 }),
      lineWidth: fc.constantFrom(0, 20, 80),
      defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'BLOCK_LITERAL' as const),
    });
    fc.assert(
      fc.property(value, layout, (rest, options) => {
        const document = { status: 'draft', ...rest };
        const { source } = parseSource(
          'x.yaml',
          Buffer.from(`# head\n${stringify(document, options)}# tail\n`),
        );
        if (source === undefined) return;
        const text = rewrite(source, { set: { status: 'active' }, drop: ['published'] });
        const { published: _, ...kept } = source.value as Record<string, unknown>;
        expect(parseSource('x.yaml', Buffer.from(text)).source?.value).toEqual({ ...kept, status: 'active' });
        expect(text).toMatch(/^# head\n[\s\S]*# tail\n$/);
      }),
      { numRuns: 200 },
    );
  });
});
