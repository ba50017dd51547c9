import { hash } from 'node:crypto';
import type { JsonSchema } from '../component.js';
import { isSmsText } from '../sms-text.js';
import type { Row } from './record.js';

/** Whether a column of a row's schema is marked `x-sensitive`. */
export function isSensitive(schema: JsonSchema, column: string): boolean {
  const properties = schema.properties as Readonly<Record<string, JsonSchema>> | undefined;
  return properties?.[column]?.['x-sensitive'] === true;
}

/** Stands for the value of a sensitive column: equal values stay equal, the value is not shown. */
export function sensitiveDigest(text: string): string {
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

/**
 * Takes the values of a row's sensitive columns, and the texts of SMS, out of what somebody else wrote, for example a
 * provider that quotes the number which it refuses; undefined where there are none.
 */
export function concealer(schema: JsonSchema): ((text: string, row: Row) => string) | undefined {
  const columns = Object.keys(schema.properties ?? {}).filter(
    (column) => isSensitive(schema, column) || isSmsText(schema, column),
  );
  if (columns.length === 0) return undefined;
  return (text, row) => {
    let shown = text;
    for (const column of columns) {
      const value = scalarText(row[column]);
      if (value === null || value === '') continue;
      for (const form of formsOf(value)) shown = shown.replaceAll(form, () => sensitiveDigest(value));
    }
    return shown;
  };
}

/** How a value may be quoted: as it stands, as JSON and addresses write it, and a number without its plus. */
function formsOf(value: string): readonly string[] {
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(Buffer.from(value).toString()),
  ];
  return /^\+\d{7,}$/.test(value) ? [...forms, value.slice(1)] : forms;
}

/** A text, number or big integer as text; null for anything else. */
export function scalarText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : null;
}
