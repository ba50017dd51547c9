import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSensitive, scalarText, sensitiveDigest, withoutSensitive } from '../../src/pipeline/sensitive.js';

const SCHEMA = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    phone: { type: 'string', 'x-sensitive': true },
    address: { type: 'object', 'x-sensitive': true },
    open: { type: 'string', 'x-sensitive': false },
  },
};

describe('a column is sensitive', () => {
  test.each([
    ['phone', true],
    ['address', true],
    ['id', false],
    ['open', false],
    ['not_declared', false],
  ])('%s: %s', (column, expected) => expect(isSensitive(SCHEMA, column)).toBe(expected));

  test('only where the schema declares columns', () => expect(isSensitive({}, 'phone')).toBe(false));
});

describe('a digest', () => {
  test('is the beginning of the SHA-256 of the text as UTF-8', () => {
    // printf 'я' | sha256sum
    expect(sensitiveDigest('я')).toBe('sha256:9b21f5cf014c9efb35110dcccf3a74ea');
  });

  test('is the same for equal texts and another for others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(sensitiveDigest(a) === sensitiveDigest(b)).toBe(a === b);
      }),
    );
  });
});

describe('a row without its sensitive values', () => {
  test('has digests of texts and numbers, of their JSON for lists and objects, and null as it is', () => {
    const row = { id: 'a', phone: '+79991234567', address: { city: 'Riga' }, open: 'x' };
    expect(withoutSensitive(row, SCHEMA)).toEqual({
      ...row,
      phone: sensitiveDigest('+79991234567'),
      address: sensitiveDigest('{"city":"Riga"}'),
    });
    expect(withoutSensitive({ phone: 7, address: null }, SCHEMA)).toEqual({
      phone: sensitiveDigest('7'),
      address: null,
    });
  });

  test('has the same columns, the other values as they were, and nothing of a sensitive one', () => {
    const value = fc.oneof(fc.string({ minLength: 7 }), fc.integer(), fc.bigInt(), fc.constant(null));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('id', 'phone', 'open', 'other'), value), (row) => {
        const shown = withoutSensitive(row, SCHEMA);
        expect(Object.keys(shown)).toEqual(Object.keys(row));
        for (const column of ['id', 'open', 'other']) expect(shown[column]).toEqual(row[column]);
        const { phone } = row;
        if (phone !== null && phone !== undefined) expect(shown.phone).toMatch(/^sha256:[0-9a-f]{32}$/);
      }),
    );
  });
});

test.each([
  ['a text', 'x', 'x'],
  ['the empty text', '', ''],
  ['a number', 1.5, '1.5'],
  ['a big integer', 12345678901234567890n, '12345678901234567890'],
  ['null', null, null],
  ['nothing', undefined, null],
  ['a boolean', true, null],
  ['a list', ['x'], null],
])('%s as the text of a scalar', (_, value, expected) => expect(scalarText(value)).toBe(expected));
