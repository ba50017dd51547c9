import { isMap } from '../registry/jsonSchema.js';

/** What a row's schema says of one field. */
export interface RowField {
  readonly schema: Readonly<Record<string, unknown>>;
  /** Whether a valid row may lack it, or hold null. */
  readonly isOptional: boolean;
}

/** Follows the names of `${row.a.b}` through the input's schema; where it leads nowhere, the names that exist there. */
export function rowField(
  row: unknown,
  names: readonly string[],
): RowField | { readonly known: readonly string[] } {
  let schema: unknown = row;
  let isOptional = false;
  for (const name of names) {
    const properties: unknown = isMap(schema) ? schema.properties : undefined;
    const next = isMap(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!isMap(next)) return { known: isMap(properties) ? Object.keys(properties) : [] };
    const required = isMap(schema) && Array.isArray(schema.required) ? schema.required : [];
    isOptional ||= !required.includes(name) || [next.type].flat().includes('null');
    schema = next;
  }
  return { schema: isMap(schema) ? schema : {}, isOptional };
}
