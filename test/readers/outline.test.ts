import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { outlineOf } from '../../src/readers/outline.js';
import { messageRows } from '../../src/readers/row-text.js';

const outline = outlineOf({ row: { properties: { id: {}, text: {} } } });
const sensitive = outlineOf({ row: { properties: { id: {}, phone: { 'x-sensitive': true } } } });
const start = (text: string) => outline(text).replace(/^.*?\): /s, '');

describe('the outline of a text that makes no row', () => {
  test.each([
    ['{"id":"m1","text": "Hi, Ivan', '{"id":"··","text": "··, ····'],
    ['{"id":"m1" "text":"x"}', '{"id":"··" "text":"·"}'],
    ['{"phone":"+7999","id":7}', '{"·····":"+····","id":·}'],
    ['{"text":"id: text"}', '{"text":"··: ····"}'],
    ['Привет, 4711 😀', '······, ···· ·'],
    ['a\tb\n\u001b[31m', '·\\t·\\n\\u001b[···'],
    ['', ''],
  ])('%j is %j', (text, expected) => expect(start(text)).toBe(expected));

  test('begins with its length and its digest', () => {
    const digest = createHash('sha256').update('Hi').digest('hex').slice(0, 32);
    expect(outline('Hi')).toBe(`2 characters (sha256:${digest}): ··`);
    expect(outline(Buffer.from('Hi'))).toBe(`2 bytes (sha256:${digest}): ··`);
  });

  test('tells nothing of it where a column is sensitive', () => {
    expect(sensitive('{"id":"a","phone":"+7999"')).toMatch(
      /^25 characters that are not shown.*\(sha256:[0-9a-f]{32}\)$/,
    );
  });
});

test('no letter and no digit of a message that cannot be read is told, whatever it is', () => {
  const words = fc.stringMatching(/^[A-Za-zа-я0-9]{4,20}$/);
  const shape = fc.array(
    fc.oneof(words, fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\n', ' ', '\\', '\u0000')),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(shape, fc.boolean(), (pieces, isBroken) => {
      const bytes = Buffer.concat([Buffer.from(pieces.join('')), Buffer.from(isBroken ? [0xff] : [])]);
      for (const record of messageRows(bytes, 0, outline)) {
        if ('row' in record) continue;
        const [, told = ''] =
          /; got (?:a list of \d+|\d+ (?:characters|bytes) \(sha256:[0-9a-f]{32}\): (.*))$/s.exec(
            record.malformed,
          ) ?? [undefined, record.malformed];
        expect(told.replace(/\\u[0-9a-f]{4}|\\[nt]|"(id|text)"/g, '')).not.toMatch(/[\p{L}\p{N}]/u);
      }
    }),
  );
});

test('where JSON is wrong is told, and nothing that JSON.parse quotes', () => {
  const reason = (text: string) => {
    const [record] = messageRows(Buffer.from(text), 0, outline);
    return record !== undefined && 'malformed' in record ? record.malformed.split('; got ')[0] : undefined;
  };
  expect(reason('{"id":1,,}')).toBe('expected JSON, wrong at character 8');
  expect(reason('{"id":12345678901234567890,,}')).toMatch(/^expected JSON, wrong at character \d+$/);
  expect(reason('Ivan JSON at position 4711')).toBe('expected JSON');
  expect(reason('JSON at character 4711: x')).toBe('expected JSON');
});
