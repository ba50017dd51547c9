import { hash } from 'node:crypto';
import type { JsonSchema } from '../component.js';
import type { Row } from './record.js';

/** Whether a column of a row's schema is marked `x-sensitive`. */
export function isSensitive(schema: JsonSchema, column: string): boolean {
  const properties = schema.properties as Readonly<Record<string, JsonSchema>> | undefined;
  return properties?.[column]?.['x-sensitive'] === true;
}

/** Stands for the value of a sensitive column: equal values stay equal, the value is not shown. */
export function sensitiveDigest(text: string | Buffer): string {
  return `sha256:${hash('sha256', text, 'hex').slice(0, 32)}`;
}

/** The row with the values of its sensitive columns as digests. */
export function withoutSensitive(row: Row, schema: JsonSchema): Row {
  const shown = Object.entries(row).map(([column, value]) => [
    column,
    isSensitive(schema, column) && value !== null
      ? sensitiveDigest(scalarText(value) ?? JSON.stringify(value))
      : value,
  ]);
  return Object.fromEntries(shown);
}

/** A text, number or big integer as text; null for anything else. */
export function scalarText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : null;
}
