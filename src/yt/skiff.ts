/** How a value stands in skiff: numbers in 8 bytes, little-endian; a boolean as one byte; a string behind its length in 4. */
export type SkiffType = 'int64' | 'uint64' | 'boolean' | 'string32';

/** A column of a table as skiff has it. */
export interface SkiffColumn {
  readonly name: string;
  readonly type: SkiffType;
  /** Whether a byte goes before the value: 1, or 0 for none, and then no value follows. */
  readonly isOptional: boolean;
}

/**
 * The format of rows whose values stand one after the other, in the order of these columns, each row behind two bytes 0:
 * nothing is escaped, and the cluster parses no text. ytsaurus.tech/docs/en/user-guide/storage/skiff
 */
export function skiffFormat(columns: readonly SkiffColumn[]): object {
  const children = columns.map(({ name, type, isOptional }) =>
    isOptional
      ? { name, wire_type: 'variant8', children: [{ wire_type: 'nothing' }, { wire_type: type }] }
      : { name, wire_type: type },
  );
  return { $value: 'skiff', $attributes: { table_skiff_schemas: [{ wire_type: 'tuple', children }] } };
}
