import { describe, expect, test } from 'vitest';
import { byVersion, isVersion, lineOf, raise, splitReference } from '../../src/registry/version.js';

test.each(['1.0.0', '0.0.0', '1.4.10', '1.4.5-dev', '1.0.0-rc.1'])('%s is a version', (text) =>
  expect(isVersion(text)).toBe(true),
);

test.each([
  '1.0',
  '01.0.0',
  'v1.0.0',
  '1.0.0+build',
  '1.0.0-',
  '1.0.0-01',
  '',
  ' 1.0.0',
  '1.0.0\n',
  '99999999999999999.0.0',
])('%j is none', (text) => expect(isVersion(text)).toBe(false));

test('order is that of numbers, and a pre-release lies before its release', () => {
  expect(['1.10.0', '1.9.0', '1.4.5', '1.4.5-dev'].sort(byVersion)).toEqual([
    '1.4.5-dev',
    '1.4.5',
    '1.9.0',
    '1.10.0',
  ]);
});

describe('raise', () => {
  test.each([
    ['1.4.10', 'patch', '1.4.11'],
    ['1.4.10', 'minor', '1.5.0'],
    ['1.4.10', 'major', '2.0.0'],
    ['1.4.5-dev', 'patch', '1.4.5'],
  ] as const)('%s by %s is %s', (from, level, to) => expect(raise(from, level)).toBe(to));
});

test('a line is MAJOR.MINOR', () => expect(lineOf('1.4.10')).toBe('1.4'));

test('a reference is split at its first @', () => {
  expect(splitReference('a@1.0.0')).toEqual({ name: 'a', version: '1.0.0' });
  expect(splitReference('a')).toEqual({ name: 'a', version: undefined });
});
