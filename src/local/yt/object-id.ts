import { randomBytes } from 'node:crypto';

/** Object type as it stands in the low 16 bits of an id's third group. */
const OBJECT_TYPES = {
  transaction: 1,
  nested_transaction: 4,
  lock: 200,
  string_node: 300,
  int64_node: 301,
  double_node: 302,
  map_node: 303,
  boolean_node: 305,
  uint64_node: 306,
  file: 400,
  table: 401,
  document: 421,
  chunk: 100,
} as const;

export type ObjectType = keyof typeof OBJECT_TYPES;

/** The id that stands for no object. */
export const NULL_ID = '0-0-0-0';

/** A fresh id: four groups of hex without leading zeros. */
export function newObjectId(type: ObjectType): string {
  const bytes = randomBytes(12);
  const groups = [
    bytes.readUInt32BE(0),
    bytes.readUInt32BE(4),
    0x10000 + OBJECT_TYPES[type],
    bytes.readUInt32BE(8),
  ];
  return groups.map((group) => group.toString(16)).join('-');
}

export function isNodeType(type: string): type is ObjectType {
  return type in OBJECT_TYPES && !['transaction', 'nested_transaction', 'lock', 'chunk'].includes(type);
}
