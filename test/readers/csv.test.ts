import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonSchema } from '../../src/component.js';
import { drain, file, readerOf, rowsOf } from './drain.js';

const TYPED = {
  type: 'object',
  required: ['id', 'must'],
  properties: {
    id: { type: 'string' },
    must: { type: 'string' },
    count: { type: 'integer' },
    share: { type: ['number', 'null'] },
    on: { type: 'boolean' },
    note: { type: 'string' },
    both: { type: ['integer', 'string'] },
  },
};

const readAll = (path: string, row?: JsonSchema) => drain(readerOf(path, row));

test('columns get the types of the row schema; what is empty is absent, but where the row requires it', async () => {
  const text = [
    'id,must,count,share,on,note,both,other',
    '007,x,7,1.50,true,5,5,5',
    '9007199254740993,,9007199254740993,-2e3,FALSE,,,',
    '"a","x",+1,.5,yes,"",,',
  ].join('\n');
  expect(rowsOf(await readAll(file(text, 'rows.csv'), TYPED))).toEqual([
    { id: '007', must: 'x', count: 7, share: 1.5, on: true, note: '5', both: '5', other: '5' },
    { id: '9007199254740993', must: '', count: 9007199254740993n, share: -2000, on: false },
    { id: 'a', must: 'x', count: '+1', share: '.5', on: 'yes' },
  ]);
});

test('RFC 4180: byte order mark, CRLF, quotes across lines, doubled quotes, empty lines between records', async () => {
  const text = '\ufeffid,text\r\na,"one\r\ntwo, ""three"""\r\n\r\n"b","\n"\r\nc,plain';
  const { total, records } = await readAll(file(text, 'rows.CSV'));
  expect(records).toEqual([
    { position: 0, row: { id: 'a', text: 'one\r\ntwo, "three"' } },
    { position: 1, row: { id: 'b', text: '\n' } },
    { position: 2, row: { id: 'c', text: 'plain' } },
  ]);
  expect(total).toBe(3);
});

test('records that cannot be read are malformed with their line, and the next ones are read', async () => {
  const text = Buffer.concat([
    Buffer.from('id,text\na,"x\ny"\nb\nc,1,2\nd,"x"y\ne,x"y\nf,"'),
    Buffer.from([0xff]),
    Buffer.from('\n"\ng,ok\n'),
  ]);
  const { total, records } = await readAll(file(text, 'rows.csv'));
  expect(records.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(rowsOf({ records })).toEqual([
    { id: 'a', text: 'x\ny' },
    expect.stringContaining('line 4 has 1 fields, the header has 2; got 1 characters'),
    expect.stringContaining('line 5 has 3 fields'),
    expect.stringContaining('line 6: text stands behind a closing quote in line 6'),
    expect.stringContaining('line 7: a quote stands in a field that is not quoted'),
    expect.stringContaining('line 8: the line is no UTF-8'),
    { id: 'g', text: 'ok' },
  ]);
  expect(total).toBe(7);
});

test('where a column is sensitive nothing of a record that cannot be read is shown', async () => {
  const row = { properties: { id: { type: 'string' }, phone: { type: 'string', 'x-sensitive': true } } };
  const csv = await readAll(file('id,phone\na,+7999\nb,+7999,c\nd,"+7999"x\n', 'rows.csv'), row);
  const lines = await readAll(file('{"id":"a","phone":"+7999"\n["+7999"]\n+7999\n'), row);
  expect(csv.records[0]).toMatchObject({ row: { phone: '+7999' } });
  const malformed = [...csv.records.slice(1), ...lines.records];
  expect(malformed).toHaveLength(5);
  for (const record of malformed) {
    expect(record).toMatchObject({
      malformed: expect.stringMatching(/not shown.*sha256:[0-9a-f]{32}|; got a list of 1$/),
    });
    expect(JSON.stringify(record)).not.toContain('7999');
  }
});

test('whatever is written as CSV is read back, through gzip too', async () => {
  const field = fc.oneof(
    fc.constantFrom('"', '""', ',', '\n', '\r\n', '\r', ' ', 'x\ny', '","', 'ü€😀', '\ufeff'),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
  );
  const tables = fc.integer({ min: 1, max: 4 }).chain((width) =>
    fc.record({
      rows: fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 12 }),
      quotesAll: fc.boolean(),
      end: fc.constantFrom('\n', '\r\n'),
      isGzip: fc.boolean(),
      endsLast: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(tables, async ({ rows, quotesAll, end, isGzip, endsLast }) => {
      const names = ['id', 'b', 'c', 'd'].slice(0, rows[0]?.length ?? 1);
      const isQuoted = (text: string) =>
        quotesAll || /[",\r\n]/.test(text) || (names.length === 1 && text === '');
      const quote = (text: string) => (isQuoted(text) ? `"${text.replaceAll('"', '""')}"` : text);
      const text = [names, ...rows].map((row) => row.map(quote).join(',')).join(end) + (endsLast ? end : '');
      const path = isGzip ? file(gzipSync(text), 'rows.csv.gz') : file(text, 'rows.csv');
      const { total, records } = await readAll(path, { required: names });
      expect(rowsOf({ records })).toEqual(
        rows.map((fields) => Object.fromEntries(names.map((name, at) => [name, fields[at]]))),
      );
      expect(total).toBe(rows.length);
    }),
    { numRuns: 150 },
  );
});

test('any bytes give records, or an error of ours', async () => {
  const byte = fc.constantFrom(...Buffer.from('id,"\r\nx\u0000ы'), 0xff);
  await fc.assert(
    fc.asyncProperty(fc.array(byte, { maxLength: 60 }), async (bytes) => {
      const path = file(Buffer.concat([Buffer.from('id,b\n'), Buffer.from(bytes)]), 'rows.csv');
      const read = await readAll(path).catch((thrown: unknown) => thrown);
      if (read instanceof Error) expect(read).toMatchObject({ name: 'RtnError', code: 'data' });
      else expect(read).toMatchObject({ total: (read as { records: unknown[] }).records.length });
    }),
    { numRuns: 300 },
  );
});

test('records that lie across the pieces of a large file come whole', async () => {
  const texts = Array.from({ length: 20_000 }, (_, index) => `ы${index}"${'x\n'.repeat(index % 23)}`);
  const text = texts.map((each, index) => `${index},"${each.replaceAll('"', '""')}"\n`).join('');
  const { total, records } = await readAll(file(`id,text\n${text}`, 'rows.csv'));
  expect(records.map((record) => 'row' in record && record.row.text)).toEqual(texts);
  expect(total).toBe(20_000);
});

test.each([
  ['', 'rows.csv is empty'],
  ['other,count\n1,2\n', 'lacks the column id that the operation requires; it has other, count'],
  ['id;text\n1;2\n', 'seem to be separated by ";"'],
  ['id,id\n1,2\n', 'names the column id twice'],
  ['id,\n1,2\n', 'gives column 2 no name'],
  ['i"d,x\n1,2\n', 'header that cannot be read'],
  ['id,"x\n1,2\n', 'cannot be read from line 1 on: a quote is opened there and never closed'],
])('%j is told before the first row', async (text, message) => {
  await expect(readAll(file(text, 'rows.csv'))).rejects.toMatchObject({
    code: expect.stringMatching(/configuration|data/),
    message: expect.stringContaining(message),
  });
});

test('a quote that is never closed is told with its line before the first row', async () => {
  const text = `id,text\n${'a,b\n'.repeat(50_000)}c,"d\n${'a,b\n'.repeat(50_000)}`;
  await expect(readAll(file(text, 'rows.csv'))).rejects.toMatchObject({
    code: 'data',
    message: expect.stringContaining('from line 50002 on'),
  });
});

test('a quoted field beyond the most is told with its line, and memory stays bounded', async () => {
  const text = `id,text\na,"${'x\n'.repeat(9_000_000)}"\n`;
  await expect(readAll(file(text, 'rows.csv'))).rejects.toMatchObject({
    code: 'data',
    message: expect.stringContaining('not closed within 16777216 characters'),
  });
});

test('a header alone has no rows', async () => {
  expect(await readAll(file('id,text\n', 'rows.csv'))).toEqual({ total: 0, records: [] });
});
