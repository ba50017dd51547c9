import type {
  ComponentKind,
  ComponentSpec,
  ConfigField,
  JsonSchema,
  OutcomeTableMark,
} from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { COMPONENT_STAGES } from '../registry/document.js';
import { eachPathsIn, isEach } from '../registry/each.js';
import { isMap } from '../registry/jsonSchema.js';
import { isModuleUse } from '../registry/module.js';
import { parseTemplate, type Template } from '../registry/reference.js';
import { choicesOf } from '../registry/select.js';
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
  /** Whether the component is made once for many messages, and this text stands outside of what is made for each. */
  readonly isSharedByBatch: boolean;
}

/** A component below a sender. */
export interface Carrier {
  readonly operation: Artefact;
  readonly spec: ComponentSpec;
  readonly path: Path;
  /** Whether the sender puts many messages into one request. */
  readonly isBatch: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  /** Where it holds `{each: …}`, under the keys that may. */
  readonly eachPaths: readonly Path[];
}

/** The name of a column that every row must have. */
export interface ColumnUse {
  readonly operation: Artefact;
  readonly name: string;
  readonly path: Path;
  readonly input: string | undefined;
}

/** A table that lists statuses or codes by outcome class. */
export interface TableUse {
  readonly operation: Artefact;
  readonly mark: OutcomeTableMark;
  /** The value of the key that holds it. */
  readonly value: unknown;
  readonly path: Path;
}

/** A choice between components by a param. */
export interface SelectUse {
  readonly operation: Artefact;
  readonly by: string;
  readonly choices: readonly string[];
  readonly path: Path;
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

/** A `use:` with the place that it stands in. */
interface NamedComponent {
  readonly kind: ComponentKind;
  readonly use: string;
  readonly path: Path;
}

/** The components that the runners of an operation use, each as often as it is used. */
export function componentsOf(operation: Artefact, specs: readonly ComponentSpec[]): ComponentSpec[] {
  const runners = isMap(operation.document.runners) ? Object.values(operation.document.runners) : [];
  const found: ComponentSpec[] = [];
  const visit = (kind: ComponentKind, config: unknown): void => {
    for (const choice of Object.values(choicesOf(config)?.choices ?? {})) visit(kind, choice);
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
  /** Those that nobody provides; modules are not among them. */
  readonly unknown: readonly NamedComponent[];
  /** Modules of the registry's own, whether or not they are known. */
  readonly modules: readonly NamedComponent[];
  readonly carriers: readonly Carrier[];
  readonly columns: readonly ColumnUse[];
  readonly tables: readonly TableUse[];
  readonly selects: readonly SelectUse[];
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

/** Where a walk is. */
interface Place {
  readonly path: Path;
  /** The input that the runner's reader is bound to. */
  readonly input: string | undefined;
  /** Whether the sender above puts many messages into one request; undefined above or without one. */
  readonly isBatch?: boolean | undefined;
  readonly isInEach?: boolean;
}

function walk(operation: Artefact, specs: readonly ComponentSpec[]): Uses {
  const texts: TextUse[] = [];
  const bindings: Binding[] = [];
  const badKeys: Path[] = [];
  const unknown: NamedComponent[] = [];
  const modules: NamedComponent[] = [];
  const carriers: Carrier[] = [];
  const columns: ColumnUse[] = [];
  const tables: TableUse[] = [];
  const selects: SelectUse[] = [];
  const runners = isMap(operation.document.runners) ? Object.entries(operation.document.runners) : [];

  for (const [name, runner] of runners) {
    if (!isMap(runner)) continue;
    const input = inputOf(runner.reader);
    for (const stage of COMPONENT_STAGES)
      walkComponent(stage, runner[stage], { path: ['runners', name, stage], input });
  }
  return { texts, bindings, badKeys, unknown, modules, carriers, columns, tables, selects };

  function walkComponent(kind: ComponentKind, value: unknown, place: Place): void {
    const chosen = choicesOf(value);
    if (chosen !== undefined) {
      const { by, choices } = chosen;
      walkValue(by, below(place, 'select'), undefined, undefined);
      if (typeof by === 'string')
        selects.push({ operation, by, choices: Object.keys(choices), path: place.path });
      for (const [key, choice] of Object.entries(choices)) walkComponent(kind, choice, below(place, key));
      return;
    }
    const config = isMap(value) ? value : {};
    const spec = specs.find((candidate) => candidate.kind === kind && candidate.key === config.use);
    if (typeof config.use === 'string') {
      const named = { kind, use: config.use, path: [...place.path, 'use'] };
      if (isModuleUse(config.use)) modules.push(named);
      else if (spec === undefined) unknown.push(named);
    }
    if (spec !== undefined && place.isBatch !== undefined) carriers.push(carrierOf(spec, config, place));
    for (const [key, item] of Object.entries(config)) {
      const field = spec && Object.hasOwn(spec.fields, key) ? spec.fields[key] : undefined;
      const at = below(place, key);
      // An unknown component is one finding already; taking its input and output at their word keeps it one.
      const binds =
        spec === undefined ? (['input', 'output'] as const).find((word) => word === key) : spec.binds;
      if (key === binds && typeof item === 'string')
        bindings.push({ operation, to: binds, name: item, path: at.path, spec });
      else if (field?.component !== undefined)
        walkComponent(field.component, item, { ...at, isBatch: spec?.isBatch === true });
      else if (key !== 'use') {
        if (field !== undefined) markedIn(field, item, at);
        walkValue(item, at, field, field?.schema);
      }
    }
  }

  function carrierOf(spec: ComponentSpec, config: Carrier['config'], place: Place): Carrier {
    const eachPaths = Object.entries(config).flatMap(([key, item]) =>
      Object.hasOwn(spec.fields, key) && spec.fields[key]?.each
        ? eachPathsIn(item, [...place.path, key])
        : [],
    );
    return { operation, spec, config, eachPaths, path: place.path, isBatch: place.isBatch === true };
  }

  function markedIn(field: ConfigField, value: unknown, { path, input }: Place): void {
    for (const pointer of field.columns ?? []) {
      const name = valueAt(value, pointer);
      if (typeof name === 'string')
        columns.push({ operation, name, path: [...path, ...stepsOf(pointer)], input });
    }
    for (const mark of field.outcomeTables ?? []) tables.push({ operation, mark, value, path });
  }

  function walkValue(
    value: unknown,
    place: Place,
    field: ConfigField | undefined,
    schema: JsonSchema | undefined,
  ): void {
    const { path, input } = place;
    if (typeof value === 'string') {
      const isSharedByBatch = place.isBatch === true && place.isInEach !== true;
      const template = parseTemplate(value);
      texts.push({ operation, template, text: value, path, field, schema, input, isSharedByBatch });
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        walkValue(item, below(place, index), field, within(schema, 'items'));
    } else if (isMap(value)) {
      const isInEach = place.isInEach === true || (field?.each === true && isEach(value));
      for (const [key, item] of Object.entries(value)) {
        if (parseTemplate(key).parts.some((part) => typeof part === 'object')) badKeys.push([...path, key]);
        walkValue(
          item,
          { ...below(place, key), isInEach },
          field,
          within(schema, 'additionalProperties', key),
        );
      }
    }
  }
}

/** The input that a reader is bound to; of a choice between readers, that of the first. */
function inputOf(reader: unknown): string | undefined {
  const [first] = Object.values(choicesOf(reader)?.choices ?? {});
  const input = isMap(first ?? reader) ? (first ?? reader) : undefined;
  return isMap(input) && typeof input.input === 'string' ? input.input : undefined;
}

function below(place: Place, key: string | number): Place {
  return { ...place, path: [...place.path, key] };
}

/** The keys that a JSON pointer without escapes goes through. */
export function stepsOf(pointer: string): string[] {
  return pointer.split('/').slice(1);
}

/** What such a pointer leads to; undefined where there is nothing. */
export function valueAt(value: unknown, pointer: string): unknown {
  return stepsOf(pointer).reduce<unknown>(
    (at, key) => (isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined),
    value,
  );
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
