import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CopyJson, type JsonColumn } from '../../src/postgres/copy-json.js';
import { copyRow } from '../../src/postgres/copy-text.js';

const COLUMNS: readonly JsonColumn[] = [
  { name: 'run', kind: 'string' },
  { name: 'a "quoted" name', kind: 'string' },
  { name: 'count', kind: 'number' },
  { name: 'flag', kind: 'boolean' },
  { name: 'ü', kind: 'string' },
];

type Row = readonly [string | null, string | null, number | null, boolean | null, string | null];

/** A row as COPY gives it. */
const copyLine = (row: Row) =>
  copyRow(row.map((value) => (typeof value === 'boolean' ? (value ? 't' : 'f') : value)));

/** A row as its JSON should say it: nulls left out. */
const objectOf = (row: Row) =>
  Object.fromEntries(
    COLUMNS.map(({ name }, index) => [name, row[index]]).filter(([, value]) => value !== null),
  );

function converted(pieces: readonly Buffer[], columns = COLUMNS): string[] {
  const json = new CopyJson(columns);
  const out = [...pieces.flatMap((piece) => [...json.push(piece)]), ...json.end()];
  for (const piece of out) expect(piece.at(-1)).toBe(0x0a);
  return Buffer.concat(out).toString().split('\n').slice(0, -1);
}

/** Text that Postgres can hold: no NUL and no half of a pair. */
const text = fc.oneof(
  fc.constantFrom(
    'night',
    '',
    '\\N',
    '\\.',
    'tab\t',
    '\u0001\u001f\u007f',
    '\u000b\f\b\r\n',
    '"',
    '\\"',
    '😀ü\u2028',
  ),
  fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\u0000', '')),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4 });
const row: fc.Arbitrary<Row> = fc.tuple(
  maybe(fc.constantFrom('night', 'noon', 'nigh')),
  maybe(text),
  maybe(fc.maxSafeInteger()),
  maybe(fc.boolean()),
  maybe(text),
);

describe('rows of COPY', () => {
  test('become the JSON of the same values, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 1, max: 200 }), (rows, size) => {
        const bytes = Buffer.from(rows.map(copyLine).join(''));
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
        expect(converted(pieces).map((line) => JSON.parse(line))).toEqual(rows.map(objectOf));
      }),
      { numRuns: 500 },
    );
  });

  test('keep numbers as they are written, and may be longer than a piece', () => {
    const columns: JsonColumn[] = [
      { name: 'n', kind: 'number' },
      { name: 'text', kind: 'string' },
    ];
    const long = '"'.repeat(1_000_000);
    const lines = converted([Buffer.from(`9223372036854775807\tx\n-1\t${long}\n\\N\t\\N\n`)], columns);
    expect(lines[0]).toBe('{"n":9223372036854775807,"text":"x"}');
    expect(JSON.parse(lines[1] ?? '')).toEqual({ n: -1, text: long });
    expect(lines[2]).toBe('{}');
  });
});
