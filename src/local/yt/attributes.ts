import { Attributed, bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import type { Cluster } from './cluster.js';
import type { Chunk, NodeRecord } from './node.js';
import { readSchema, type Schema, WEAK_SCHEMA } from './schema.js';
import type { View } from './view.js';

/** Who asks about what. */
export interface Subject {
  readonly cluster: Cluster;
  readonly view: View;
  readonly node: NodeRecord;
}

type Compute = (subject: Subject) => YsonValue | undefined;

/** Attributes that follow from the node. They cannot be set. */
const COMPUTED: Readonly<Record<string, Compute>> = {
  id: ({ node }) => node.id,
  type: ({ node }) => node.type,
  key: ({ node }) => (node.parentId === null ? undefined : node.key),
  parent_id: ({ node }) => node.parentId ?? undefined,
  path: (subject) => pathOf(subject),
  creation_time: ({ node }) => timeText(node.createdMs),
  modification_time: ({ node, view }) => timeText(view.stamps(node).modifiedMs),
  access_time: ({ node, view }) => timeText(view.stamps(node).modifiedMs),
  access_counter: () => 0n,
  ref_counter: () => 1n,
  revision: ({ node, view }) => BigInt(view.stamps(node).revision),
  content_revision: ({ node, view }) => BigInt(view.stamps(node).contentRevision),
  attribute_revision: ({ node, view }) => BigInt(view.stamps(node).attributeRevision),
  user_attribute_keys: ({ node, view }) =>
    [...view.attributes(node).keys()].filter((key) => key !== 'schema' && !(key in DEFAULTS)),
  lock_count: ({ node, cluster }) => BigInt(cluster.locks.on(node.id).length),
  lock_mode: ({ node, cluster }) =>
    cluster.locks.on(node.id).find(({ mode }) => mode !== 'snapshot')?.mode ?? 'none',
  locks: ({ node, cluster }) =>
    cluster.locks.on(node.id).map(
      (lock) =>
        new Map<string, YsonValue>([
          ['id', lock.id],
          ['mode', lock.mode],
          ['state', 'acquired'],
          ['transaction_id', lock.transaction.id],
        ]),
    ),
  resource_usage: (subject) =>
    new Map<string, YsonValue>([
      ['node_count', 1n],
      ['chunk_count', BigInt(chunksOf(subject).length)],
      ['disk_space', sum(subject, 'bytes')],
    ]),
  effective_acl: () => [],
  count: (subject) => childCount(subject),
  child_count: (subject) => childCount(subject),
  row_count: (subject) => ofTable(subject, () => sum(subject, 'rows')),
  chunk_row_count: (subject) => ofTable(subject, () => sum(subject, 'rows')),
  chunk_count: (subject) => ofTable(subject, () => BigInt(chunksOf(subject).length)),
  chunk_ids: (subject) => ofTable(subject, () => chunksOf(subject).map(({ id }) => id)),
  data_weight: (subject) => ofTable(subject, () => sum(subject, 'dataWeight')),
  uncompressed_data_size: (subject) => ofTable(subject, () => sum(subject, 'bytes')),
  compressed_data_size: (subject) => ofTable(subject, () => sum(subject, 'bytes')),
  compression_ratio: (subject) => ofTable(subject, () => 1),
  dynamic: (subject) => ofTable(subject, () => false),
  schema: (subject) => ofTable(subject, () => schemaOf(subject.view, subject.node).value),
  schema_mode: (subject) =>
    ofTable(subject, () => (schemaOf(subject.view, subject.node).columns.size === 0 ? 'weak' : 'strong')),
  sorted: (subject) => ofTable(subject, () => keyNames(subject).length > 0),
  sorted_by: (subject) =>
    ofTable(subject, () => (keyNames(subject).length > 0 ? keyNames(subject) : undefined)),
  key_columns: (subject) => ofTable(subject, () => keyNames(subject)),
};

/** Attributes that have a value although nobody set them; they can be set. */
const DEFAULTS: Readonly<Record<string, YsonValue>> = {
  account: 'tmp',
  owner: 'root',
  acl: [],
  inherit_acl: true,
  opaque: false,
};

const TABLE_DEFAULTS: Readonly<Record<string, YsonValue>> = {
  replication_factor: 1n,
  compression_codec: 'none',
  erasure_codec: 'none',
  optimize_for: 'lookup',
  primary_medium: 'default',
};

export function isComputed(name: string): boolean {
  return name in COMPUTED;
}

/** An attribute's value; undefined when the node has no such attribute. */
export function attribute(subject: Subject, name: string): YsonValue | undefined {
  const compute = Object.hasOwn(COMPUTED, name) ? COMPUTED[name] : undefined;
  if (compute !== undefined) return compute(subject);
  const own = subject.view.attribute(subject.node, name);
  return own === undefined ? defaultsOf(subject.node).get(name) : own;
}

export function allAttributes(subject: Subject): YsonMap {
  const all: YsonMap = new Map();
  const names = [
    ...Object.keys(COMPUTED),
    ...defaultsOf(subject.node).keys(),
    ...subject.view.attributes(subject.node).keys(),
  ];
  for (const name of names) {
    const value = attribute(subject, name);
    if (value !== undefined) all.set(name, value);
  }
  return all;
}

/** The value with those of the named attributes that the node has in front of it. */
export function withAttributes(
  value: YsonValue,
  names: readonly string[] | undefined,
  subject: Subject,
): YsonValue {
  if (names === undefined || names.length === 0) return value;
  const found: YsonMap = new Map();
  for (const name of names) {
    const own = attribute(subject, name);
    if (own !== undefined) found.set(name, own);
  }
  return found.size === 0 ? value : new Attributed(found, bare(value));
}

export function schemaOf(view: View, node: NodeRecord): Schema {
  const value = view.attribute(node, 'schema');
  return value === undefined ? WEAK_SCHEMA : readSchema(value);
}

/** UTC with microseconds, as YT writes times. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function defaultsOf(node: NodeRecord): Map<string, YsonValue> {
  return new Map(Object.entries(node.type === 'table' ? { ...DEFAULTS, ...TABLE_DEFAULTS } : DEFAULTS));
}

function ofTable(subject: Subject, compute: () => YsonValue | undefined): YsonValue | undefined {
  return subject.node.type === 'table' ? compute() : undefined;
}

function chunksOf({ view, node }: Subject): readonly Chunk[] {
  return view.chunks(node);
}

function sum(subject: Subject, size: 'rows' | 'bytes' | 'dataWeight'): bigint {
  return BigInt(chunksOf(subject).reduce((total, chunk) => total + chunk[size], 0));
}

function keyNames({ view, node }: Subject): string[] {
  return schemaOf(view, node).keys.map(({ name }) => name);
}

function childCount({ view, node }: Subject): YsonValue | undefined {
  return node.type === 'map_node' ? BigInt(view.childKeys(node).length) : undefined;
}

function pathOf({ view, node }: Subject): string {
  if (node.parentId === null) return '/';
  const parent = view.node(node.parentId);
  const key = node.key.replace(/[\\/@&*[{]/g, '\\$&');
  return parent === undefined ? `#${node.id}` : `${pathOf({ view, node: parent } as Subject)}/${key}`;
}
