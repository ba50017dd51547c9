import { expect, test } from 'vitest';
import { nearest, suggestion } from '../../src/registry/spelling.js';

const KEYS = ['title', 'description', 'url', 'use'];

test.each([
  ['titel', 'title'],
  ['Title', 'title'],
  ['desciption', 'description'],
  ['ulr', 'url'],
  ['elephant', undefined],
])('%s means %s', (word, meant) => expect(nearest(word, KEYS)).toBe(meant));

test('where nothing is near, all are listed', () => {
  expect(suggestion('elephant', KEYS)).toBe('; expected one of title, description, url, use');
  expect(suggestion('x', [])).toBe('');
});
