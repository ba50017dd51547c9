import type {
  ComponentKind,
  ComponentSpec,
  ConfigField,
  JsonSchema,
  OutcomeTableMark,
} from '../component.js';
import type { Artefact } from '../registry/artefact.js';
import { COMPONENT_STAGES } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Template } from '../registry/reference.js';
import { choicesOf } from '../registry/select.js';
import type { Path } from '../registry/source.js';
import { walk } from './walk.js';

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
export interface NamedComponent {
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
export interface Uses {
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
