import { oneLine, RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';

/** Throws `configuration` when these columns lack the input's key, or one that its rows require. */
export function requireColumns({ key, row }: BoundInput, columns: readonly string[], place: string): void {
  const required = new Set([key, ...((row.required ?? []) as readonly string[])]);
  const missing = [...required].filter((name) => !columns.includes(name));
  if (missing.length === 0) return;
  throw new RtnError(
    'configuration',
    `${place} lacks the column ${missing.join(', ')} that the operation requires; it has ${oneLine(columns.join(', '))}`,
  );
}

/** The types that the row's schema gives a column; undefined where it says nothing of it. */
export function schemaTypes({ row }: BoundInput, column: string): readonly string[] | undefined {
  const properties = (row.properties ?? {}) as Readonly<Record<string, { readonly type?: unknown }>>;
  const type = properties[column]?.type;
  if (type === undefined) return undefined;
  return (Array.isArray(type) ? type : [type]) as readonly string[];
}
