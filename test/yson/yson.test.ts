import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseYson, parseYsonList, parseYsonMap, YsonListReader } from '../../src/yson/parse.js';
import { Attributed, Uint64, type YsonValue } from '../../src/yson/value.js';
import { writeYsonBinary } from '../../src/yson/write-binary.js';
import { writeYsonText } from '../../src/yson/write-text.js';
import { ysonValue } from './arbitrary.js';

const VECTORS = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8')) as [
  string,
  string,
][];

describe('vectors of the official library', () => {
  test.each(VECTORS)('%s reads alike as text and as binary, and writes the known bytes', (text, hex) => {
    const binary = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(parseYson(binary)).toEqual(parseYson(text));
    expect(writeYsonBinary(parseYson(text)).toString('hex')).toBe(binary.toString('hex'));
  });
});

describe('reading', () => {
  test('text and binary mix in one document', () => {
    const mixed = Buffer.concat([
      Buffer.from('{a='),
      Buffer.of(2, 2),
      Buffer.from('; "b" = ['),
      Buffer.of(5),
      Buffer.from(';x.y-z]}'),
    ]);
    expect(parseYson(mixed)).toEqual(
      new Map<string, YsonValue>([
        ['a', 1n],
        ['b', [true, 'x.y-z']],
      ]),
    );
  });

  test('int64, uint64 and double stay apart', () => {
    expect(parseYsonList('1;1u;1.;-1e3;%inf;%-inf;')).toEqual([
      1n,
      new Uint64(1n),
      1,
      -1000,
      Infinity,
      -Infinity,
    ]);
  });

  test('bytes that are no UTF-8 stay bytes', () => {
    expect(parseYson('"\\xFF\\0a"')).toEqual(Buffer.of(0xff, 0, 0x61));
    expect(parseYson('"\\321\\221"')).toBe('ё');
  });

  test('attributes stand on values at any level', () => {
    const expected = new Attributed(new Map([['append', true]]), [
      new Attributed(new Map([['x', null]]), 'y'),
    ]);
    expect(parseYson('<append=%true>[<x=#>y]')).toEqual(expected);
  });

  test('a map fragment is pairs without braces', () => {
    expect(parseYsonMap('a=1; b=x')).toEqual(
      new Map<string, YsonValue>([
        ['a', 1n],
        ['b', 'x'],
      ]),
    );
  });

  test.each([
    ['[1;2', 'ends in the middle'],
    ['"abc', 'ends in the middle'],
    ['', 'ends in the middle'],
    ['{a 1}', "expected '=' after a key"],
    ['{1=2}', 'expected a key'],
    ['1 2', 'expected the end'],
    ['9223372036854775808', 'does not fit int64'],
    ['-1u', 'is no number'],
    ['%maybe', 'is no literal'],
    ['<a=1><b=2>c', 'attributes cannot have attributes'],
    [')', 'expected a value'],
    ['['.repeat(300), 'deeper than 256'],
  ])('%j is refused: %s', (input, message) => {
    expect(() => parseYson(input)).toThrow(message);
  });
});

describe('laws', () => {
  test('what is written as text, pretty text or binary reads back as it was', () => {
    fc.assert(
      fc.property(ysonValue, (value) => {
        expect(parseYson(writeYsonText(value))).toEqual(value);
        expect(parseYson(writeYsonText(value, { pretty: true }))).toEqual(value);
        expect(parseYson(writeYsonBinary(value))).toEqual(value);
      }),
    );
  });

  test('text is printable ASCII: it fits an HTTP header', () => {
    fc.assert(fc.property(ysonValue, (value) => void expect(writeYsonText(value)).toMatch(/^[\x20-\x7e]*$/)));
  });

  test('any bytes give a value or an RtnError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseYson(bytes);
        } catch (thrown) {
          expect(thrown).toHaveProperty('code', 'data');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a list cut into pieces anywhere reads the same', () => {
    fc.assert(
      fc.property(
        fc.array(ysonValue, { maxLength: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (values, isBinary, size) => {
          const separator = Buffer.from(';');
          const bytes = Buffer.concat(
            values.flatMap((value) => [
              isBinary ? writeYsonBinary(value) : Buffer.from(writeYsonText(value)),
              separator,
            ]),
          );
          const reader = new YsonListReader();
          const read: YsonValue[] = [];
          for (let at = 0; at < bytes.length; at += size)
            read.push(...reader.push(bytes.subarray(at, at + size)));
          expect([...read, ...reader.end()]).toEqual(values);
        },
      ),
    );
  });
});
