import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOG_COLUMNS } from '../../src/loggers/columns.js';
import { copyChunks } from '../../src/loggers/copy-rows.js';
import type { SendResult } from '../../src/pipeline/record.js';
import { CopyBuffer } from '../../src/postgres/copy-buffer.js';
import { type CopyValue, copyRow } from '../../src/postgres/copy-text.js';
import { testDatabase } from '../setup/database.js';
import { testRun } from '../setup/run.js';

const database = testDatabase();
let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('create table texts (number int, a text, b text)');
});
afterAll(() => client.end());

/** What the format, Postgres or Unicode treats as more than a character. */
const PIECES = [
  '\\',
  '\\.',
  '\\N',
  'null',
  '\t',
  '\n',
  '\r',
  '\r\n',
  '\b\f\v',
  '\u0000',
  '\u0001',
  '\u007f',
  '\u0080',
  'ü',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '😀',
  '\ud800',
  '\udc00',
  '\udc00\ud800',
  'x',
  '"',
  ',',
  ' ',
];
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...PIECES)).map((pieces) => pieces.join('')),
  fc.array(fc.integer({ min: 0, max: 0xff_ff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(...PIECES, ''),
);
const anyField = fc.option(anyText, { nil: null });

/** What Postgres can hold of a text: the way through UTF-8 replaces halves of surrogate pairs. */
const storable = (text: string | null) =>
  text === null ? null : Buffer.from(text.replaceAll('\u0000', '\ufffd')).toString();

/** The rows as Postgres has them after a COPY of these bytes. */
async function copied(data: Iterable<Buffer | string>): Promise<unknown[]> {
  await client.query('truncate texts');
  await pipeline(Readable.from(data), client.query(from('copy texts from stdin')));
  return (await client.query({ text: 'select a, b from texts order by number', rowMode: 'array' })).rows;
}

function inBuffer(rows: readonly (readonly CopyValue[])[]): Buffer {
  const out = new CopyBuffer();
  for (const row of rows) {
    for (const value of row) out.addField(value);
    out.endRow();
  }
  return out.take();
}

test('any text comes back from a COPY as it was, but for NUL and half surrogate pairs, and null is no text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyField, anyField), { minLength: 1, maxLength: 50 }),
      async (rows) => {
        const numbered = rows.map((row, number) => [number, ...row]);
        const expected = rows.map((row) => row.map(storable));
        expect(await copied([inBuffer(numbered)])).toEqual(expected);
        expect(await copied(numbered.map(copyRow))).toEqual(expected);
      },
    ),
    { numRuns: 100 },
  );
});

test.each([
  ['NUL', 'a\u0000b', 'a\ufffdb'],
  ['half a surrogate pair', '\udc00\ud83d\ude00\ud83d', '\ufffd😀\ufffd'],
])('%s is U+FFFD in the database', async (_, text, stored) => {
  expect(await copied([inBuffer([[0, text, '']])])).toEqual([[stored, '']]);
});

test('rows written into a buffer are the bytes of the rows as text, however long they are', () => {
  const value = fc.oneof(
    anyField,
    fc.integer(),
    fc.boolean(),
    fc.nat(200_000).map((length) => 'ü'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(fc.array(value, { minLength: 1 })), (rows) => {
      expect(inBuffer(rows).equals(Buffer.from(rows.map(copyRow).join('')))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test("a batch's chunks are the log's columns row by row, whatever the results hold and however many they are", () => {
  const shared = testRun();
  const time = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  const result: fc.Arbitrary<SendResult> = fc.record({
    outcome: fc.constantFrom('sent', 'rejected', 'failed', 'skipped', 'unknown'),
    messageId: anyText,
    position: fc.maxSafeNat(),
    recipient: anyField,
    channel: anyField,
    attempts: fc.nat(),
    httpStatus: fc.option(fc.nat(), { nil: null }),
    providerId: anyField,
    errorCode: anyField,
    errorText: anyField,
    suppress: fc.boolean(),
    startedAtMs: time,
    finishedAtMs: time,
  });
  fc.assert(
    fc.property(fc.array(result), fc.integer({ min: 1, max: 300 }), anyText, (results, times, id) => {
      const run = { ...shared, id };
      const batch = Array.from({ length: times }, () => results).flat();
      const rows = batch.map((each) => copyRow(LOG_COLUMNS.map(({ of }) => of(each, run))));
      const chunks = [...copyChunks(batch, run)];
      expect(Buffer.concat(chunks).equals(Buffer.from(rows.join('')))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
