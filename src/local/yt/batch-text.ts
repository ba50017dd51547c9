import { parseYson } from '../../yson/parse.js';
import type { YsonMap, YsonValue } from '../../yson/value.js';
import { writeYsonText } from '../../yson/write-text.js';
import type { Batch, Change, Chunk, NodeRecord } from './node.js';
import type { ObjectType } from './object-id.js';
import type { SkiffColumn, WireType } from './skiff-schema.js';

/** A batch as one line of text YSON without the line feed. */
export function writeBatch(batch: Batch): string {
  return writeYsonText([BigInt(batch.revision), BigInt(batch.atMs), batch.changes.map(fromChange)]);
}

/** Reads a line of {@link writeBatch}; throws when it is cut off. */
export function readBatch(line: string): Batch {
  const [revision, atMs, changes] = parseYson(line) as [bigint, bigint, YsonMap[]];
  return { revision: Number(revision), atMs: Number(atMs), changes: changes.map(toChange) };
}

function fromChange(change: Change): YsonValue {
  const map: YsonMap = new Map<string, YsonValue>([['op', change.op]]);
  if (change.op === 'node') return map.set('node', fromNode(change.node));
  map.set('id', change.id);
  if (change.op === 'child') return map.set('key', change.key).set('child', change.child);
  if (change.op === 'value') return map.set('value', change.value);
  if (change.op === 'chunks')
    return map.set('is_replaced', change.isReplaced).set('list', change.list.map(fromChunk));
  map.set('key', change.key);
  return change.value === undefined ? map : map.set('value', change.value);
}

function toChange(map: YsonMap): Change {
  const [op, id, key] = ['op', 'id', 'key'].map((name) => map.get(name) as string);
  if (op === 'node') return { op, node: toNode(map.get('node') as YsonMap) };
  if (op === 'child') return { op, id: id ?? '', key: key ?? '', child: map.get('child') as string | null };
  if (op === 'value') return { op, id: id ?? '', value: map.get('value') ?? null };
  if (op === 'chunks')
    return {
      op,
      id: id ?? '',
      isReplaced: map.get('is_replaced') === true,
      list: (map.get('list') as YsonMap[]).map(toChunk),
    };
  return { op: 'attribute', id: id ?? '', key: key ?? '', value: map.get('value') };
}

const STAMPS = ['createdMs', 'modifiedMs', 'revision', 'contentRevision', 'attributeRevision'] as const;

function fromNode(node: NodeRecord): YsonMap {
  return new Map<string, YsonValue>([
    ...(['id', 'type', 'parentId', 'key', 'value'] as const).map((name) => [name, node[name]] as const),
    ...STAMPS.map((name) => [name, BigInt(node[name])] as const),
    ['attributes', node.attributes],
    ['children', new Map(node.children)],
    ['chunks', node.chunks.map(fromChunk)],
  ]);
}

function toNode(map: YsonMap): NodeRecord {
  const stamp = (name: (typeof STAMPS)[number]) => Number(map.get(name));
  return {
    id: map.get('id') as string,
    type: map.get('type') as ObjectType,
    parentId: map.get('parentId') as string | null,
    key: map.get('key') as string,
    value: map.get('value') ?? null,
    createdMs: stamp('createdMs'),
    modifiedMs: stamp('modifiedMs'),
    revision: stamp('revision'),
    contentRevision: stamp('contentRevision'),
    attributeRevision: stamp('attributeRevision'),
    attributes: map.get('attributes') as YsonMap,
    children: map.get('children') as Map<string, string>,
    chunks: (map.get('chunks') as YsonMap[]).map(toChunk),
  };
}

function fromChunk(chunk: Chunk): YsonMap {
  const map: YsonMap = new Map<string, YsonValue>([
    ['id', chunk.id],
    ['isPlain', chunk.isPlain],
  ]);
  for (const name of ['rows', 'bytes', 'dataWeight'] as const) map.set(name, BigInt(chunk[name]));
  if (chunk.lastKey !== undefined) map.set('lastKey', [...chunk.lastKey]);
  return chunk.skiff === undefined ? map : map.set('skiff', chunk.skiff.map(fromColumn));
}

function fromColumn({ name, wireType, isOptional }: SkiffColumn): YsonMap {
  return new Map<string, YsonValue>([
    ['name', name],
    ['wireType', wireType],
    ['isOptional', isOptional],
  ]);
}

function toColumn(map: YsonMap): SkiffColumn {
  const [name, wireType] = [map.get('name') as string, map.get('wireType') as WireType];
  return { name, wireType, isOptional: map.get('isOptional') === true };
}

function toChunk(map: YsonMap): Chunk {
  const [rows, bytes, dataWeight] = ['rows', 'bytes', 'dataWeight'].map((name) => Number(map.get(name)));
  const lastKey = map.get('lastKey') as YsonValue[] | undefined;
  const skiff = (map.get('skiff') as YsonMap[] | undefined)?.map(toColumn);
  return {
    ...{ id: map.get('id') as string, rows: rows ?? 0, bytes: bytes ?? 0, dataWeight: dataWeight ?? 0 },
    ...{ isPlain: map.get('isPlain') === true, ...(lastKey === undefined ? {} : { lastKey }) },
    ...(skiff === undefined ? {} : { skiff }),
  };
}
