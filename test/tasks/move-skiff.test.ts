import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MoveColumn } from '../../src/tasks/move-columns.js';
import { SkiffRows, skiffColumns } from '../../src/tasks/move-skiff.js';
import { skiffFormat } from '../../src/yt/skiff.js';

const column = (name: string, type: MoveColumn['type'], isRequired = false): MoveColumn => ({
  ...{ name, type, isRequired },
  sql: name,
});

const COLUMNS = [
  column('run', 'string', true),
  column('text', 'string'),
  column('small', 'int64'),
  column('wide', 'int64', true),
  column('flag', 'boolean'),
  column('at', 'timestamp', true),
  column('until', 'timestamp'),
];

/** Microseconds since 1970 of times that both sides can hold. */
const US_OF_2000 = 946_684_800_000_000n;
const END_US = 4_291_747_200_000_000n;

type Value = string | bigint | boolean | { readonly us: bigint } | null;
type Row = readonly Value[];

/** A value as COPY's binary format has it. */
function field(value: Value): Buffer {
  if (value === null) return Buffer.from('ffffffff', 'hex');
  const bytes = Buffer.alloc(8);
  if (typeof value === 'bigint') bytes.writeBigInt64BE(value);
  else if (typeof value === 'object') bytes.writeBigInt64BE(value.us - US_OF_2000);
  const whole =
    typeof value === 'string'
      ? Buffer.from(value)
      : typeof value === 'boolean'
        ? Buffer.from([+value])
        : bytes;
  const length = Buffer.alloc(4);
  length.writeInt32BE(whole.length);
  return Buffer.concat([length, whole]);
}

const HEADER = Buffer.concat([
  Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
  Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]),
  Buffer.from('ext'),
]);
const END = Buffer.from([0xff, 0xff]);

function copied(rows: readonly Row[]): Buffer {
  const bytes = rows.map((row) => Buffer.concat([Buffer.from([0, row.length]), ...row.map(field)]));
  return Buffer.concat([HEADER, ...bytes, END]);
}

/** What stands in skiff, read value by value as the format says. */
function read(skiff: Buffer, columns: readonly MoveColumn[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < skiff.length; ) {
    expect(skiff.readUInt16LE(at)).toBe(0);
    at += 2;
    rows.push(
      columns.map(({ type, isRequired }) => {
        if (!isRequired && skiff[at++] === 0) return null;
        if (type === 'boolean') return skiff[at++] === 1;
        if (type === 'string') {
          const length = skiff.readUInt32LE(at);
          at += 4 + length;
          return skiff.toString('utf8', at - length, at);
        }
        at += 8;
        return type === 'int64' ? skiff.readBigInt64LE(at - 8) : { us: skiff.readBigUInt64LE(at - 8) };
      }),
    );
  }
  return rows;
}

function turned(
  bytes: Buffer,
  size: number,
  columns: readonly MoveColumn[] = COLUMNS,
): { skiff: Buffer; rows: number } {
  const rows = new SkiffRows(columns);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    pieces.push(rows.push(bytes.subarray(at, at + size)) ?? END.subarray(2));
  const last = rows.end();
  return { skiff: Buffer.concat(last === undefined ? pieces : [...pieces, last]), rows: rows.rows };
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 4 });
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 100, maxLength: 300 }));
const time = fc.bigInt(0n, END_US - 1n).map((us) => ({ us }));
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const row = fc.tuple(
  text,
  maybe(text),
  maybe(fc.integer().map(BigInt)),
  int64,
  maybe(fc.boolean()),
  time,
  maybe(time),
);

describe('rows of COPY', () => {
  test('become the skiff of the same values, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), fc.integer({ min: 1, max: 400 }), (rows, size) => {
        const { skiff, rows: count } = turned(copied(rows), size);
        expect(count).toBe(rows.length);
        expect(read(skiff, COLUMNS)).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  test('may be many, and longer than a piece', () => {
    const columns = [column('text', 'string'), column('count', 'int64', true)];
    const long = 'ü'.repeat(1_000_000);
    const rows = Array.from({ length: 5_000 }, (_, index) => [
      index % 1_000 === 7 ? long : 'short',
      BigInt(index),
    ]);
    for (const size of [65_536, 10_000_000]) {
      const { skiff } = turned(copied(rows), size, columns);
      expect(read(skiff, columns)).toEqual(rows);
    }
  });

  test('may grow by what says that each of their values is there', () => {
    const columns = Array.from({ length: 50 }, (_, index) => column(`c${index}`, 'string'));
    const rows = Array.from({ length: 20_000 }, () => columns.map(() => ''));
    expect(read(turned(copied(rows), 10_000_000, columns).skiff, columns)).toEqual(rows);
  });

  test.each([
    ['int64', 'a text'],
    ['int64', true],
    ['boolean', 'no'],
    ['timestamp', 7n, 4],
  ] as [MoveColumn['type'], Value, number?][])(
    'of a column that is no %s any more are not taken for one: %s',
    (type, value, length = 0) => {
      const whole = copied([[value]]);
      // A shorter value where one of the same length would do.
      const bytes =
        length === 0
          ? whole
          : Buffer.concat([HEADER, Buffer.from([0, 1, 0, 0, 0, length]), Buffer.alloc(length), END]);
      expect(() => new SkiffRows([column('attempts', type)]).push(bytes)).toThrow(
        expect.objectContaining({
          code: 'unavailable',
          message: expect.stringContaining(`for a value of attempts, which is no ${type}`),
        }),
      );
    },
  );

  test('with the edges of what a timestamp of YTsaurus can say', () => {
    const columns = [column('at', 'timestamp', true)];
    const ends = [0n, 1n, US_OF_2000 - 1n, US_OF_2000, 4_294_967_295n, 4_294_967_296n, END_US - 1n];
    const rows = ends.map((us) => [{ us }]);
    expect(read(turned(copied(rows), 7, columns).skiff, columns)).toEqual(rows);
  });

  test.each([
    ['1969-12-31T23:59:59.999Z', -1n],
    ['2106-01-01T00:00:00.000Z', END_US],
    ['infinity', 2n ** 63n - 1n + US_OF_2000],
    ['-infinity', -(2n ** 63n) + US_OF_2000],
  ])('with a time that it cannot say are refused: %s', (got, us) => {
    const columns = [column('started_at', 'timestamp')];
    const rows = new SkiffRows(columns);
    expect(() => rows.push(copied([[{ us }]]))).toThrow(
      expect.objectContaining({
        code: 'data',
        message: `a row has a time in started_at that YTsaurus cannot hold: expected one from 1970-01-01 to 2105-12-31, got ${got}`,
      }),
    );
  });

  test('that are cut off, or go on behind their end, are no rows', () => {
    const columns = [column('count', 'int64')];
    const whole = copied([[7n], [null]]);
    const cutOff = expect.objectContaining({ code: 'unavailable', isRetriable: true });
    for (const length of [3, HEADER.length, whole.length - 1, whole.length - 2, whole.length - 5]) {
      const rows = new SkiffRows(columns);
      rows.push(whole.subarray(0, length));
      expect(() => rows.end()).toThrow(cutOff);
    }
    for (const bytes of [
      Buffer.concat([whole, END]),
      Buffer.concat([whole, Buffer.from('x')]),
      Buffer.concat([HEADER, Buffer.from([0, 2])]),
      Buffer.from('an error page'),
    ])
      expect(() => {
        const rows = new SkiffRows(columns);
        rows.push(bytes);
        rows.end();
      }).toThrow(cutOff);
    expect(() => new SkiffRows([column('count', 'int64', true)]).push(copied([[null]]))).toThrow(cutOff);
  });
});

test('the format names the columns in order, and says which may be missing', () => {
  expect(skiffFormat(skiffColumns([column('a', 'string', true), column('b', 'timestamp')]))).toEqual({
    $value: 'skiff',
    $attributes: {
      table_skiff_schemas: [
        {
          wire_type: 'tuple',
          children: [
            { name: 'a', wire_type: 'string32' },
            {
              name: 'b',
              wire_type: 'variant8',
              children: [{ wire_type: 'nothing' }, { wire_type: 'uint64' }],
            },
          ],
        },
      ],
    },
  });
});
