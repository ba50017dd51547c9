import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming } from '../../src/pipeline/record.js';
import { testRun } from '../setup/run.js';
import { drain, file, readerOf } from './drain.js';

const readAll = (path: string) => drain(readerOf(path));

test('rows come in order, counted beforehand, their positions without blank lines', async () => {
  const { total, records } = await readAll(file('\ufeff{"id":"a"}\r\n\n  \n{"id":"б"}\n{"id":"c"}'));
  expect(records).toEqual([
    { position: 0, row: { id: 'a' } },
    { position: 1, row: { id: 'б' } },
    { position: 2, row: { id: 'c' } },
  ]);
  expect(total).toBe(3);
});

test('rows that lie across the pieces of a large file come whole', async () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => `ы${index}${'x'.repeat(index % 97)}`);
  const { total, records } = await readAll(file(ids.map((id) => `${JSON.stringify({ id })}\n`).join('')));
  expect(records.map((record) => 'row' in record && record.row.id)).toEqual(ids);
  expect(total).toBe(ids.length);
});

test('integers are never rounded: text in a column of strings, else bigint', async () => {
  const { records } = await readAll(
    file('{"id":9007199254740993,"count":9007199254740993}\n{"id":7,"count":7}\n{"id":1.5}\n'),
  );
  expect(records).toEqual([
    { position: 0, row: { id: '9007199254740993', count: 9007199254740993n } },
    { position: 1, row: { id: '7', count: 7 } },
    { position: 2, row: { id: 1.5 } },
  ]);
});

test('a line that cannot be read is a malformed record with its outline, and takes its position', async () => {
  const bad = Buffer.concat([
    Buffer.from('{"id":"a"}\n{oops\n[{"id":"b"}]\n'),
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from('{"id":"c"}\n'),
  ]);
  const { records } = await readAll(file(bad));
  expect(records.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4]);
  expect(records[1]).toMatchObject({
    malformed: expect.stringContaining('wrong at character 1; got 5 characters'),
  });
  expect(records[2]).toMatchObject({ malformed: expect.stringContaining('expected a JSON object') });
  expect(records[3]).toMatchObject({ malformed: expect.stringContaining('UTF-8') });
  expect(records[4]).toMatchObject({ row: { id: 'c' } });
});

test('a line beyond the most is one malformed record; the next one is read', async () => {
  const long = Buffer.alloc(17_000_000, 'x');
  const { records } = await readAll(file(Buffer.concat([Buffer.from('{}\n'), long, Buffer.from('\n{}\n')])));
  expect(records.map((record) => 'malformed' in record)).toEqual([false, true, false]);
  expect(records[1]).toMatchObject({ malformed: expect.stringContaining('longer than') });
});

test('an empty file has no rows', async () => {
  expect(await readAll(file(''))).toEqual({ total: 0, records: [] });
});

test('the end of a run ends reading, though the queue is full', async () => {
  const reader = readerOf(file('{"id":"a"}\n'.repeat(50_000)));
  await reader.open(testRun());
  const end = new AbortController();
  const queue = new Queue<Incoming>(10);
  const reading = reader.read(queue, end.signal);
  await queue.receive();
  end.abort();
  await reading;
  await reader.close();
  expect(queue.admitted).toBeLessThanOrEqual(11);
});

test.each([['rows.tsv'], ['rows.gz'], ['rows']])('%s is refused: such files are not read', (name) => {
  expect(() => readerOf(name)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining('.ndjson, .jsonl or .csv') }),
  );
});

test('a file that is missing or no file is told when the run opens', async () => {
  const folder = join(file(''), '..');
  await expect(readerOf(join(folder, 'none.ndjson')).open(testRun())).rejects.toMatchObject({
    code: 'configuration',
  });
  mkdirSync(join(folder, 'folder.ndjson'));
  const reader = readerOf(join(folder, 'folder.ndjson'));
  await expect(reader.open(testRun())).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('is a folder'),
  });
  await reader.close();
});
