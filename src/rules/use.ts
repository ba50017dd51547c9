import type { ComponentKind, ComponentSpec, ConfigField, JsonSchema } from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { COMPONENT_STAGES } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { parseTemplate, type Template } from '../registry/reference.js';
import type { Path } from '../registry/source.js';

/** A text inside a runner, with what is known of the place it stands in. */
export interface TextUse {
  readonly operation: Artefact;
  readonly template: Template;
  readonly text: string;
  readonly path: Path;
  /** The YAML key of the component that holds it; undefined where the component or its key is unknown. */
  readonly field: ConfigField | undefined;
  /** The schema of exactly this value; undefined where the field does not say. */
  readonly schema: JsonSchema | undefined;
  /** The input that the runner's reader is bound to: what `${row.x}` is looked up in. */
  readonly input: string | undefined;
}

/** The value of `input:` or `output:` of a component. */
export interface Binding {
  readonly operation: Artefact;
  readonly to: 'input' | 'output';
  readonly name: string;
  readonly path: Path;
  /** The component that is bound; undefined where it is unknown. */
  readonly spec: ComponentSpec | undefined;
}

/** A `use:` that names a component which nobody provides. */
interface UnknownComponent {
  readonly kind: ComponentKind;
  readonly use: string;
  readonly path: Path;
}

/** The components that the runners of an operation use, each as often as it is used. */
export function componentsOf(operation: Artefact, specs: readonly ComponentSpec[]): ComponentSpec[] {
  const runners = isMap(operation.document.runners) ? Object.values(operation.document.runners) : [];
  const found: ComponentSpec[] = [];
  const visit = (kind: ComponentKind, config: unknown): void => {
    const spec = isMap(config)
      ? specs.find((candidate) => candidate.kind === kind && candidate.key === config.use)
      : undefined;
    if (spec === undefined || !isMap(config)) return;
    found.push(spec);
    for (const [key, field] of Object.entries(spec.fields)) {
      if (field.component !== undefined) visit(field.component, config[key]);
    }
  };
  for (const runner of runners) {
    if (isMap(runner)) for (const stage of COMPONENT_STAGES) visit(stage, runner[stage]);
  }
  return found;
}

/** All that the runners of an operation hold. */
interface Uses {
  readonly texts: readonly TextUse[];
  readonly bindings: readonly Binding[];
  readonly badKeys: readonly Path[];
  readonly unknown: readonly UnknownComponent[];
}

/** Several rules ask the same of one operation. */
const known = new WeakMap<Artefact, { specs: readonly ComponentSpec[]; uses: Uses }>();

/** What the runners of an operation hold, whether or not its document is sound. */
export function usesOf(operation: Artefact, specs: readonly ComponentSpec[]): Uses {
  const before = known.get(operation);
  const uses = before?.specs === specs ? before.uses : walk(operation, specs);
  known.set(operation, { specs, uses });
  return uses;
}

function walk(operation: Artefact, specs: readonly ComponentSpec[]): Uses {
  const texts: TextUse[] = [];
  const bindings: Binding[] = [];
  const badKeys: Path[] = [];
  const unknown: UnknownComponent[] = [];
  const runners = isMap(operation.document.runners) ? Object.entries(operation.document.runners) : [];

  for (const [name, runner] of runners) {
    if (!isMap(runner)) continue;
    const reader = isMap(runner.reader) ? runner.reader.input : undefined;
    const input = typeof reader === 'string' ? reader : undefined;
    for (const stage of COMPONENT_STAGES)
      walkComponent(stage, runner[stage], ['runners', name, stage], input);
  }
  return { texts, bindings, badKeys, unknown };

  function walkComponent(kind: ComponentKind, value: unknown, path: Path, input: string | undefined): void {
    const config = isMap(value) ? value : {};
    const spec = specs.find((candidate) => candidate.kind === kind && candidate.key === config.use);
    if (spec === undefined && typeof config.use === 'string')
      unknown.push({ kind, use: config.use, path: [...path, 'use'] });
    for (const [key, item] of Object.entries(config)) {
      const field = spec && Object.hasOwn(spec.fields, key) ? spec.fields[key] : undefined;
      const at = [...path, key];
      // An unknown component is one finding already; taking its input and output at their word keeps it one.
      const binds =
        spec === undefined ? (['input', 'output'] as const).find((word) => word === key) : spec.binds;
      if (key === binds && typeof item === 'string')
        bindings.push({ operation, to: binds, name: item, path: at, spec });
      else if (field?.component !== undefined) walkComponent(field.component, item, at, input);
      else if (key !== 'use') walkValue(item, at, field, field?.schema, input);
    }
  }

  function walkValue(
    value: unknown,
    path: Path,
    field: ConfigField | undefined,
    schema: JsonSchema | undefined,
    input: string | undefined,
  ): void {
    if (typeof value === 'string')
      texts.push({ operation, template: parseTemplate(value), text: value, path, field, schema, input });
    else if (Array.isArray(value))
      for (const [index, item] of value.entries())
        walkValue(item, [...path, index], field, within(schema, 'items'), input);
    else if (isMap(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (parseTemplate(key).parts.some((part) => typeof part === 'object')) badKeys.push([...path, key]);
        walkValue(item, [...path, key], field, within(schema, 'additionalProperties', key), input);
      }
    }
  }
}

function within(
  schema: JsonSchema | undefined,
  keyword: 'items' | 'additionalProperties',
  key?: string,
): JsonSchema | undefined {
  const named =
    key !== undefined && isMap(schema?.properties) && Object.hasOwn(schema.properties, key)
      ? schema.properties[key]
      : undefined;
  const inner = named ?? schema?.[keyword];
  return isMap(inner) ? inner : undefined;
}
