import type { JsonSchema } from '../component.js';
import { parseTemplate, type Reference } from '../registry/reference.js';
import { suggestion } from '../registry/spelling.js';
import {
  array,
  call,
  type Expression,
  literal,
  member,
  name,
  namesIn,
  object,
  template,
} from './expression.js';
import { below, mistake, type Spot, shown } from './spot.js';
import { requirePathBeforeRow } from './url.js';

/** What references may name at a place. */
export interface Scope {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly params: readonly string[];
  readonly secrets: readonly string[];
  /** The schema of the input's rows; undefined where a value cannot depend on the row. */
  readonly row: JsonSchema | undefined;
}

/** A value without references as an expression: params, row schemas, outcome tables. */
export function plain(value: unknown, spot: Spot): Expression {
  return build(value, spot, literal);
}

/**
 * A value of a component's config as an expression over `params`, `secrets`, `inputs`, `outputs` and `row`. A text that
 * is one reference keeps the type of what it names; a longer one becomes a template literal.
 */
export function resolved(
  value: unknown,
  spot: Spot,
  scope: Scope,
  encoding?: 'url',
  replaced?: (value: unknown, spot: Spot) => Expression | undefined,
): Expression {
  return build(value, spot, (text, at) => textExpression(text, at, scope, encoding), replaced);
}

/** True when an expression depends on the row, so that it has to be a function of it. */
export function isPerRow(expression: Expression): boolean {
  return namesIn(expression).has('row');
}

/** `replaced` may give an expression in place of a value, whatever the value holds. */
function build(
  value: unknown,
  spot: Spot,
  ofText: (text: string, spot: Spot) => Expression,
  replaced: (value: unknown, spot: Spot) => Expression | undefined = () => undefined,
): Expression {
  const inner = (item: unknown, key: string | number) => build(item, below(spot, key), ofText, replaced);
  const replacement = replaced(value, spot);
  if (replacement !== undefined) return replacement;
  if (typeof value === 'string') return ofText(value, spot);
  if (value === null || typeof value === 'boolean') return literal(value);
  if (typeof value === 'number' && Number.isFinite(value)) return literal(value);
  if (Array.isArray(value)) return array(value.map(inner));
  if (typeof value === 'object')
    return object(Object.entries(value).map(([key, item]) => [key, inner(item, key)]));
  throw mistake(spot, `got ${String(value)}, which JSON cannot hold`);
}

function textExpression(text: string, spot: Spot, scope: Scope, encoding: 'url' | undefined): Expression {
  const { parts, mistakes } = parseTemplate(text);
  const [wrong] = mistakes;
  if (wrong !== undefined) throw mistake(spot, wrong.message);
  const [only] = parts;
  if (only === undefined) return literal('');
  if (parts.length === 1 && typeof only === 'string') return literal(only);
  if (encoding === 'url') requirePathBeforeRow(parts, spot);
  const expressions = parts.map((part) => {
    if (typeof part === 'string') return part;
    const reference = referenceExpression(part, spot, scope);
    return encoding === 'url' && part.root === 'row' ? call('encodeURIComponent', [reference]) : reference;
  });
  const [sole] = expressions;
  if (expressions.length === 1 && typeof sole === 'object') return sole;
  const binding = parts.find(
    (part) => typeof part === 'object' && (part.root === 'inputs' || part.root === 'outputs'),
  );
  if (binding !== undefined)
    throw mistake(spot, `got ${shown(text)}: an input or output cannot be part of a longer text`);
  return template(expressions);
}

function referenceExpression(reference: Reference, spot: Spot, scope: Scope): Expression {
  const { root, path, text } = reference;
  if (root === 'row') return rowExpression(reference, spot, scope.row);
  const [key = ''] = path;
  const known = scope[root];
  if (!known.includes(key)) {
    throw mistake(spot, `\${${text}} names nothing the operation declares${suggestion(key, known)}`);
  }
  return member(name(root), key);
}

/** A step into a field that the schema does not promise is optional: `row.address?.city`. */
function rowExpression({ path, text }: Reference, spot: Spot, row: JsonSchema | undefined): Expression {
  if (row === undefined) throw mistake(spot, `\${${text}} stands where the value cannot depend on the row`);
  let schema: JsonSchema | undefined = row;
  let expression = name('row');
  let mayBeMissing = false;
  for (const key of path) {
    expression = member(expression, key, mayBeMissing);
    mayBeMissing ||= !promisesObject(schema, key);
    schema = property(schema, key);
  }
  return expression;
}

function promisesObject(schema: JsonSchema | undefined, key: string): boolean {
  const required = schema?.required;
  return Array.isArray(required) && required.includes(key) && property(schema, key)?.type === 'object';
}

function property(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const properties = schema?.properties;
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, key))
    return undefined;
  return (properties as Readonly<Record<string, JsonSchema>>)[key];
}
