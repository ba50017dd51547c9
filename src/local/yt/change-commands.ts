import { bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { isComputed } from './attributes.js';
import { type Call, flag, type Result, requiredText } from './call.js';
import { fault, YT_CODE } from './fault.js';
import { readValue } from './format.js';
import { takeLock } from './implicit-lock.js';
import { type Change, type NodeRecord, newNode } from './node.js';
import { isNodeType, newObjectId, type ObjectType } from './object-id.js';
import { type Path, parsePath } from './path.js';
import { find, parentOf, resolve, valueAt, withValueAt } from './resolve.js';
import { readSchema } from './schema.js';

/** The commands that change the tree: create, set, multiset_attributes, remove. */
export function create(call: Call): Result {
  const type = requiredText(call, 'type');
  if (!isNodeType(type)) throw fault(YT_CODE.generic, `Cannot create a node of type "${type}" here`);
  const path = parsePath(call.parameters.get('path'));
  const existing = find(call.view, path);
  if (existing !== undefined) {
    if (flag(call, 'ignore_existing')) {
      if (existing.node.type === type || flag(call, 'ignore_type_mismatch'))
        return { name: 'node_id', value: existing.node.id };
      throw fault(
        YT_CODE.exists,
        `${path.text} already exists and has type "${existing.node.type}" while node of "${type}" type is about to be created`,
      );
    }
    if (!flag(call, 'force')) throw fault(YT_CODE.exists, `Node ${path.text} already exists`);
  }
  const attributes = bare(call.parameters.get('attributes') ?? new Map());
  const node = plant(
    call,
    type,
    path,
    attributes instanceof Map ? attributes : new Map(),
    flag(call, 'recursive'),
  );
  return { name: 'node_id', value: node.id };
}

export async function set(call: Call): Promise<undefined> {
  const path = parsePath(call.parameters.get('path'));
  const value = readValue(await whole(call.input), call.inputFormat);
  if (path.attribute !== undefined) return setAttribute(call, path, path.attribute, value);
  const target = find(call.view, path);
  if (target === undefined) {
    const type = typeFor(value);
    const node = plant(call, type, path, new Map(), flag(call, 'recursive'));
    if (type === 'map_node') fill(call, node, bare(value) as YsonMap, path.text);
    else call.view.apply([{ op: 'value', id: node.id, value }]);
    return;
  }
  const { node, inside } = target;
  if (node.type === 'table' || node.type === 'file')
    throw fault(YT_CODE.generic, `Cannot set ${path.text}: it is a ${node.type}`);
  takeLock(call, node, 'exclusive', undefined, path.text);
  if (node.type === 'map_node') {
    if (!flag(call, 'force'))
      throw fault(
        YT_CODE.generic,
        `Cannot replace the children of ${path.text}: "set" on a map node needs "force"`,
      );
    for (const key of call.view.childKeys(node))
      call.view.apply([{ op: 'child', id: node.id, key, child: null }]);
    fill(call, node, bare(value) as YsonMap, path.text);
    return;
  }
  const now =
    inside.length === 0
      ? scalarFor(node, value)
      : withValueAt(call.view.value(node), inside, value, flag(call, 'recursive'));
  call.view.apply([{ op: 'value', id: node.id, value: now }]);
}

export async function multisetAttributes(call: Call): Promise<undefined> {
  const path = parsePath(call.parameters.get('path'));
  const map = bare(readValue(await whole(call.input), call.inputFormat));
  if (!(map instanceof Map) || path.attribute === undefined)
    throw fault(YT_CODE.generic, '"multiset_attributes" needs a path that ends with /@ and a map');
  for (const key of map.keys()) refuseComputed(path.attribute[0] ?? key);
  for (const [key, value] of map) setAttribute(call, path, [...path.attribute, key], value);
}

export function remove(call: Call): undefined {
  const path = parsePath(call.parameters.get('path'));
  const target = find(call.view, path);
  if (target === undefined) {
    if (flag(call, 'force')) return;
    resolve(call.view, path);
    return;
  }
  const { node, inside } = target;
  if (path.attribute !== undefined) return removeAttribute(call, path, node, path.attribute);
  if (inside.length > 0) {
    takeLock(call, node, 'exclusive', undefined, path.text);
    return call.view.apply([
      { op: 'value', id: node.id, value: withValueAt(call.view.value(node), inside, undefined, false) },
    ]) as undefined;
  }
  if (path.isAllChildren) {
    for (const key of call.view.childKeys(node)) unlink(call, node, key, path.text);
    return;
  }
  const parent = node.parentId === null ? undefined : call.view.node(node.parentId);
  if (parent === undefined) throw fault(YT_CODE.generic, 'The root cannot be removed');
  const isEmpty = node.type !== 'map_node' || call.view.childKeys(node).length === 0;
  if (!isEmpty && !flag(call, 'recursive', true))
    throw fault(YT_CODE.notEmpty, `Cannot remove non-empty composite node ${path.text}`);
  unlink(call, parent, node.key, path.text);
}

function unlink(call: Call, parent: NodeRecord, key: string, path: string): void {
  takeLock(call, parent, 'shared', `child:${key}`, path);
  const child = call.view.child(parent, key);
  if (child !== undefined) lockSubtree(call, child, path);
  call.view.apply([{ op: 'child', id: parent.id, key, child: null }]);
}

function lockSubtree(call: Call, node: NodeRecord, path: string): void {
  takeLock(call, node, 'exclusive', undefined, path);
  if (node.type !== 'map_node') return;
  for (const key of call.view.childKeys(node)) {
    const child = call.view.child(node, key);
    if (child !== undefined) lockSubtree(call, child, `${path}/${key}`);
  }
}

/** Makes a node at a path, over what stands there, with missing parents if `isRecursive`. */
function plant(
  call: Call,
  type: ObjectType,
  path: Path,
  attributes: YsonMap,
  isRecursive: boolean,
): NodeRecord {
  const { parent, key } = parentOf(path);
  const found = find(call.view, parent);
  if (found === undefined && !isRecursive) resolve(call.view, parent);
  const above = found?.node ?? plant(call, 'map_node', parent, new Map(), true);
  if (above.type !== 'map_node')
    throw fault(YT_CODE.generic, `${parent.text} is a ${above.type} and has no children`);
  const given = new Map(attributes);
  const schema = given.get('schema');
  if (type === 'table' && schema !== undefined) given.set('schema', readSchema(schema).value);
  if (bare(given.get('dynamic') ?? null) === true)
    throw fault(YT_CODE.generic, 'Dynamic tables are not supported here');
  takeLock(call, above, 'shared', `child:${key}`, path.text);
  return plantIn(call, above, key, type, given);
}

function plantIn(
  call: Call,
  parent: NodeRecord,
  key: string,
  type: ObjectType,
  attributes: YsonMap,
): NodeRecord {
  const { trunk } = call.cluster;
  const node = newNode(type, newObjectId(type), parent.id, key, trunk.now(), trunk.nextRevision());
  const own = [...attributes].filter(([name]) => name === 'schema' || !isComputed(name));
  const changes: Change[] = [
    { op: 'node', node },
    ...own.map(([name, value]) => ({ op: 'attribute', id: node.id, key: name, value }) as const),
    { op: 'child', id: parent.id, key, child: node.id },
  ];
  call.view.apply(changes);
  if (call.view.transaction !== undefined)
    call.cluster.locks.add(node, 'exclusive', undefined, call.view.transaction);
  return node;
}

/** Children of a map node from a map value. */
function fill(call: Call, node: NodeRecord, map: YsonMap, path: string): void {
  if (!(map instanceof Map)) throw fault(YT_CODE.generic, `Cannot set ${path}: a map node needs a map`);
  for (const [key, value] of map) {
    const child = plantIn(call, node, key, typeFor(value), new Map());
    if (child.type === 'map_node') fill(call, child, bare(value) as YsonMap, `${path}/${key}`);
    else call.view.apply([{ op: 'value', id: child.id, value }]);
  }
}

function typeFor(value: YsonValue): ObjectType {
  const plain = bare(value);
  if (plain instanceof Map) return 'map_node';
  if (plain === null || Array.isArray(plain)) return 'document';
  if (typeof plain === 'boolean') return 'boolean_node';
  if (typeof plain === 'number') return 'double_node';
  if (typeof plain === 'bigint') return 'int64_node';
  return typeof plain === 'string' || plain instanceof Uint8Array ? 'string_node' : 'uint64_node';
}

function scalarFor(node: NodeRecord, value: YsonValue): YsonValue {
  if (node.type === 'document' || typeFor(value) === node.type) return value;
  if (node.type === 'double_node' && typeof value === 'bigint') return Number(value);
  throw fault(YT_CODE.generic, `Cannot set a ${node.type} to a value of a ${typeFor(value)}`);
}

function setAttribute(call: Call, path: Path, steps: readonly string[], value: YsonValue): undefined {
  const { node } = resolve(call.view, path);
  const [first, ...more] = steps;
  if (first === undefined)
    throw fault(YT_CODE.generic, 'Set attributes one by one, or with "multiset_attributes"');
  refuseComputed(first);
  takeLock(call, node, 'shared', `attribute:${first}`, path.text);
  const now =
    more.length === 0
      ? value
      : withValueAt(call.view.attribute(node, first) ?? new Map(), more, value, false);
  call.view.apply([{ op: 'attribute', id: node.id, key: first, value: now }]);
}

function removeAttribute(call: Call, path: Path, node: NodeRecord, steps: readonly string[]): undefined {
  const [first, ...more] = steps;
  if (first === undefined) throw fault(YT_CODE.generic, 'Name the attribute to remove');
  refuseComputed(first);
  const value = call.view.attribute(node, first);
  if (value === undefined || valueAt(value, more) === undefined) {
    if (flag(call, 'force')) return;
    throw fault(YT_CODE.resolve, `Attribute "${steps.join('/')}" is not found at ${path.text}`);
  }
  takeLock(call, node, 'shared', `attribute:${first}`, path.text);
  call.view.apply([
    {
      op: 'attribute',
      id: node.id,
      key: first,
      value: more.length === 0 ? undefined : withValueAt(value, more, undefined, false),
    },
  ]);
}

function refuseComputed(name: string): void {
  if (isComputed(name)) throw fault(YT_CODE.generic, `Builtin attribute "${name}" cannot be set`);
}

async function whole(input: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces);
}
