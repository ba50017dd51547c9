import { expect, test } from 'vitest';
import { postgresError } from '../../src/postgres/errors.js';

test.each([
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
])('a connection that is lost may be made anew: %s', (message) => {
  expect(postgresError('it failed', new Error(message))).toMatchObject({
    code: 'unavailable',
    isRetriable: true,
    message: `it failed: ${message}`,
  });
});
