import { type JsonSchema, typesOf } from '../component.js';

const TYPE_WORDS: Readonly<Record<string, string>> = {
  integer: 'an integer',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a JSON list',
  object: 'a JSON object',
  null: 'null',
};
const FORMAT_WORDS: Readonly<Record<string, string>> = {
  uri: 'a URI such as https://host/path',
  date: 'a date such as 2026-11-23',
  'date-time': 'a time such as 2026-11-23T10:00:00Z',
  email: 'an e-mail address',
  hostname: 'a host name',
  uuid: 'a UUID',
};

/** What a param may be, as the end of "expected …": `an integer from 1 to 4096`, `one of http, fcm`. */
export function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map(choice).join(', ')}`;
  const types = typesOf(schema);
  const kind =
    formatWord(schema.format) ?? (types.map((type) => TYPE_WORDS[type] ?? type).join(' or ') || 'a value');
  return [kind, limits(schema)].filter((part) => part !== '').join(' ');
}

/** The bounds of a number or of a text's length: `from 1 to 4096`, `of at most 64 characters`; empty without any. */
export function limits(schema: JsonSchema): string {
  const parts = [range(schema.minimum, schema.maximum), length(schema.minLength, schema.maxLength)];
  if (schema.exclusiveMinimum !== undefined) parts.push(`above ${schema.exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined) parts.push(`below ${schema.exclusiveMaximum}`);
  if (schema.multipleOf !== undefined) parts.push(`in steps of ${schema.multipleOf}`);
  if (typeof schema.pattern === 'string') parts.push(`that matches /${schema.pattern}/`);
  return parts.filter((part) => part !== '').join(', ');
}

function formatWord(format: unknown): string | undefined {
  if (typeof format !== 'string') return undefined;
  return FORMAT_WORDS[format] ?? `a text in the format ${format}`;
}

function choice(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function range(least: unknown, most: unknown): string {
  if (least === undefined) return most === undefined ? '' : `of at most ${most}`;
  return most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
}

function length(least: unknown, most: unknown): string {
  const text = range(least, most);
  return text === '' ? '' : `${text.replace(/^from/, 'of')} characters`;
}
