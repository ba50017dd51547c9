import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linesOf } from '../../src/registry/positions.js';

test.each([
  [0, 1, 1],
  [1, 1, 2],
  [2, 2, 1],
  [3, 3, 1],
  [5, 3, 3],
])('offset %i of three lines is %i:%i', (offset, line, column) => {
  const lines = linesOf('a\n\nbc');
  expect(lines.positionOf(offset)).toEqual({ line, column });
  expect(lines.offsetOf({ line, column })).toBe(offset);
});

test('an offset has one place and the place that offset', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n')), fc.nat(30), (pieces, at) => {
      const text = pieces.join('');
      const offset = Math.min(at, text.length);
      const lines = linesOf(text);
      expect(lines.offsetOf(lines.positionOf(offset))).toBe(offset);
    }),
  );
});
