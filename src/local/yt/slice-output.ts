import { writeYtJson } from '../../yson/json.js';
import type { YsonMap } from '../../yson/value.js';
import { writeYsonBinary } from '../../yson/write-binary.js';
import { writeYsonText } from '../../yson/write-text.js';
import { type Slice, sliceBlocks, sliceBytes } from './chunk-reader.js';
import type { Format } from './format.js';
import { loadRow } from './row.js';
import type { Schema } from './schema.js';
import { skiffLines } from './skiff-lines.js';
import { skiffRow } from './skiff-row.js';
import { WholeLines } from './whole-lines.js';

/** Rows turned into another format at a time. */
const BATCH_ROWS = 1_000;

/** A slice's rows in a format of the wire, with all their columns or some. */
export function sliceOutput(
  directory: string,
  slice: Slice,
  schema: Schema,
  columns: ReadonlySet<string> | undefined,
  format: Format,
): AsyncGenerator<Buffer> {
  const isText = format.name === 'json' && !format.encodeUtf8;
  const { skiff, isPlain } = slice.chunk;
  if (skiff !== undefined && isText) return skiffLines(sliceBlocks(directory, slice), skiff, columns);
  if (isText && isPlain && columns === undefined) return sliceBytes(directory, slice);
  const rows = skiff === undefined ? lineRows(directory, slice, schema) : skiffRows(directory, slice);
  return encoded(rows, columns, format);
}

async function* lineRows(directory: string, slice: Slice, schema: Schema): AsyncGenerator<YsonMap> {
  const pieces = new WholeLines();
  for await (const piece of sliceBytes(directory, slice)) {
    const lines = pieces.take(piece);
    if (lines.length === 0) continue;
    for (const line of lines.toString('utf8', 0, lines.length - 1).split('\n')) yield loadRow(line, schema);
  }
}

/** A null is none of the items: in a named column, which all of these are, no format shows it. */
async function* skiffRows(directory: string, slice: Slice): AsyncGenerator<YsonMap> {
  const { skiff = [] } = slice.chunk;
  for await (const { bytes, starts } of sliceBlocks(directory, slice))
    for (const start of starts) {
      const row = skiffRow(bytes, start, skiff);
      for (const [name, value] of row) if (value === null) row.delete(name);
      yield row;
    }
}

async function* encoded(
  rows: AsyncIterable<YsonMap>,
  columns: ReadonlySet<string> | undefined,
  format: Format,
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  for await (const row of rows) {
    for (const name of row.keys()) if (columns?.has(name) === false) row.delete(name);
    if (format.skipNullValues) for (const [name, value] of row) if (value === null) row.delete(name);
    pieces.push(rowBytes(row, format));
    if (pieces.length < BATCH_ROWS) continue;
    yield Buffer.concat(pieces);
    pieces = [];
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

function rowBytes(row: YsonMap, format: Format): Buffer {
  if (format.name === 'json') return Buffer.from(`${writeYtJson(row, format)}\n`);
  if (format.kind === 'binary') return Buffer.concat([writeYsonBinary(row), Buffer.from(';')]);
  return Buffer.from(`${writeYsonText(row)};\n`);
}
