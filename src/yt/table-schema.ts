/** A column of a table's schema. */
export interface YtColumn {
  readonly name: string;
  /** The column's type as YT names it: `int64`, `string`, `any`, … */
  readonly type: string;
  readonly isRequired: boolean;
}

export interface YtSchema {
  /** Empty for a table without a schema. */
  readonly columns: readonly YtColumn[];
  /** Whether rows can have these columns only. */
  readonly isStrict: boolean;
}

/** The attribute `@schema` as it is answered in JSON. */
export function readSchema(answered: unknown): YtSchema {
  const { value, attributes } = unwrap(answered);
  const columns = (Array.isArray(value) ? value : []).map(column);
  const isStrict = attributes.strict !== false && attributes.strict !== 'false' && columns.length > 0;
  return { columns, isStrict };
}

function column(value: unknown): YtColumn {
  const { name, type, required } = unwrap(value).value as {
    name: string;
    type?: string;
    required?: boolean | string;
  };
  return { name, type: type ?? 'any', isRequired: required === true || required === 'true' };
}

/** A JSON value of YT without the attributes in front of it. */
function unwrap(value: unknown): { value: unknown; attributes: Record<string, unknown> } {
  if (typeof value !== 'object' || value === null || !('$value' in value)) return { value, attributes: {} };
  const { $value, $attributes } = value as { $value: unknown; $attributes?: Record<string, unknown> };
  return { value: $value, attributes: $attributes ?? {} };
}
