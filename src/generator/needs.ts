import type { ComponentSpec, EnvironmentVariable } from '../component.js';
import type { OperationDocument } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { referencesIn, soleReference } from '../registry/reference.js';
import { choicesOf } from '../registry/select.js';

/** What a start of a runner reads of its environment. */
export interface RunnerNeeds {
  /** Names of the secrets, in the operation's order. */
  readonly secrets: readonly string[];
  readonly environment: readonly EnvironmentVariable[];
}

/** What one start is given by its schedule or its command line, beside the defaults of the operation. */
interface Start {
  readonly runner: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Of inputs and outputs, by name. */
  readonly locations: Readonly<Record<string, string>>;
}

/**
 * The secrets and the environment that a start with these params and locations needs: of what a param chooses only
 * what is chosen, and of connections only those of schemes that a location has.
 */
export function needsOf(
  document: OperationDocument,
  start: Start,
  components: readonly ComponentSpec[],
): RunnerNeeds {
  const runner = document.runners[start.runner];
  const secrets = new Set<string>();
  const uses = new Set<string>();
  const paramOf = (name: string) => start.params[name] ?? document.params?.[name]?.default;
  const walk = (value: unknown): void => {
    if (typeof value === 'string')
      for (const { root, path } of referencesIn(value)) if (root === 'secrets') secrets.add(path[0] ?? '');
    const chosen = choicesOf(value);
    if (chosen !== undefined) {
      const param = soleReference(chosen.by)?.path[0] ?? '';
      walk(chosen.choices[String(paramOf(param))]);
    } else if (Array.isArray(value)) value.forEach(walk);
    else if (isMap(value)) {
      if (typeof value.use === 'string') uses.add(value.use);
      Object.values(value).forEach(walk);
    }
  };
  walk(runner);
  const isScript = runner?.run !== undefined;
  const schemes = schemesOf(document, start);
  const environment = components
    .filter(({ key }) => uses.has(key))
    .flatMap((spec) => spec.environment ?? [])
    .filter(({ scheme }) => scheme === undefined || schemes.has(scheme));
  return {
    secrets: Object.keys(document.secrets ?? {}).filter((name) => isScript || secrets.has(name)),
    environment: [...new Map(environment.map((each) => [each.name, each])).values()],
  };
}

function schemesOf({ inputs, outputs }: OperationDocument, { locations }: Start): ReadonlySet<string> {
  const declared = Object.entries({ ...inputs, ...outputs });
  const texts = declared.map(([name, { default: byDefault }]) => locations[name] ?? byDefault ?? '');
  return new Set(texts.map((text) => text.split(':')[0] ?? ''));
}
