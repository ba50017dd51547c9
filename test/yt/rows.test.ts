import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLines } from '../../src/yt/rows.js';

test.each([
  ['{"id":1,"t":"a"}', [], { id: 1, t: 'a' }],
  ['{"id":9007199254740993}', [], { id: 9007199254740993n }],
  ['{"id":9007199254740993}', ['id'], { id: '9007199254740993' }],
  ['{"id":7}', ['id'], { id: '7' }],
  ['{"t":"1234567890123456789","id":5}', ['id'], { t: '1234567890123456789', id: '5' }],
  ['{"x":{"id":9007199254740993}}', ['id'], { x: { id: 9007199254740993n } }],
])('%s with text columns %j is exact', (line, columns, expected) => {
  expect(parseLines(Buffer.from(`${line}\n`), new Set(columns))).toEqual([expected]);
});

test('no integer is ever rounded', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (id) => {
      const [row] = parseLines(Buffer.from(`{"id":${id}}\n`), new Set());
      expect(BigInt(row?.id as number | bigint)).toBe(id);
      expect(parseLines(Buffer.from(`{"id":${id}}\n`), new Set(['id']))).toEqual([{ id: String(id) }]);
    }),
  );
});
