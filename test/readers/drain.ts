import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JsonSchema } from '../../src/component.js';
import type { Reader, ReadRange } from '../../src/pipeline/contract.js';
import { parseLocation } from '../../src/pipeline/location.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Incoming } from '../../src/pipeline/record.js';
import { table } from '../../src/readers/table.js';
import { testRun } from '../setup/run.js';

export const ROW = { type: 'object', properties: { id: { type: 'string' }, count: { type: 'integer' } } };

/** A file with this content in a folder that goes with the test; gives its path. */
export function file(content: string | Buffer, name = 'rows.ndjson'): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtn-test-read-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** The reader of a location, a path being that of a file; its key is `id`. */
export function readerOf(path: string, row: JsonSchema = ROW): Reader {
  const location = parseLocation(/^[a-z]+:/.test(path) ? path : `file:${path}`);
  return table({ name: 'rows', key: 'id', row, location });
}

/** Opens a reader, reads it to its end and closes it with the test. */
export async function drain(
  reader: Reader,
  run = testRun(),
  range?: ReadRange,
): Promise<{ total: number | undefined; records: Incoming[] }> {
  onTestFinished(() => reader.close());
  await reader.open(run);
  const queue = new Queue<Incoming>(100);
  const reading = reader.read(queue, new AbortController().signal, range).finally(() => queue.close());
  const records: Incoming[] = [];
  for (let batch = await queue.receiveMany(7); batch.length > 0; batch = await queue.receiveMany(7))
    records.push(...batch);
  await reading;
  return { total: reader.total, records };
}

/** Rows, and the reasons of those that are malformed. */
export function rowsOf({ records }: { readonly records: readonly Incoming[] }): unknown[] {
  return records.map((record) => ('row' in record ? record.row : record.malformed));
}
