import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanName, nameProblem } from '../../src/scaffold/name.js';

test.each([
  ['Order Ready', 'order_ready'],
  ['OrderReady', 'order_ready'],
  ['crm-Push ', 'crm-push'],
  ['order - ready', 'order-ready'],
  ['2nd_order', 'nd_order'],
  ['Café 24/7', 'cafe_24_7'],
  ['заказ', undefined],
  ['--', undefined],
])('%j is meant as %j', (text, name) => {
  expect(cleanName(text)).toBe(name);
  expect(nameProblem(text)).toEqual({
    message: expect.stringContaining(`'${text}' is no name`),
    meant: name,
  });
});

test('a cleaned name is a name, or there is none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 150 }), (text) => {
      const name = cleanName(text);
      if (name !== undefined) expect([nameProblem(name), cleanName(name)]).toEqual([undefined, name]);
    }),
  );
});
