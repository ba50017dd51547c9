/** The param of an operation that says what one segment of an SMS costs. */
export const PRICE_PARAM = 'price_per_segment';

/** Whether a column of a row's JSON Schema is marked `x-sms-text`: it holds the text of an SMS. */
export function isSmsText(schema: Readonly<Record<string, unknown>>, column: string): boolean {
  const properties = schema.properties as Readonly<Record<string, Record<string, unknown>>> | undefined;
  return properties?.[column]?.['x-sms-text'] === true;
}
