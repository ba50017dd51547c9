/**
 * The text by which a value of an answer is compared with what a document lists: `17` and `'17'` are one code, since
 * providers write both. Undefined for what is no single value.
 */
export function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value === undefined || (typeof value === 'object' && value !== null) ? undefined : String(value);
}
