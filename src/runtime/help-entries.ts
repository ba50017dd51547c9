import { type EnvironmentVariable, type JsonSchema, typesOf } from '../component.js';
import { oneLine } from '../error.js';
import { flagName } from '../runner-flags.js';
import type { SecretDefinition } from './definition.js';
import { limits } from './expectation.js';
import type { Entry } from './help-layout.js';

/** An input or output. */
export function locationEntry(
  name: string,
  { description, default: byDefault }: { readonly description?: string; readonly default?: string },
  isNeeded: boolean,
): Entry {
  const presence =
    byDefault !== undefined ? `Default: ${byDefault}.` : isNeeded ? 'Required.' : 'Not needed for a stream.';
  return [flagText(name, 'LOCATION'), sentences(description, presence)];
}

/** A param with what it may be. */
export function paramEntry([name, schema]: [string, JsonSchema]): Entry {
  const choices = Array.isArray(schema.enum)
    ? `one of ${schema.enum.map(valueText).join(', ')}`
    : limits(schema).replace(/^of /, '');
  const presence = schema.default === undefined ? 'required' : `default: ${valueText(schema.default)}`;
  const facts = [choices, presence].filter((fact) => fact !== '').join('; ');
  const description = typeof schema.description === 'string' ? schema.description : undefined;
  return [flagText(name, placeholderOf(schema)), sentences(description, `${capital(facts)}.`)];
}

/** A secret with the choices that need it. */
export function secretEntry([name, { description, when = {} }]: [string, SecretDefinition]): Entry {
  const choices = Object.entries(when).map(
    ([param, values]) => `Only for ${values.map((value) => flagText(param, value)).join(' or ')}.`,
  );
  return [name, sentences(description, ...choices)];
}

/** A variable that a component reads. */
export function variableEntry({ name, description, isSecret, scheme }: EnvironmentVariable): Entry {
  const notes = [
    ...(scheme === undefined ? [] : [`for ${scheme}: locations`]),
    ...(isSecret ? ['secret'] : []),
  ];
  return [name, sentences(description, notes.length === 0 ? '' : `${capital(notes.join('; '))}.`)];
}

/** `--concurrency INTEGER`; a switch has no placeholder. */
export function flagText(name: string, placeholder: string | undefined): string {
  return `--${flagName(name)}${placeholder === undefined || placeholder === '' ? '' : ` ${placeholder}`}`;
}

/** Stands for a param's value in help: `INTEGER`, `URI`. */
export function placeholderOf(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return 'CHOICE';
  if (typeof schema.format === 'string') return schema.format.toUpperCase();
  const [type = 'value'] = typesOf(schema);
  return type === 'boolean'
    ? ''
    : type === 'string'
      ? 'TEXT'
      : type === 'array' || type === 'object'
        ? 'JSON'
        : type.toUpperCase();
}

/** A value for the example: one of the schema's own where it has any. */
export function exampleOf(schema: JsonSchema): string {
  const [first] = [schema.examples ?? [], schema.enum ?? []].flat();
  if (first !== undefined) return valueText(first);
  if (schema.format === 'uri') return 'https://host';
  return valueText(schema.minimum ?? placeholderOf(schema));
}

function valueText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' ? "''" : oneLine(value);
}

function sentences(description: string | undefined, ...others: readonly string[]): string {
  const said = (description ?? '').trim().replace(/\s+/g, ' ');
  const first = said === '' || /[.!?…]$/.test(said) ? said : `${said}.`;
  return oneLine([first, ...others].filter((part) => part !== '').join(' '), 2_000);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
