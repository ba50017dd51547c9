import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { testRun } from '../setup/run.js';
import { drain, file, readerOf, rowsOf } from './drain.js';

test('gzip of several members is read as one file, and counted', async () => {
  const bytes = Buffer.concat([gzipSync('{"id":"a"}\n{"i'), gzipSync('d":"b"}\n')]);
  const { total, records } = await drain(readerOf(file(bytes, 'rows.ndjson.gz')));
  expect(rowsOf({ records })).toEqual([{ id: 'a' }, { id: 'b' }]);
  expect(total).toBe(2);
});

const WHOLE = gzipSync(
  Array.from({ length: 30_000 }, (_, index) => `{"id":"${Math.sin(index)}"}\n`).join(''),
);
const flipped = (at: number) => Buffer.from(WHOLE.map((byte, index) => (index === at ? byte ^ 255 : byte)));

test.each([
  ['cut off', WHOLE.subarray(0, -9), /unexpected end of file, at byte \d+ of \d+/],
  ['cut off in its header', WHOLE.subarray(0, 5), /unexpected end of file, at byte 5 of 5/],
  ['no gzip', Buffer.from('{"id":"a"}\n'), /incorrect header check, at byte \d+ of 11/],
  ['empty', Buffer.alloc(0), /it is empty, at byte 0 of 0/],
  ['damaged in the middle', flipped(WHOLE.length >> 1), /at byte \d+ of \d+/],
  ['damaged in its checksum', flipped(WHOLE.length - 6), /incorrect data check/],
])(
  'a gzip file that is %s is told, with its name and the offset, before the first row',
  async (_, bytes, message) => {
    const path = file(bytes, 'rows.ndjson.gz');
    const reader = readerOf(path);
    const opening = reader.open(testRun());
    await expect(opening).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(message) });
    await expect(opening).rejects.toMatchObject({ message: expect.stringContaining(path) });
    await reader.close();
  },
);
