import { parseYtJson } from '../../yson/json.js';
import { YsonListReader } from '../../yson/parse.js';
import { Attributed, bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { schemaOf } from './attributes.js';
import type { Call, Streamed } from './call.js';
import { slicesOf } from './chunk-reader.js';
import { ChunkWriter } from './chunk-writer.js';
import { fault, YT_CODE } from './fault.js';
import { takeLock } from './implicit-lock.js';
import { jsonRows } from './json-rows.js';
import type { Change, NodeRecord } from './node.js';
import { type Path, parsePath } from './path.js';
import type { QuickBlock } from './quick-block.js';
import { quickRow } from './quick-row.js';
import { resolve } from './resolve.js';
import { RowJudge, type StoredRow } from './row.js';
import { rowLines } from './row-lines.js';
import { isOn, readSchema, type Schema } from './schema.js';
import { skiffBlocks } from './skiff-blocks.js';
import { skiffRow } from './skiff-row.js';
import { SkiffScanner } from './skiff-scanner.js';
import { isStoredAsSkiff, type SkiffColumn } from './skiff-schema.js';
import { sliceOutput } from './slice-output.js';

/** write_table: the rows go into a chunk file aside; only a whole body makes it part of the table. */
export async function writeTable(call: Call): Promise<undefined> {
  const { cluster, view } = call;
  const path = parsePath(call.parameters.get('path'));
  const node = tableAt(call, path);
  const isAppend = isOn(bare(path.rich.get('append') ?? null), false);
  takeLock(call, node, isAppend ? 'shared' : 'exclusive', undefined, path.text);
  const given = path.rich.get('schema');
  const schema = given === undefined || isAppend ? schemaOf(view, node) : readSchema(given);
  const lastKey = isAppend ? view.chunks(node).at(-1)?.lastKey : undefined;
  const judge = new RowJudge(schema, { integralToDouble: call.inputFormat.integralToDouble }, lastKey);
  const { skiff } = call.inputFormat;
  const kept = skiff !== undefined && isStoredAsSkiff(skiff, schema) ? skiff : undefined;
  const writer = new ChunkWriter(cluster.directory, kept);
  try {
    for await (const rows of storedRows(call, schema, judge, kept)) {
      if ('bytes' in rows) await writer.writeBlock(rows);
      else await writer.write(rows);
    }
    const chunk = await writer.finish(judge.lastKey);
    if (view.transaction?.isLive === false)
      throw fault(YT_CODE.noSuchTransaction, `No such transaction ${view.transaction.id}`);
    const changes: Change[] = [
      { op: 'chunks', id: node.id, isReplaced: !isAppend, list: chunk === undefined ? [] : [chunk] },
    ];
    if (given !== undefined && !isAppend)
      changes.push({ op: 'attribute', id: node.id, key: 'schema', value: schema.value });
    view.apply(changes);
  } catch (thrown) {
    await writer.discard();
    throw thrown;
  }
}

/** The body's rows as they go into the chunk file: in skiff all of them as they come, with the columns `kept`, or none. */
async function* storedRows(
  { input, inputFormat }: Call,
  schema: Schema,
  judge: RowJudge,
  kept: readonly SkiffColumn[] | undefined,
): AsyncGenerator<StoredRow[] | QuickBlock> {
  const { skiff } = inputFormat;
  if (kept !== undefined) {
    yield* skiffBlocks(input, new SkiffScanner(kept, schema));
    return;
  }
  if (skiff !== undefined) {
    for await (const { bytes, starts } of skiffBlocks(input, new SkiffScanner(skiff)))
      yield starts.map((start) => judge.store(skiffRow(bytes, start, skiff)));
    return;
  }
  if (inputFormat.name === 'yson') {
    const reader = new YsonListReader();
    for await (const piece of input) yield reader.push(piece).map((row) => judge.store(row));
    yield reader.end().map((row) => judge.store(row));
    return;
  }
  const exact = (line: string) => judge.store(parseYtJson(line, inputFormat));
  if (inputFormat.encodeUtf8) {
    for await (const lines of rowLines(input)) yield lines.map(exact);
    return;
  }
  for await (const rows of jsonRows(input, schema))
    yield 'bytes' in rows ? rows : rows.map((line) => quickRow(line, schema) ?? exact(line));
}

/** read_table: rows of the wanted ranges, in their order. */
export function readTable(call: Call): Streamed {
  const path = parsePath(call.parameters.get('path'));
  const node = tableAt(call, path);
  const chunks = call.view.chunks(node);
  const total = chunks.reduce((sum, { rows }) => sum + rows, 0);
  const ranges = rowRanges(path, total);
  const first = ranges.find(({ from, to }) => from < to);
  const count = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  const head: YsonMap = new Map<string, YsonValue>([
    ['approximate_row_count', BigInt(count)],
    ['omitted_inaccessible_columns', []],
    ...(first === undefined ? [] : [['start_row_index', BigInt(first.from)] as const]),
  ]);
  return { head, body: bodyOf(call, node, ranges) };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

async function* bodyOf(call: Call, node: NodeRecord, ranges: readonly Range[]): AsyncGenerator<Buffer> {
  const { cluster, view, outputFormat } = call;
  const path = parsePath(call.parameters.get('path'));
  const columns = columnsOf(path);
  const schema = schemaOf(view, node);
  for (const { from, to } of ranges)
    for (const slice of slicesOf(view.chunks(node), from, to))
      yield* sliceOutput(cluster.directory, slice, schema, columns, outputFormat);
}

function tableAt(call: Call, path: Path): NodeRecord {
  const { node } = resolve(call.view, path);
  if (node.type !== 'table') throw fault(YT_CODE.generic, `${path.text} is a ${node.type}, expected a table`);
  return node;
}

function columnsOf(path: Path): ReadonlySet<string> | undefined {
  const columns = bare(path.rich.get('columns') ?? null);
  return Array.isArray(columns) ? new Set(columns.map((name) => String(bare(name)))) : undefined;
}

/** The ranges of a path as row indexes within the table. Only limits by row index are served. */
function rowRanges(path: Path, total: number): Range[] {
  const ranges = bare(path.rich.get('ranges') ?? null);
  if (!Array.isArray(ranges)) return [{ from: 0, to: total }];
  return ranges.map((value) => {
    const range = bare(value);
    if (!(range instanceof Map)) throw fault(YT_CODE.generic, `A range of ${path.text} must be a map`);
    const exact = limitOf(range, 'exact', path);
    const lower = exact ?? limitOf(range, 'lower_limit', path) ?? 0;
    const upper = exact === undefined ? (limitOf(range, 'upper_limit', path) ?? total) : exact + 1;
    const from = Math.min(Math.max(lower, 0), total);
    return { from, to: Math.max(from, Math.min(upper, total)) };
  });
}

function limitOf(range: YsonMap, name: string, path: Path): number | undefined {
  const limit = bare(range.get(name) ?? null);
  if (limit === null) return undefined;
  const index = limit instanceof Map ? limit.get('row_index') : undefined;
  if (index === undefined || index instanceof Attributed || Number.isNaN(Number(index))) {
    throw fault(YT_CODE.generic, `Only ranges by row_index are served here: ${path.text}`);
  }
  return Number(index);
}
