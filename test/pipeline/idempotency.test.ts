import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idempotencyKey } from '../../src/pipeline/idempotency.js';

test('a key is the SHA-256 of operation, run, channel, message id and position as a JSON array', () => {
  const text = fc.oneof(fc.constantFrom('', 'a', 'b', '"'), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(text, text, text, text, fc.nat(), (operation, run, channel, id, position) => {
      const identity = JSON.stringify([operation, run, channel, id, position]);
      expect(idempotencyKey(operation, run, channel, id, position)).toBe(
        hash('sha256', identity, 'base64url'),
      );
    }),
  );
});
