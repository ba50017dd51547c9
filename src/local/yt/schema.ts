import { Attributed, attributesOf, bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { isKnownType } from './column-type.js';
import { fault, YT_CODE } from './fault.js';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly isKey: boolean;
}

/** A table's schema as rows are judged by it. */
export interface Schema {
  readonly columns: ReadonlyMap<string, Column>;
  readonly keys: readonly Column[];
  /** Columns that are not named are refused. */
  readonly isStrict: boolean;
  readonly hasUniqueKeys: boolean;
  /** As the attribute `schema` shows it. */
  readonly value: YsonValue;
}

/** The schema of a table that has none: anything goes. */
export const WEAK_SCHEMA: Schema = readSchema(
  new Attributed(
    new Map([
      ['strict', false],
      ['unique_keys', false],
    ]),
    [],
  ),
);

/** Reads the attribute `schema`; throws a fault for one that makes no sense. */
export function readSchema(value: YsonValue): Schema {
  const list = bare(value);
  if (!Array.isArray(list)) throw fault(YT_CODE.generic, 'A table schema must be a list of columns');
  const attributes = attributesOf(value);
  const columns = new Map<string, Column>();
  for (const item of list) {
    const column = readColumn(bare(item));
    if (columns.has(column.name))
      throw fault(YT_CODE.generic, `Duplicate column "${column.name}" in table schema`);
    columns.set(column.name, column);
  }
  const keys = [...columns.values()].filter((column) => column.isKey);
  const isPrefix = [...columns.values()].slice(0, keys.length).every((column) => column.isKey);
  if (!isPrefix) throw fault(YT_CODE.generic, 'Key columns must form a prefix of the schema');
  const isStrict = isOn(attributes.get('strict'), true);
  const hasUniqueKeys = isOn(attributes.get('unique_keys'), false);
  const marks: YsonMap = new Map([
    ['strict', isStrict],
    ['unique_keys', hasUniqueKeys],
  ]);
  return { columns, keys, isStrict, hasUniqueKeys, value: new Attributed(marks, list.map(describe)) };
}

function readColumn(value: YsonValue): Column {
  if (!(value instanceof Map)) throw fault(YT_CODE.generic, 'A column of a table schema must be a map');
  const name = value.get('name');
  if (typeof name !== 'string' || name === '' || name.startsWith('@'))
    throw fault(YT_CODE.generic, 'A column of a table schema has no fit name');
  const { type, isRequired } = logicalType(value, name);
  const order = value.get('sort_order') ?? null;
  if (order !== null && order !== 'ascending')
    throw fault(YT_CODE.generic, `Sort order "${String(order)}" of column "${name}" is not supported here`);
  return { name, type, isRequired, isKey: order === 'ascending' };
}

function logicalType(column: YsonMap, name: string): { type: string; isRequired: boolean } {
  const wide = bare(column.get('type_v3') ?? null);
  let type = column.get('type') ?? 'any';
  let isRequired = isOn(column.get('required'), false);
  if (typeof wide === 'string' && !column.has('type')) [type, isRequired] = [wide, true];
  else if (wide instanceof Map && !column.has('type')) {
    const item = bare(wide.get('item') ?? null);
    type = wide.get('type_name') === 'optional' && typeof item === 'string' ? item : 'any';
    isRequired = false;
  }
  if (type === 'bool') type = 'boolean';
  if (type === 'yson') type = 'any';
  if (typeof type !== 'string' || !isKnownType(type))
    throw fault(YT_CODE.generic, `Type "${String(type)}" of column "${name}" is not known`);
  if (type === 'any' && isRequired)
    throw fault(YT_CODE.generic, `Column "${name}" of type "any" cannot be required`);
  return { type, isRequired };
}

/** A column in the form that attributes show: old and new type beside each other. */
function describe(item: YsonValue): YsonValue {
  const given = bare(item) as YsonMap;
  const { name, type, isRequired } = readColumn(given);
  const narrow = type === 'any' ? 'yson' : type === 'boolean' ? 'bool' : type;
  const optional: YsonMap = new Map<string, YsonValue>([
    ['type_name', 'optional'],
    ['item', narrow],
  ]);
  const shown: YsonMap = new Map<string, YsonValue>([
    ['name', name],
    ['type', type],
    ['required', isRequired],
  ]);
  shown.set('type_v3', given.get('type_v3') ?? (isRequired ? narrow : optional));
  for (const key of ['sort_order', 'group', 'lock', 'expression', 'aggregate']) {
    const own = given.get(key);
    if (own !== undefined && own !== null) shown.set(key, own);
  }
  return shown;
}

/** A boolean that may have come as text or a number. */
export function isOn(value: YsonValue | undefined, otherwise: boolean): boolean {
  if (value === undefined || value === null) return otherwise;
  return value === true || value === 'true' || value === 1n;
}
