import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLosslessJson } from '../../src/yson/exact-json.js';
import { jsonText } from '../../src/yson/json-text.js';

test('a text is written as JSON.stringify writes it, whatever it holds', () => {
  for (const text of [null, '', 'm-1', 'a "b"', 'a\\b', 'a\nb', '\u007f', 'привет', '\u2028', '\ud800'])
    expect(jsonText(text)).toBe(JSON.stringify(text));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(jsonText(text)).toBe(JSON.stringify(text));
    }),
  );
});

test('an integer that a number cannot carry is found wherever it stands', () => {
  fc.assert(
    fc.property(fc.nat(40), fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.nat(40), (before, integer, after) => {
      const text = `{"a":"${'x'.repeat(before)}","b":${integer},"c":"${'1'.repeat(after)}"}`;
      const { b } = parseLosslessJson(text) as { b: number | bigint };
      expect(typeof b).toBe(integer <= BigInt(Number.MAX_SAFE_INTEGER) ? 'number' : 'bigint');
      expect(BigInt(b)).toBe(integer);
    }),
  );
});
