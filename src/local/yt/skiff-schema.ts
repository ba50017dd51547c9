import { bare, type YsonMap, type YsonValue } from '../../yson/value.js';
import { fault, YT_CODE } from './fault.js';
import type { Schema } from './schema.js';

const WIRE_TYPES = ['int64', 'uint64', 'double', 'boolean', 'string32', 'yson32'] as const;

export type WireType = (typeof WIRE_TYPES)[number];

/** A field of the tuple that a row in skiff is. An optional one is a variant8 of nothing and the wire type. */
export interface SkiffColumn {
  readonly name: string;
  readonly wireType: WireType;
  readonly isOptional: boolean;
}

/** Column types whose values stand in skiff as they are to be read again, with nothing to convert or to keep within bounds. */
const EQUALS: Readonly<Record<WireType, readonly string[]>> = {
  int64: ['int64', 'interval', 'datetime64', 'timestamp64', 'interval64', 'any'],
  uint64: ['uint64', 'timestamp', 'any'],
  double: ['double', 'float', 'any'],
  boolean: ['boolean', 'any'],
  string32: ['string', 'utf8', 'json', 'uuid', 'any'],
  yson32: [],
};

/**
 * The columns that the attributes of a format `skiff` tell: one table, a tuple of simple types and optional ones. Source:
 * the page on formats, Skiff, in YTsaurus's user guide. Throws a fault for all else.
 */
export function readSkiffColumns(attributes: ReadonlyMap<string, YsonValue>): SkiffColumn[] {
  const tables = bare(attributes.get('table_skiff_schemas') ?? null);
  if (!Array.isArray(tables) || tables.length !== 1)
    throw wrong('"table_skiff_schemas" must be a list with one schema');
  const reader = new SchemaReader(attributes.get('skiff_schema_registry'));
  const columns = reader.columns(tables[0] ?? null);
  for (const [index, { name }] of columns.entries())
    if (columns.findIndex((column) => column.name === name) !== index)
      throw wrong(`column "${name}" stands there twice`);
  return columns;
}

/** Whether rows of these columns can be stored as they come: each fits its column of an unsorted table. */
export function isStoredAsSkiff(columns: readonly SkiffColumn[], schema: Schema): boolean {
  if (schema.keys.length > 0) return false;
  const names = new Set(columns.map(({ name }) => name));
  for (const { name, isRequired } of schema.columns.values())
    if (isRequired && !names.has(name)) return false;
  return columns.every(({ name, wireType }) => {
    const column = schema.columns.get(name);
    return column !== undefined && EQUALS[wireType].includes(column.type);
  });
}

class SchemaReader {
  readonly #registry: YsonMap;

  constructor(registry: YsonValue | undefined) {
    const map = bare(registry ?? null);
    this.#registry = map instanceof Map ? map : new Map();
  }

  columns(value: YsonValue): SkiffColumn[] {
    const root = this.#resolve(value);
    if (root.get('wire_type') !== 'tuple') throw unsupported(`A row of type ${shown(root)}`);
    return this.#children(root).map((child) => this.#column(child));
  }

  #column(value: YsonValue): SkiffColumn {
    const field = this.#resolve(value);
    const name = field.get('name');
    if (typeof name !== 'string' || name === '') throw wrong('a column has no fit name');
    if (name.startsWith('$')) throw unsupported(`Column "${name}"`);
    if (field.get('wire_type') !== 'variant8')
      return { name, wireType: simple(field, name), isOptional: false };
    const [nothing, item, ...more] = this.#children(field).map((child) => this.#resolve(child));
    if (item === undefined || more.length > 0 || nothing?.get('wire_type') !== 'nothing')
      throw unsupported(`A variant8 of column "${name}" that is not "nothing" and one other type`);
    return { name, wireType: simple(item, name), isOptional: true };
  }

  #children(schema: YsonMap): YsonValue[] {
    const children = bare(schema.get('children') ?? null);
    if (!Array.isArray(children)) throw wrong(`type ${shown(schema)} has no children`);
    return children;
  }

  /** A schema given as it is, or by `$name`. */
  #resolve(value: YsonValue): YsonMap {
    let schema = bare(value);
    if (typeof schema === 'string') {
      const name = schema.slice(1);
      const found = schema.startsWith('$') ? this.#registry.get(name) : undefined;
      if (found === undefined) throw wrong(`"${schema}" is not in "skiff_schema_registry"`);
      schema = bare(found);
    }
    if (schema instanceof Map) return schema;
    throw wrong('a schema must be a map or the name of one');
  }
}

function simple(schema: YsonMap, name: string): WireType {
  const type = WIRE_TYPES.find((known) => known === schema.get('wire_type'));
  if (type === undefined) throw unsupported(`Type ${shown(schema)} of column "${name}"`);
  return type;
}

function shown(schema: YsonMap): string {
  return `"${String(schema.get('wire_type'))}"`;
}

function wrong(what: string): Error {
  return fault(YT_CODE.generic, `Wrong skiff schema: ${what}`);
}

function unsupported(what: string): Error {
  return fault(YT_CODE.generic, `${what} in a skiff schema is not supported here`);
}
