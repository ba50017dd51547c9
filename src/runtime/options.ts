/** What the command line says of the run itself, apart from the operation. */
export interface RunOptions {
  /** Name of the run; undefined when it is to be made at start. */
  readonly runId: string | undefined;
  /** Folder for what must survive the process. */
  readonly stateDir: string | undefined;
  /** File that gets the counts as JSON at the end. */
  readonly summary: string | undefined;
  /** Progress as JSON lines instead of text. */
  readonly jsonProgress: boolean;
  /** Says nothing on success. */
  readonly quiet: boolean;
}

interface OptionFlag {
  readonly flag: string;
  /** Stands for the value in help; undefined for a switch. */
  readonly placeholder?: string;
  readonly description: string;
}

/** The flags that every runner has, in the order in which help lists them. An operation cannot name its own so. */
export const OPTION_FLAGS: readonly OptionFlag[] = [
  { flag: 'params', placeholder: 'FILE', description: 'Params from a JSON or YAML file.' },
  {
    flag: 'run-id',
    placeholder: 'ID',
    description: 'Name of the run. Default: made from operation and time.',
  },
  {
    flag: 'state-dir',
    placeholder: 'DIR',
    description: 'Folder for what must survive the process, such as results that could not be logged.',
  },
  { flag: 'summary', placeholder: 'FILE', description: 'Writes the counts as JSON when the run has ended.' },
  { flag: 'json-progress', description: 'Progress as JSON lines.' },
  { flag: 'quiet', description: 'Says nothing on success.' },
  { flag: 'help', description: 'Shows this text.' },
  { flag: 'version', description: 'Shows operation, version and digest.' },
];

/** The options of a command line, from the texts given by flag; a switch that was given has the empty text. */
export function runOptions(given: ReadonlyMap<string, string>): RunOptions {
  return {
    runId: given.get('run-id'),
    stateDir: given.get('state-dir'),
    summary: given.get('summary'),
    jsonProgress: given.has('json-progress'),
    quiet: given.has('quiet'),
  };
}
