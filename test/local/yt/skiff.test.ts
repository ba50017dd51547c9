import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { request } from 'undici';
import { describe, expect, test, vi } from 'vitest';
import type { QuickBlock } from '../../../src/local/yt/quick-block.js';
import { readSchema } from '../../../src/local/yt/schema.js';
import { skiffBlocks } from '../../../src/local/yt/skiff-blocks.js';
import { skiffRow } from '../../../src/local/yt/skiff-row.js';
import { SkiffScanner } from '../../../src/local/yt/skiff-scanner.js';
import type { SkiffColumn } from '../../../src/local/yt/skiff-schema.js';
import { writeYtJson } from '../../../src/yson/json.js';
import { Uint64, type YsonMap, type YsonValue } from '../../../src/yson/value.js';
import { writeYsonBinary } from '../../../src/yson/write-binary.js';
import { localCluster, temporaryFolder } from '../../setup/yt.js';

const column = (name: string, wireType: SkiffColumn['wireType'], isOptional = true): SkiffColumn => ({
  name,
  wireType,
  isOptional,
});

const COLUMNS: readonly SkiffColumn[] = [
  column('run', 'string32', false),
  column('number', 'int64'),
  column('count', 'uint64'),
  column('at', 'uint64', false),
  column('flag', 'boolean'),
  column('ratio', 'double'),
  column('text', 'string32'),
  column('any', 'string32'),
];

/** In another order than the columns of a row. */
const TABLE = [
  { name: 'text', type: 'utf8' },
  { name: 'run', type: 'string', required: true },
  { name: 'number', type: 'int64' },
  { name: 'count', type: 'uint64' },
  { name: 'at', type: 'timestamp', required: true },
  { name: 'flag', type: 'boolean' },
  { name: 'ratio', type: 'double' },
  { name: 'any', type: 'any' },
  { name: 'more', type: 'string' },
];

function field({ wireType, isOptional, name }: SkiffColumn): object {
  const simple = { wire_type: wireType };
  return isOptional
    ? { name, wire_type: 'variant8', children: [{ wire_type: 'nothing' }, simple] }
    : { name, ...simple };
}

function formatOf(columns: readonly SkiffColumn[]): object {
  return skiffFormat({ wire_type: 'tuple', children: columns.map(field) });
}

function skiffFormat(schema: unknown, registry: object = {}): object {
  return {
    $value: 'skiff',
    $attributes: { table_skiff_schemas: [schema], skiff_schema_registry: registry },
  };
}

/** Rows in skiff, each behind its tag. */
function skiff(rows: readonly YsonMap[], columns: readonly SkiffColumn[] = COLUMNS): Buffer {
  return Buffer.concat(
    rows.flatMap((row) => [
      Buffer.from([0, 0]),
      ...columns.flatMap(({ name, wireType, isOptional }) => {
        const value = row.get(name) ?? null;
        const tag = isOptional ? [Buffer.from([value === null ? 0 : 1])] : [];
        return value === null ? tag : [...tag, wire(value, wireType)];
      }),
    ]),
  );
}

function wire(value: YsonValue, wireType: SkiffColumn['wireType']): Buffer {
  if (wireType === 'boolean') return Buffer.from([value === true ? 1 : 0]);
  if (wireType === 'yson32') return string(writeYsonBinary(value));
  if (typeof value === 'string' || value instanceof Uint8Array) return string(Buffer.from(value as string));
  const word = Buffer.alloc(8);
  if (value instanceof Uint64) word.writeBigUInt64LE(value.value);
  else if (typeof value === 'bigint') word.writeBigInt64LE(value);
  else word.writeDoubleLE(value as number);
  return word;
}

function string(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([size, bytes]);
}

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly error: { readonly code: number; readonly message: string } | undefined;
}

async function call(
  address: string,
  method: 'PUT' | 'GET',
  command: string,
  parameters: object,
  body?: Buffer | AsyncIterable<Buffer>,
): Promise<Answer> {
  const answer = await request(`http://${address}/api/v4/${command}`, {
    method,
    headers: {
      'x-yt-header-format': '<encode_utf8=%false>json',
      'x-yt-parameters': Buffer.from(JSON.stringify(parameters)).toString('latin1'),
    },
    ...(body === undefined ? {} : { body: body as Buffer }),
  });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  const text = (answer.headers['x-yt-error'] ?? answer.trailers['x-yt-error']) as string | undefined;
  return {
    status: answer.statusCode,
    bytes,
    error: text === undefined ? undefined : JSON.parse(text),
  };
}

const write = (
  address: string,
  path: string,
  format: unknown,
  body: Buffer | AsyncIterable<Buffer>,
  attributes: object = {},
) =>
  call(
    address,
    'PUT',
    'write_table',
    { path: { $value: path, $attributes: attributes }, input_format: format },
    body,
  );

const TEXT = { $value: 'json', $attributes: { encode_utf8: false } };

const read = (address: string, path: string, format: unknown = TEXT, attributes: object = {}) =>
  call(address, 'GET', 'read_table', {
    path: { $value: path, $attributes: attributes },
    output_format: format,
  });

async function cluster(schema: unknown = TABLE) {
  const { client, address, stop } = await localCluster();
  for (const path of ['//home/skiff', '//home/other'])
    await client.create('table', path, schema === undefined ? {} : { attributes: { schema } });
  return { client, address, stop };
}

const hard = fc.constantFrom(
  '',
  '"',
  '\\',
  '$',
  '{"$type":"bytes","$value":"a"}',
  '\n\t\b\f\r\u0000\u001f',
  '\u007f\u2028',
);
const text = fc.oneof(hard, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
const bytes = fc.oneof(
  text,
  fc.uint8Array({ minLength: 1 }).map((some) => Buffer.concat([some, Buffer.from([0xff])])),
);
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -200n, max: 200n }),
  fc.constantFrom(...[8n, 9n, 16n].flatMap((power) => [10n ** power - 1n, 10n ** power, -(10n ** power)])),
  fc.constantFrom(...[31n, 32n, 53n].flatMap((power) => [2n ** power - 1n, 2n ** power, -(2n ** power)])),
);
const uint64 = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    int64.map((value) => (value < 0n ? -value : value)),
  )
  .map((value) => new Uint64(value));
/** What JSON can say. */
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

function rowOf(run: fc.Arbitrary<string | Buffer>): fc.Arbitrary<YsonMap> {
  return fc
    .tuple(
      run,
      optional(int64),
      optional(uint64),
      uint64,
      optional(fc.boolean()),
      optional(double),
      optional(text),
      optional(run),
    )
    .map(
      (values) => new Map<string, YsonValue>(COLUMNS.map(({ name }, index) => [name, values[index] ?? null])),
    );
}

const jsonLines = (rows: readonly YsonMap[]) =>
  Buffer.from(
    rows
      .map((row) => `${writeYtJson(row, { encodeUtf8: false, isLossless: true, skipNullValues: true })}\n`)
      .join(''),
  );

const ysonRows = (rows: readonly YsonMap[]) =>
  Buffer.concat(rows.flatMap((row) => [writeYsonBinary(row), Buffer.from(';')]));

const FORMATS = [
  TEXT,
  'json',
  { $value: 'yson', $attributes: { format: 'text' } },
  { $value: 'yson', $attributes: { format: 'binary' } },
];

/** The table written in skiff answers as the other does, in all formats, with all columns or some. */
async function expectSame(address: string): Promise<void> {
  for (const format of FORMATS)
    for (const attributes of [{}, { columns: ['flag', 'count', 'text'] }, { columns: [] }]) {
      const [got, expected] = await Promise.all(
        ['//home/skiff', '//home/other'].map((path) => read(address, path, format, attributes)),
      );
      expect(got?.error).toEqual(expected?.error);
      expect(got?.bytes.toString('latin1')).toBe(expected?.bytes.toString('latin1'));
    }
}

const ROW: YsonMap = new Map<string, YsonValue>([
  ['run', 'night'],
  ['number', 1n],
  ['at', new Uint64(2n)],
  ['flag', true],
  ['text', 'x'],
]);

describe('rows written in skiff', () => {
  test('are read as the same rows written as JSON', async () => {
    const { client, address } = await cluster();
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf(text), { maxLength: 5 }), async (rows) => {
        const body = skiff(rows);
        expect(await write(address, '//home/skiff', formatOf(COLUMNS), body)).toMatchObject({ status: 200 });
        expect(await write(address, '//home/other', TEXT, jsonLines(rows))).toMatchObject({ status: 200 });
        await expectSame(address);
        expect(await client.get('//home/skiff/@data_weight')).toBe(
          await client.get('//home/other/@data_weight'),
        );
        expect(await client.get('//home/skiff/@uncompressed_data_size')).toBe(body.length);
      }),
    );
  }, 60_000);

  test('are read as the same rows written as YSON, where strings are any bytes', async () => {
    const { address } = await cluster();
    const yson = { $value: 'yson', $attributes: { format: 'binary' } };
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf(bytes), { maxLength: 5 }), async (rows) => {
        await write(address, '//home/skiff', formatOf(COLUMNS), skiff(rows));
        await write(address, '//home/other', yson, ysonRows(rows));
        await expectSame(address);
        if ((await read(address, '//home/skiff')).error !== undefined) refused++;
      }),
    );
    expect(refused).toBeGreaterThan(0);
  }, 60_000);

  test.each<[string, unknown]>([
    ['without a schema', undefined],
    [
      'that is sorted',
      TABLE.toSorted(({ name }) => (name === 'run' ? -1 : 0)).map((one) =>
        one.name === 'run' ? { ...one, sort_order: 'ascending' } : one,
      ),
    ],
    ['of narrower types', TABLE.map((one) => (one.name === 'number' ? { ...one, type: 'int32' } : one))],
  ])(
    'go into a table %s',
    async (_, schema) => {
      const { address } = await cluster(schema);
      const few = rowOf(text).map((row) => row.set('number', row.get('number') === null ? null : -7n));
      await fc.assert(
        fc.asyncProperty(fc.array(few, { maxLength: 5 }), async (some) => {
          const rows = some.toSorted((one, other) =>
            Buffer.compare(Buffer.from(one.get('run') as string), Buffer.from(other.get('run') as string)),
          );
          const yson = { $value: 'yson', $attributes: { format: 'binary' } };
          expect(
            (await write(address, '//home/skiff', formatOf(COLUMNS), skiff(rows))).error,
          ).toBeUndefined();
          expect((await write(address, '//home/other', yson, ysonRows(rows))).error).toBeUndefined();
          await expectSame(address);
        }),
        { numRuns: 30 },
      );
    },
    60_000,
  );

  test('are found by their numbers', async () => {
    const { address } = await cluster();
    const rows = Array.from(
      { length: 5_000 },
      (_, index) =>
        new Map<string, YsonValue>([
          ['run', 'x'.repeat((index * 7) % 100)],
          ['number', index % 3 === 0 ? null : BigInt(index)],
          ['at', new Uint64(BigInt(index))],
        ]),
    );
    await write(address, '//home/skiff', formatOf(COLUMNS), skiff(rows));
    await write(address, '//home/other', TEXT, jsonLines(rows));
    const limit = fc.oneof(
      fc.integer({ min: 0, max: 5_001 }),
      fc.constantFrom(0, 1_023, 1_024, 1_025, 4_096, 5_000),
    );
    await fc.assert(
      fc.asyncProperty(limit, limit, async (one, other) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const ranges = [{ lower_limit: { row_index: from }, upper_limit: { row_index: to } }];
        const got = await read(address, '//home/skiff', TEXT, { ranges });
        const expected = await read(address, '//home/other', TEXT, { ranges });
        expect(got.bytes.toString()).toBe(expected.bytes.toString());
        expect(got.bytes.toString().split('\n')).toHaveLength(
          Math.min(to, 5_000) - Math.min(from, 5_000) + 1,
        );
      }),
    );
  }, 60_000);

  test('have strings of any size, with each of their bytes escaped, too', async () => {
    const { address } = await cluster();
    const sizes = [
      ...Array.from({ length: 60 }, (_, index) => index * 300),
      16_380,
      16_384,
      16_385,
      70_000,
      300_000,
      5,
    ];
    const rows = ['\u0001', 'ё', '"', 'x'].flatMap((char) =>
      sizes.map((size) => new Map(ROW).set('text', char.repeat(size))),
    );
    await write(address, '//home/skiff', formatOf(COLUMNS), skiff(rows));
    await write(address, '//home/other', TEXT, jsonLines(rows));
    const [got, expected] = await Promise.all(
      ['//home/skiff', '//home/other'].map((path) => read(address, path)),
    );
    expect(got?.bytes.length).toBe(expected?.bytes.length);
    expect(expected?.bytes.equals(got?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test('stand beside rows written as JSON, after a new start, too', async () => {
    const directory = temporaryFolder();
    const first = await localCluster(directory);
    await first.client.create('table', '//home/t', { attributes: { schema: TABLE } });
    const row = (number: bigint, run: string) =>
      new Map<string, YsonValue>([
        ['run', run],
        ['number', number],
        ['at', new Uint64(number)],
      ]);
    await write(first.address, '//home/t', TEXT, jsonLines([row(1n, '$json')]));
    const columns = [column('at', 'uint64', false), column('run', 'string32', false)];
    const appended = skiff([row(2n, '$skiff'), row(3n, 'long'.repeat(9_000))], columns);
    await write(first.address, '//home/t', formatOf(columns), appended, { append: true });
    await write(first.address, '//home/t', TEXT, jsonLines([row(4n, 'json')]), { append: true });
    const expected = `{"run":"$json","number":1,"at":1}\n{"at":2,"run":"$skiff"}\n{"at":3,"run":"${'long'.repeat(9_000)}"}\n{"run":"json","number":4,"at":4}\n`;
    expect((await read(first.address, '//home/t')).bytes.toString()).toBe(expected);
    const ids = (await first.client.get('//home/t/@chunk_ids')) as string[];
    expect(await readFile(join(directory, 'chunks', `${ids[1]}.rows`))).toEqual(appended);
    await first.stop();
    const second = await localCluster(directory);
    expect((await read(second.address, '//home/t')).bytes.toString()).toBe(expected);
  });

  test('may be told of by names', async () => {
    const { address } = await cluster();
    const registry = {
      row: { wire_type: 'tuple', children: ['$run', { ...field(column('at', 'uint64', false)) }] },
      run: { name: 'run', wire_type: 'string32' },
    };
    const rows = [
      new Map<string, YsonValue>([
        ['run', 'a'],
        ['at', new Uint64(5n)],
      ]),
    ];
    const columns = [column('run', 'string32', false), column('at', 'uint64', false)];
    const answer = await write(address, '//home/skiff', skiffFormat('$row', registry), skiff(rows, columns));
    expect(answer.error).toBeUndefined();
    expect((await read(address, '//home/skiff')).bytes.toString()).toBe('{"run":"a","at":5}\n');
  });

  test('may hold YSON', async () => {
    const { address } = await cluster();
    const columns = [
      column('run', 'string32', false),
      column('at', 'uint64', false),
      column('any', 'yson32'),
    ];
    const rows = [
      new Map<string, YsonValue>([
        ['run', 'a'],
        ['at', new Uint64(5n)],
        ['any', [1n, new Uint64(2n), 'x']],
      ]),
    ];
    expect(
      (await write(address, '//home/skiff', formatOf(columns), skiff(rows, columns))).error,
    ).toBeUndefined();
    expect((await read(address, '//home/skiff')).bytes.toString()).toBe(
      '{"run":"a","at":5,"any":[1,2,"x"]}\n',
    );
  });
});

describe('rows in pieces', () => {
  test('come whole, however they were cut, and tell their weight', async () => {
    const schema = readSchema(TABLE.map((one) => new Map<string, YsonValue>(Object.entries(one))));
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowOf(bytes), { maxLength: 8 }),
        fc.array(fc.nat({ max: 2_000 })),
        async (rows, cuts) => {
          const body = skiff(rows);
          const ends = [...cuts.filter((cut) => cut < body.length), body.length].sort(
            (one, other) => one - other,
          );
          const pieces = ends.map((end, index) => body.subarray(ends[index - 1] ?? 0, end));
          const whole = await blocksOf([body], schema);
          const blocks = await blocksOf(pieces, schema);
          expect(Buffer.concat(blocks.map((block) => block.bytes))).toEqual(body);
          const found = blocks.flatMap((block) =>
            block.starts.map((start) => skiffRow(block.bytes, start, COLUMNS)),
          );
          expect(found).toEqual(rows);
          const weight = (some: readonly QuickBlock[]) => some.reduce((sum, block) => sum + block.weight, 0);
          expect(weight(blocks)).toBe(weight(whole));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of a byte each, and of the size that a long row is put together from', async () => {
    const schema = readSchema(TABLE.map((one) => new Map<string, YsonValue>(Object.entries(one))));
    const body = skiff([ROW, new Map(ROW).set('run', 'x'.repeat(300_000)), ROW]);
    for (const size of [1_000, 65_536]) {
      const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
        body.subarray(index * size, (index + 1) * size),
      );
      const blocks = await blocksOf(pieces, schema);
      expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(body)).toBe(true);
    }
    const scanner = new SkiffScanner(COLUMNS, schema);
    const scan = vi.spyOn(scanner, 'scan');
    await blocksOf(
      Array.from({ length: 300 }, (_, index) => body.subarray(index * 1_000, (index + 1) * 1_000)).concat(
        body.subarray(300_000),
      ),
      schema,
      scanner,
    );
    expect(scan.mock.calls.length).toBeLessThan(20);
    const few = skiff([ROW, ROW]);
    const blocks = await blocksOf(
      [...few].map((byte) => Buffer.from([byte])),
      schema,
    );
    expect(Buffer.concat(blocks.map((block) => block.bytes))).toEqual(few);
  });
});

async function blocksOf(
  pieces: readonly Buffer[],
  schema: ReturnType<typeof readSchema>,
  scanner = new SkiffScanner(COLUMNS, schema),
): Promise<QuickBlock[]> {
  async function* input() {
    yield* pieces;
  }
  const blocks: QuickBlock[] = [];
  for await (const block of skiffBlocks(input(), scanner)) blocks.push(block);
  return blocks;
}

describe('refused, and nothing written, is', () => {
  const good = skiff([ROW]);
  const patched = (index: number, ...values: number[]) => {
    const copy = Buffer.from(good);
    copy.set(values, index);
    return copy;
  };
  const only = (...columns: SkiffColumn[]) => formatOf(columns);
  const two = [column('run', 'string32', false), column('at', 'uint64', false)];
  const flagAt = good.length - 'x'.length - 4 - 1 - 1 - 1 - 1 - 1;

  test.each<[string, unknown, Buffer, number, string]>([
    ['another table', formatOf(COLUMNS), patched(0, 1), 1, 'table index 1;'],
    ['another variant', formatOf(COLUMNS), patched(2 + 4 + 5, 2), 1, '"number": a variant8 has the tag 2'],
    ['a boolean 2', formatOf(COLUMNS), patched(flagAt + 1, 2), 1, '"flag": a boolean is neither 0 nor 1'],
    ['a row cut off', formatOf(COLUMNS), good.subarray(0, -1), 1, 'in the middle of a row'],
    [
      'a tag cut off',
      formatOf(COLUMNS),
      Buffer.concat([good, Buffer.from([0])]),
      1,
      'in the middle of a row',
    ],
    ['a length beyond the end', formatOf(COLUMNS), patched(2, 0xff, 0xff), 1, 'in the middle of a row'],
    [
      'a null in a required column',
      only(column('run', 'string32'), column('at', 'uint64')),
      Buffer.from([0, 0, 0, 0]),
      307,
      'Required column "run" cannot have "null" value',
    ],
    [
      'a required column that is not there',
      only(column('run', 'string32')),
      Buffer.from([0, 0, 1, 0, 0, 0, 0]),
      307,
      'Required column "at" cannot have "null" value',
    ],
    [
      'an unknown column',
      only(...two, column('other', 'int64')),
      Buffer.concat([skiff([ROW], two), Buffer.from([0])]),
      307,
      'Unexpected column "other" in input row',
    ],
    [
      'another type',
      only(...two, column('text', 'int64')),
      Buffer.concat([skiff([ROW], two), Buffer.from([1]), Buffer.alloc(8)]),
      307,
      'column "text": expected "utf8", got "int64"',
    ],
    [
      'bytes as text',
      only(...two, column('text', 'string32')),
      Buffer.concat([skiff([ROW], two), Buffer.from([1, 2, 0, 0, 0, 0x41, 0xff])]),
      307,
      'column "text": expected "utf8", got "any"',
    ],
    [
      'a sparse column',
      skiffFormat({
        wire_type: 'tuple',
        children: [{ name: '$sparse_columns', wire_type: 'repeated_variant16' }],
      }),
      good,
      1,
      'Column "$sparse_columns" in a skiff schema is not supported here',
    ],
    [
      'a narrow integer',
      skiffFormat({ wire_type: 'tuple', children: [{ name: 'number', wire_type: 'int32' }] }),
      good,
      1,
      'Type "int32" of column "number" in a skiff schema is not supported here',
    ],
    [
      'another row',
      skiffFormat({ wire_type: 'variant16', children: [] }),
      good,
      1,
      'A row of type "variant16" in a skiff schema is not supported here',
    ],
    [
      'an optional that has nothing last',
      skiffFormat({
        wire_type: 'tuple',
        children: [
          {
            name: 'number',
            wire_type: 'variant8',
            children: [{ wire_type: 'int64' }, { wire_type: 'nothing' }],
          },
        ],
      }),
      good,
      1,
      'is not supported here',
    ],
    ['a name that nothing has', skiffFormat('$row'), good, 1, '"$row" is not in "skiff_schema_registry"'],
    [
      'a column twice',
      formatOf([...COLUMNS, column('run', 'string32')]),
      good,
      1,
      'column "run" stands there twice',
    ],
    [
      'a column without a name',
      skiffFormat({ wire_type: 'tuple', children: [{ wire_type: 'int64' }] }),
      good,
      1,
      'a column has no fit name',
    ],
    ['a format without a schema', 'skiff', good, 1, '"table_skiff_schemas" must be a list with one schema'],
  ])('%s', async (_, format, body, code, message) => {
    const { client, address } = await cluster();
    await write(address, '//home/skiff', formatOf(COLUMNS), good);
    const before = await read(address, '//home/skiff');
    const { error } = await write(address, '//home/skiff', format, Buffer.concat([body]), { append: true });
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(message);
    expect((await read(address, '//home/skiff')).bytes).toEqual(before.bytes);
    expect(await client.get('//home/skiff/@row_count')).toBe(1);
  });

  test.each<[string, object, bigint[], number]>([
    ['a row out of order', { type: 'int64', sort_order: 'ascending' }, [2n, 1n], 301],
    ['an integer that is too large', { type: 'int32' }, [1n, 2n ** 31n], 307],
    ['a negative time', { type: 'timestamp' }, [-1n], 307],
  ])('%s', async (_, type, numbers, code) => {
    const { client, address } = await cluster([{ name: 'number', ...type }]);
    const columns = [column('number', 'int64')];
    const rows = numbers.map((number) => new Map([['number', number]]));
    expect((await write(address, '//home/skiff', formatOf(columns), skiff(rows, columns))).error?.code).toBe(
      code,
    );
    expect(await client.get('//home/skiff/@row_count')).toBe(0);
  });

  test('skiff where no rows come in', async () => {
    const { address } = await cluster();
    const message = 'Format "skiff" is not supported here; use json or yson';
    expect((await read(address, '//home/skiff', formatOf(COLUMNS))).error?.message).toBe(message);
    const set = await call(
      address,
      'PUT',
      'set',
      { path: '//home/x', input_format: formatOf(COLUMNS) },
      good,
    );
    expect(set.error?.message).toBe(message);
  });
});
