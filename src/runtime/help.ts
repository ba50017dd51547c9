import type { EnvironmentVariable } from '../component.js';
import { oneLine } from '../error.js';
import { RUNNER_EXIT } from '../exit.js';
import { flagName, OPTION_FLAGS, TASK_OPTION_FLAGS } from '../runner-flags.js';
import { commandOf, locatedInputs } from './command-line.js';
import { isTaskRunner, type RunnerDefinition } from './definition.js';
import {
  exampleOf,
  flagText,
  locationEntry,
  paramEntry,
  placeholderOf,
  secretEntry,
  variableEntry,
} from './help-entries.js';
import { type Entry, entriesText, FIRM_SPACE, paragraph } from './help-layout.js';
import { isNeeded } from './secrets.js';

export interface HelpOptions {
  /** Columns of the terminal. Lines are never longer than 110, which is past easy reading. */
  readonly width: number;
  /** What the components read from the environment. */
  readonly environment?: readonly EnvironmentVariable[];
  /** The inputs that must have a location, as for `parseCommandLine`. */
  readonly needsLocation?: ReadonlySet<string>;
}

const EXIT_MEANINGS: Readonly<Record<keyof typeof RUNNER_EXIT, string>> = {
  ok: 'every row has its result',
  usage: 'a flag, param or secret is wrong',
  data: 'the input cannot be read, or too much of it is rejected',
  unavailable: 'a provider or database does not answer, or too much fails',
  internal: 'our bug',
  storage: 'results could not be logged: rtn log replay FILE',
  temporary: 'stopped before the end; start it again',
  credentials: 'credentials were refused',
  configuration: 'wrong endpoint, table or document',
};

/** What a task means otherwise. */
const TASK_EXIT_MEANINGS: Readonly<Partial<Record<keyof typeof RUNNER_EXIT, string>>> = {
  ok: 'all that there was to do is done',
  data: 'what it was given cannot be read',
  unavailable: 'a database or cluster does not answer',
  storage: 'what it has done could not be written',
};

function exitCodes(definition: RunnerDefinition): Entry[] {
  const meanings = { ...EXIT_MEANINGS, ...(isTaskRunner(definition) && TASK_EXIT_MEANINGS) };
  return Object.entries(RUNNER_EXIT).map(([name, code]) => [
    String(code).padStart(2),
    meanings[name as keyof typeof RUNNER_EXIT],
  ]);
}

/** The text of `--help`: all that a person needs to start this runner, and a scheduler to judge how it ended. */
export function helpText(definition: RunnerDefinition, options: HelpOptions): string {
  const { operation } = definition;
  const width = Math.min(Math.max(options.width, 40), 110);
  const needed = options.needsLocation ?? locatedInputs(definition);
  const sections = sectionsOf(definition, needed, options.environment ?? []).filter(
    ([, entries]) => entries.length > 0,
  );
  const heads = sections.flatMap(([, entries]) => entries.map(([head]) => head.length));
  const column = Math.min(Math.max(...heads) + 4, Math.floor(width / 3));
  const title = operation.title === undefined ? '' : `: ${oneLine(operation.title)}`;
  const blocks = [
    paragraph(`${operation.name} ${operation.version}, ${operation.runner}${title}`, 0, width),
    `Usage\n${paragraph(usage(definition, needed), 2, width, 6)}`,
    `Example\n${paragraph(example(definition, needed), 2, width - 2, 6).replaceAll('\n', ' \\\n')}`,
    ...sections.map(([head, entries]) => `${head}\n${entriesText(entries, width, column)}`),
    `Exit codes\n${entriesText(exitCodes(definition), width, 6)}`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

type Section = readonly [head: string, entries: readonly Entry[]];

function sectionsOf(
  definition: RunnerDefinition,
  needed: ReadonlySet<string>,
  environment: readonly EnvironmentVariable[],
): Section[] {
  const { inputs, outputs, params, secrets } = definition;
  const options = isTaskRunner(definition) ? TASK_OPTION_FLAGS : OPTION_FLAGS;
  return [
    ['Inputs', Object.entries(inputs).map(([name, input]) => locationEntry(name, input, needed.has(name)))],
    ['Outputs', Object.entries(outputs).map(([name, output]) => locationEntry(name, output, true))],
    [
      'Params (or RTN_PARAM_NAME in the environment, or --params FILE)',
      Object.entries(params).map(paramEntry),
    ],
    [
      'Secrets (in the environment; or NAME_FILE with the path of a file)',
      Object.entries(secrets).map(secretEntry),
    ],
    ['Environment', environment.map(variableEntry)],
    [
      'Options',
      options.map(({ flag, placeholder, description }) => [flagText(flag, placeholder), description]),
    ],
  ];
}

function usage(definition: RunnerDefinition, needed: ReadonlySet<string>): string {
  const flags = requiredFlags(definition, needed).map(([name, placeholder]) =>
    flagText(name, placeholder).replace(' ', FIRM_SPACE),
  );
  return [command(definition), ...flags, '[options]'].join(' ');
}

function example(definition: RunnerDefinition, needed: ReadonlySet<string>): string {
  const byDefault = Object.fromEntries(
    Object.entries(definition.params).map(([name, schema]) => [name, schema.default ?? exampleOf(schema)]),
  );
  const secrets = Object.entries(definition.secrets)
    .filter(([, secret]) => isNeeded(secret, byDefault))
    .map(([name]) => `${name}_FILE=${name.toLowerCase()}.txt`);
  const flags = requiredFlags(definition, needed).map(
    ([name, , value]) => `--${flagName(name)}${FIRM_SPACE}${value}`,
  );
  return [...secrets, command(definition), ...flags].join(' ');
}

function command(definition: RunnerDefinition): string {
  return commandOf(definition).replace(' ', FIRM_SPACE);
}

/** What must be given by flag, unless elsewhere: name, placeholder, an example. */
function requiredFlags(
  { inputs, outputs, params }: RunnerDefinition,
  needed: ReadonlySet<string>,
): [string, string, string][] {
  const bare = ([, { default: byDefault }]: readonly [string, { readonly default?: unknown }]): boolean =>
    byDefault === undefined;
  return [
    ...Object.entries(inputs)
      .filter(([name, input]) => needed.has(name) && bare([name, input]))
      .map(([name]): [string, string, string] => [name, 'LOCATION', `yt://home/project/${name}`]),
    ...Object.entries(outputs)
      .filter(bare)
      .map(([name]): [string, string, string] => [name, 'LOCATION', `pg:${name}`]),
    ...Object.entries(params)
      .filter(bare)
      .map(([name, schema]): [string, string, string] => [name, placeholderOf(schema), exampleOf(schema)]),
  ];
}
