import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesBetween } from '../../src/registry/lines.js';

test.each([
  ['a\nb\nc\n', 'a\nb\nc\n', [0, 0]],
  ['a\nb\nc\n', 'a\r\nb\r\nc\r\n', [0, 0]],
  ['a\nb\nc\n', 'a\nb\nc', [1, 1]],
  ['a\nb\nc\n', 'a\nx\ny\nc\n', [2, 1]],
  ['a\nb\nc\nd\n', 'b\nc\nd\na\n', [1, 1]],
  ['', 'a\n', [1, 0]],
  ['a\n\n', 'a\n', [0, 1]],
])('%j to %j', (before, after, [added, removed]) =>
  expect(linesBetween(before, after)).toEqual({ added, removed }),
);

test('no fewer lines are told than had to change', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { added, removed } = linesBetween(before, after);
      const back = linesBetween(after, before);
      expect([back.removed, back.added]).toEqual([added, removed]);
      expect(Number.isInteger(added) && added >= 0 && removed >= 0).toBe(true);
    }),
  );
});

test('two large texts with nothing in common are counted at once', () => {
  const text = (word: string) => Array.from({ length: 50_000 }, (_, index) => `${word}${index}`).join('\n');
  expect(linesBetween(text('a'), text('b'))).toEqual({ added: 50_000, removed: 50_000 });
});
