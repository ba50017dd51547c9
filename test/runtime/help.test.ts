import { describe, expect, test } from 'vitest';
import { helpText } from '../../src/runtime/help.js';
import { DEFINITION } from './definition.js';

const ENVIRONMENT = [
  { name: 'DATABASE_URL', description: 'Connection to Postgres.', isSecret: true, scheme: 'pg' },
  { name: 'YT_PROXY', description: 'Address of the YTsaurus HTTP proxy', scheme: 'yt' },
];

describe('help', () => {
  test.each([80, 110])('reads well at %i columns', async (width) => {
    const text = helpText(DEFINITION, { width, environment: ENVIRONMENT });
    await expect(text).toMatchFileSnapshot(`golden/help-${width}.txt`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  test('is never wider than 110 columns', () => {
    expect(helpText(DEFINITION, { width: 300 })).toBe(helpText(DEFINITION, { width: 110 }));
  });

  test('of a service asks for no location of its stream', () => {
    const service = { ...DEFINITION, operation: { ...DEFINITION.operation, runner: 'service' } };
    const text = helpText(service, { width: 80 });
    expect(text).toContain('One row a notification. Not needed for a stream.');
    expect(text).not.toContain('.mjs --recipients');
  });

  test('shows control characters of an operation as escapes', () => {
    const loud = { ...DEFINITION, operation: { ...DEFINITION.operation, title: 'a\u001b[2Jb' } };
    expect(helpText(loud, { width: 80 })).toContain('a\\u001b[2Jb');
  });
});
