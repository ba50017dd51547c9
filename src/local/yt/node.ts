import type { YsonMap, YsonValue } from '../../yson/value.js';
import type { ObjectType } from './object-id.js';
import type { SkiffColumn } from './skiff-schema.js';

/** One immutable file of rows. Its `rows`, `bytes` and flags never change once it is published. */
export interface Chunk {
  readonly id: string;
  readonly rows: number;
  readonly bytes: number;
  readonly dataWeight: number;
  /** Every line can be served as it is: nothing in it but what JSON holds exactly, and no null. */
  readonly isPlain: boolean;
  /** Key of the last row of a sorted table. */
  readonly lastKey?: readonly YsonValue[];
  /** The rows are in skiff with these columns. Absent: they are lines of JSON. */
  readonly skiff?: readonly SkiffColumn[];
}

/** When a node changed last, and the revisions of its two halves. */
export interface Stamps {
  modifiedMs: number;
  revision: number;
  contentRevision: number;
  attributeRevision: number;
}

/** A node as the trunk holds it. What a type does not have is empty. */
export interface NodeRecord extends Stamps {
  readonly id: string;
  readonly type: ObjectType;
  readonly parentId: string | null;
  readonly key: string;
  readonly createdMs: number;
  readonly attributes: YsonMap;
  readonly children: Map<string, string>;
  value: YsonValue;
  chunks: readonly Chunk[];
}

/** What a transaction changed on one node; undefined and null stand for what it took away. */
export interface Delta extends Stamps {
  readonly attributes: Map<string, YsonValue | undefined>;
  readonly children: Map<string, string | null>;
  value: { readonly value: YsonValue } | undefined;
  chunks: { readonly isReplaced: boolean; readonly list: readonly Chunk[] } | undefined;
}

/** One step of a change. A batch of them is applied, and journalled, as a whole. */
export type Change =
  | { readonly op: 'node'; readonly node: NodeRecord }
  | { readonly op: 'child'; readonly id: string; readonly key: string; readonly child: string | null }
  | {
      readonly op: 'attribute';
      readonly id: string;
      readonly key: string;
      readonly value: YsonValue | undefined;
    }
  | { readonly op: 'value'; readonly id: string; readonly value: YsonValue }
  | {
      readonly op: 'chunks';
      readonly id: string;
      readonly isReplaced: boolean;
      readonly list: readonly Chunk[];
    };

export interface Batch {
  readonly revision: number;
  readonly atMs: number;
  readonly changes: readonly Change[];
}

export function newNode(
  type: ObjectType,
  id: string,
  parentId: string | null,
  key: string,
  atMs: number,
  revision: number,
): NodeRecord {
  return {
    ...{ id, type, parentId, key, createdMs: atMs, modifiedMs: atMs },
    ...{ revision, contentRevision: revision, attributeRevision: revision },
    ...{ attributes: new Map(), children: new Map(), value: initialValue(type), chunks: [] },
  };
}

function initialValue(type: ObjectType): YsonValue {
  if (type === 'string_node') return '';
  if (type === 'boolean_node') return false;
  if (type === 'int64_node') return 0n;
  return type === 'double_node' ? 0 : null;
}
