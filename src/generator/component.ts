import {
  type Bond,
  type ComponentKind,
  type ComponentSpec,
  type ConfigField,
  camelCase,
  parseDuration,
} from '../component.js';
import { choicesOf } from '../registry/select.js';
import { suggestion } from '../registry/spelling.js';
import { batchBody } from './each.js';
import { arrow, call, type Expression, member, name, object, type Property } from './expression.js';
import { below, mapAt, mistake, type Spot, shown, textAt } from './spot.js';
import { isPerRow, plain, resolved, type Scope } from './value.js';

/**
 * A component of a runner (`{use: async, …}`) as the call of its constructor: the bound inputs and outputs first, then
 * the config as one object with camelCase keys, in the order of the YAML.
 */
export function componentCall(
  value: unknown,
  kind: ComponentKind,
  spot: Spot,
  scope: Scope,
  components: readonly ComponentSpec[],
  isInBatch = false,
): Expression {
  const choices = choicesOf(value);
  if (choices !== undefined) {
    const make = (choice: unknown, key: string) =>
      componentCall(choice, kind, below(spot, key), scope, components, isInBatch);
    return selectCall(choices, make, spot, scope);
  }
  const config = mapAt(value, spot);
  const spec = specOf(config, kind, spot, components);
  requireFields(config, spec, spot);
  const properties: Property[] = [];
  for (const [key, item] of Object.entries(config)) {
    if (key === 'use' || spec.binds?.some(({ to }) => to === key)) continue;
    const at = below(spot, key);
    const field = fieldOf(spec, key, at);
    const name = camelCase(key) + (field.isDuration ? 'Ms' : '');
    if (field.component !== undefined) {
      const isBatch = spec.isBatch === true;
      properties.push([name, componentCall(item, field.component, at, scope, components, isBatch)]);
    } else if (isInBatch && field.each) {
      const { body, each } = batchBody(item, at, scope);
      properties.push([name, body], ['each', each]);
    } else {
      const isConstant = isInBatch || field.perRow !== true;
      properties.push([name, fieldValue(field, item, at, isConstant ? { ...scope, row: undefined } : scope)]);
    }
  }
  requireEach(config, spec, spot, isInBatch);
  const bound = (spec.binds ?? []).map(({ to }) => boundTo(config, to, spot, scope));
  return call(spec.construct, properties.length === 0 ? bound : [...bound, object(properties)]);
}

/** `select(params.provider, { http: () => httpChannel({ … }), … })`: only the one that is chosen is made. */
function selectCall(
  { by, choices }: NonNullable<ReturnType<typeof choicesOf>>,
  make: (choice: unknown, key: string) => Expression,
  spot: Spot,
  scope: Scope,
): Expression {
  const at = below(spot, 'select');
  const chooser = resolved(by, at, { ...scope, row: undefined });
  if (chooser.kind !== 'member' || chooser.of.kind !== 'name' || chooser.of.name !== 'params')
    throw mistake(at, `got ${shown(by)}, expected one param such as \${params.provider}`);
  const made = Object.entries(choices).map(([key, choice]): Property => [key, arrow('', make(choice, key))]);
  return call('select', [chooser, object(made)]);
}

/** A batch is made of what each row adds, wherever its spec lets that stand. */
function requireEach(
  config: Readonly<Record<string, unknown>>,
  { kind, key, fields }: ComponentSpec,
  spot: Spot,
  isInBatch: boolean,
): void {
  if (!isInBatch) return;
  const holder = Object.keys(fields).find((name) => fields[name]?.each);
  if (holder === undefined) throw mistake(below(spot, 'use'), `the ${kind} '${key}' cannot carry batches`);
  if (!Object.hasOwn(config, holder))
    throw mistake(spot, `a batch needs what each row adds: {each: {…}} inside ${holder}`);
}

/** Names the input or output that a component is bound to, of a choice the first; undefined where it binds none. */
export function bindingOf(value: unknown, binds: Bond['to']): string | undefined {
  const [first] = Object.values(choicesOf(value)?.choices ?? {});
  if (first !== undefined) return bindingOf(first, binds);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, binds)) return undefined;
  const bound = (value as Readonly<Record<string, unknown>>)[binds];
  return typeof bound === 'string' ? bound : undefined;
}

function specOf(
  config: Readonly<Record<string, unknown>>,
  kind: ComponentKind,
  spot: Spot,
  components: readonly ComponentSpec[],
): ComponentSpec {
  const known = components.filter((spec) => spec.kind === kind);
  const key = textAt(config.use, below(spot, 'use'));
  const spec = known.find((candidate) => candidate.key === key);
  if (spec !== undefined) return spec;
  const keys = known.map((candidate) => candidate.key).sort();
  throw mistake(below(spot, 'use'), `there is no ${kind} '${key}'; known are ${keys.join(', ') || 'none'}`);
}

function requireFields(config: Readonly<Record<string, unknown>>, spec: ComponentSpec, spot: Spot): void {
  const missing = Object.keys(spec.fields).filter(
    (key) => spec.fields[key]?.isRequired && !Object.hasOwn(config, key),
  );
  if (missing.length > 0) throw mistake(spot, `${spec.kind} '${spec.key}' needs ${missing.join(', ')}`);
}

function fieldOf(spec: ComponentSpec, key: string, spot: Spot): ConfigField {
  const field = Object.hasOwn(spec.fields, key) ? spec.fields[key] : undefined;
  if (field !== undefined) return field;
  const known = [...(spec.binds ?? []).map(({ to }) => to), ...Object.keys(spec.fields)];
  throw mistake(spot, `${spec.kind} '${spec.key}' has no such key${suggestion(key, known)}`);
}

function fieldValue(field: ConfigField, value: unknown, spot: Spot, scope: Scope): Expression {
  if (field.isDuration) return durationMs(value, spot);
  const expression = resolved(value, spot, scope, field.encoding);
  return isPerRow(expression) ? arrow('row', expression) : expression;
}

function durationMs(value: unknown, spot: Spot): Expression {
  const durationMs = typeof value === 'string' ? parseDuration(value) : undefined;
  if (durationMs === undefined)
    throw mistake(spot, `got ${shown(value)}, expected a duration such as 250ms, 30s, 5m, 1h`);
  return plain(durationMs, spot);
}

function boundTo(
  config: Readonly<Record<string, unknown>>,
  binds: Bond['to'],
  spot: Spot,
  scope: Scope,
): Expression {
  const at = below(spot, binds);
  const bound = textAt(config[binds], at);
  const known = scope[`${binds}s`];
  if (!known.includes(bound))
    throw mistake(at, `the operation declares no ${binds} '${bound}'${suggestion(bound, known)}`);
  return member(name(`${binds}s`), bound);
}
