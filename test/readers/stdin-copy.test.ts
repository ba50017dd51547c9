import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parseLocation } from '../../src/pipeline/location.js';
import { FileReader } from '../../src/readers/file.js';
import { testRun } from '../setup/run.js';
import { drain, ROW, rowsOf } from './drain.js';

function reader(stdin: Readable): FileReader {
  const location = parseLocation('file:-');
  return new FileReader({ name: 'rows', key: 'id', row: ROW, location }, location, stdin);
}

const holding = (text: string) => Readable.from([Buffer.from(text)]);

test.each([
  ['JSON lines', '{"id":"a"}\n{"id":"b"}\n'],
  ['CSV', '\ufeffid\na\nb\n'],
  ['JSON lines in gzip', gzipSync(' \n{"id":"a"}\n{"id":"b"}\n')],
  ['CSV in gzip', gzipSync('id\na\nb\n')],
])('stdin is read as what it holds: %s', async (_, content) => {
  const pieces = Array.from(Buffer.from(content), (byte) => Buffer.from([byte]));
  const { total, records } = await drain(reader(Readable.from(pieces)));
  expect(rowsOf({ records })).toEqual([{ id: 'a' }, { id: 'b' }]);
  expect(total).toBe(2);
});

test('it is copied into a file of the run with its digest: a second start reads the copy, and a changed one is refused', async () => {
  const run = testRun({ id: 'night@1' });
  await drain(reader(holding('{"id":"a"}\n')), run);
  expect(readdirSync(run.stateDir).sort()).toEqual(['night%401.stdin', 'night%401.stdin.sha256']);
  expect(readFileSync(join(run.stateDir, 'night%401.stdin.sha256'), 'utf8')).toMatch(
    /^sha256:[0-9a-f]{64}\n$/,
  );

  const { records } = await drain(reader(holding('{"id":"other"}\n')), run);
  expect(rowsOf({ records })).toEqual([{ id: 'a' }]);
  expect(run.warnings.join()).toContain('stdin is not read');

  writeFileSync(join(run.stateDir, 'night%401.stdin'), '{"id":"c"}\n');
  await expect(drain(reader(holding('')), run)).rejects.toMatchObject({ code: 'data' });
});

test('copies older than a week go with the next start that reads stdin', async () => {
  const run = testRun();
  const old = join(run.stateDir, 'old.stdin');
  writeFileSync(old, '');
  utimesSync(old, 0, 0);
  await drain(reader(holding('')), run);
  expect(readdirSync(run.stateDir)).not.toContain('old.stdin');
});

test('stdin that breaks off leaves no copy, and nothing is read', async () => {
  const run = testRun();
  const stdin = Readable.from(
    (async function* () {
      yield Buffer.from('{"id":"a"}\n');
      throw new Error('the other end is gone');
    })(),
  );
  await expect(drain(reader(stdin), run)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('the other end is gone'),
  });
  expect(readdirSync(run.stateDir)).toEqual([]);
});

test('a terminal is no input', async () => {
  const stdin = Object.assign(holding(''), { isTTY: true });
  await expect(drain(reader(stdin))).rejects.toMatchObject({ code: 'usage' });
});
