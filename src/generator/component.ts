import {
  type ComponentKind,
  type ComponentSpec,
  type ConfigField,
  camelCase,
  parseDuration,
} from '../component.js';
import { suggestion } from '../registry/spelling.js';
import { arrow, call, type Expression, member, name, object, type Property } from './expression.js';
import { below, mapAt, mistake, type Spot, shown, textAt } from './spot.js';
import { isPerRow, plain, resolved, type Scope } from './value.js';

/**
 * A component of a runner (`{use: async, …}`) as the call of its constructor: the bound input or output first, then
 * the config as one object with camelCase keys, in the order of the YAML.
 */
export function componentCall(
  value: unknown,
  kind: ComponentKind,
  spot: Spot,
  scope: Scope,
  components: readonly ComponentSpec[],
): Expression {
  const config = mapAt(value, spot);
  const spec = specOf(config, kind, spot, components);
  requireFields(config, spec, spot);
  const properties: Property[] = [];
  for (const [key, item] of Object.entries(config)) {
    if (key === 'use' || key === spec.binds) continue;
    const at = below(spot, key);
    const field = fieldOf(spec, key, at);
    const expression =
      field.component === undefined
        ? fieldValue(field, item, at, scope)
        : componentCall(item, field.component, at, scope, components);
    properties.push([camelCase(key) + (field.isDuration ? 'Ms' : ''), expression]);
  }
  const binding = spec.binds === undefined ? [] : [boundTo(config, spec.binds, spot, scope)];
  return call(spec.construct, properties.length === 0 ? binding : [...binding, object(properties)]);
}

/** Names the input or output that a component is bound to, or undefined where it binds none. */
export function bindingOf(value: unknown, binds: 'input' | 'output'): string | undefined {
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
  const known = [...(spec.binds === undefined ? [] : [spec.binds]), ...Object.keys(spec.fields)];
  throw mistake(spot, `${spec.kind} '${spec.key}' has no such key${suggestion(key, known)}`);
}

function fieldValue(field: ConfigField, value: unknown, spot: Spot, scope: Scope): Expression {
  if (field.isDuration) return durationMs(value, spot);
  const expression = resolved(
    value,
    spot,
    field.perRow ? scope : { ...scope, row: undefined },
    field.encoding,
  );
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
  binds: 'input' | 'output',
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
