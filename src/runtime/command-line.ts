import { oneLine, RtnError } from '../error.js';
import { flagName } from '../runner-flags.js';
import { isTaskRunner, type RunnerDefinition } from './definition.js';
import { flagsOf, readFlags } from './flags.js';
import { type RunOptions, runOptions } from './options.js';
import { resolveParams } from './params.js';
import { readSecrets } from './secrets.js';

/** What a runner was asked to do. */
export type CommandLine =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'run';
      /** Location texts by name, defaults filled in; an input that has none is absent. */
      readonly inputs: Readonly<Record<string, string>>;
      readonly outputs: Readonly<Record<string, string>>;
      readonly params: Readonly<Record<string, unknown>>;
      readonly secrets: Readonly<Record<string, string>>;
      readonly options: RunOptions;
    };

export interface CommandLineRules {
  /** The inputs that must have a location. Default: all, or none for a runner whose name begins with `service`. */
  readonly needsLocation?: ReadonlySet<string>;
}

/**
 * Reads flags, environment and files into what a run needs. Throws RtnError `usage` that tells every mistake at once
 * (`details.mistakes`), and `configuration` when two things of the operation claim one flag. `--help` and `--version`
 * win over any mistake.
 */
export function parseCommandLine(
  definition: RunnerDefinition,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { needsLocation = locatedInputs(definition) }: CommandLineRules = {},
): CommandLine {
  const flags = flagsOf(definition);
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'help' };
  if (argv.includes('--version')) return { kind: 'version' };
  const read = readFlags(argv, flags, Object.keys(definition.secrets));
  const options = runOptions(read.option);
  const given = { ...read, mistakes: [...read.mistakes, ...options.mistakes] };
  const inputs = locations('input', definition.inputs, given.input, (name) => needsLocation.has(name));
  const outputs = locations('output', definition.outputs, given.output, () => true);
  const file = given.option.get('params');
  const params = resolveParams(definition.params, { flags: given.param, environment, file });
  const secrets = readSecrets(definition.secrets, environment, params.values);
  const mistakes = [given, inputs, outputs, params, secrets].flatMap((part) => part.mistakes);
  if (mistakes.length > 0) throw usageError(definition, mistakes);
  return {
    kind: 'run',
    inputs: inputs.values,
    outputs: outputs.values,
    params: params.values,
    secrets: secrets.values,
    options: options.values,
  };
}

/**
 * The inputs that are read from a location, as far as a definition tells: a service reads streams, whose endpoint its
 * reader's config gives. A service that does read a location is told so by its reader when it opens.
 */
export function locatedInputs(definition: RunnerDefinition): ReadonlySet<string> {
  const isService = !isTaskRunner(definition) && definition.operation.runner.startsWith('service');
  return new Set(isService ? [] : Object.keys(definition.inputs));
}

/** `node driver_push-1.4.10.one-shot.mjs`: how help and messages call the runner. */
export function commandOf({ operation }: RunnerDefinition): string {
  return `node ${operation.name}-${operation.version}.${operation.runner}.mjs`;
}

function locations(
  kind: 'input' | 'output',
  declared: Readonly<Record<string, { readonly default?: string }>>,
  given: ReadonlyMap<string, string>,
  isNeeded: (name: string) => boolean,
): { values: Readonly<Record<string, string>>; mistakes: string[] } {
  const values: [string, string][] = [];
  const mistakes: string[] = [];
  for (const [name, { default: byDefault }] of Object.entries(declared)) {
    const location = given.get(name) ?? byDefault;
    if (location !== undefined && location !== '') values.push([name, location]);
    else if (isNeeded(name))
      mistakes.push(`${kind} ${name} has no location: give --${flagName(name)} LOCATION`);
  }
  return { values: Object.fromEntries(values), mistakes };
}

function usageError(definition: RunnerDefinition, mistakes: readonly string[]): RtnError {
  const { name } = definition.operation;
  const [only] = mistakes;
  const message =
    mistakes.length === 1
      ? `${name}: ${only}`
      : `${name}: ${mistakes.length} mistakes in what it was given\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`;
  return new RtnError('usage', message, {
    details: { mistakes: mistakes.map((mistake) => oneLine(mistake)) },
    next: `${commandOf(definition)} --help`,
  });
}
