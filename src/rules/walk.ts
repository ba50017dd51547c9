import type { Bond, ComponentKind, ComponentSpec, ConfigField, JsonSchema } from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { COMPONENT_STAGES } from '../registry/document.js';
import { eachPathsIn, isEach } from '../registry/each.js';
import { isMap } from '../registry/jsonSchema.js';
import { isModuleUse } from '../registry/module.js';
import { stepsOf, valueAt } from '../registry/pointer.js';
import { parseTemplate } from '../registry/reference.js';
import { choicesOf } from '../registry/select.js';
import type { Path } from '../registry/source.js';
import type {
  Binding,
  Carrier,
  ColumnUse,
  NamedComponent,
  SelectUse,
  TableUse,
  TextUse,
  Uses,
} from './use.js';

const ANY_BONDS: readonly Bond[] = [{ to: 'input' }, { to: 'output' }];

/** Where a walk is. */
interface Place {
  readonly path: Path;
  /** The input that the runner's reader is bound to. */
  readonly input: string | undefined;
  /** Whether the sender above puts many messages into one request; undefined above or without one. */
  readonly isBatch?: boolean | undefined;
  readonly isInEach?: boolean;
}

/** Goes through all that the runners of an operation hold. */
export function walk(operation: Artefact, specs: readonly ComponentSpec[]): Uses {
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
      const bond = (spec === undefined ? ANY_BONDS : (spec.binds ?? [])).find(({ to }) => to === key);
      if (bond !== undefined && typeof item === 'string')
        bindings.push({ operation, to: bond.to, name: item, path: at.path, spec });
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
