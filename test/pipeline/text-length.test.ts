import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { measureQuickly } from '../../src/pipeline/text-length.js';

function quick(): Ajv {
  const ajv = new Ajv();
  measureQuickly(ajv);
  return ajv;
}

const text = fc.string({ unit: fc.constantFrom('a', 'é', '🐢', '\ud83d', '\udc22'), maxLength: 12 });
const limit = fc.nat({ max: 12 });

test('a text is as long as Ajv says, and what is wrong is told in the same words', () => {
  fc.assert(
    fc.property(text, limit, limit, (value, minLength, maxLength) => {
      const schema = { type: 'string', minLength, maxLength };
      const [ours, theirs] = [quick().compile(schema), new Ajv().compile(schema)];
      expect(ours(value)).toBe(theirs(value));
      expect(ours.errors).toEqual(theirs.errors);
    }),
  );
});

test('of several mistakes the same one is told first', () => {
  const schema = { type: 'string', maxLength: 2, pattern: '^a*$' };
  const [ours, theirs] = [quick().compile(schema), new Ajv().compile(schema)];
  ours('bbb');
  theirs('bbb');
  expect(ours.errors).toEqual(theirs.errors);
});
