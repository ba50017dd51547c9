/** One flag that every runner has. */
interface OptionFlag {
  readonly flag: string;
  /** Stands for the value in help; undefined for a switch. */
  readonly placeholder?: string;
  readonly isRepeatable?: boolean;
  readonly description: string;
}

/** The flags that every runner has, in the order in which help lists them. An operation cannot name its own so. */
export const OPTION_FLAGS: readonly OptionFlag[] = [
  { flag: 'params', placeholder: 'FILE', description: 'Params from a JSON or YAML file.' },
  {
    flag: 'dry-run',
    description: 'Reads, checks and renders every row, shows samples; sends and logs nothing.',
  },
  { flag: 'limit', placeholder: 'N', description: 'Only the first N rows.' },
  {
    flag: 'sample',
    placeholder: 'PERCENT',
    description: 'Only a share of the recipients, such as 1%; the same ones on every start.',
  },
  {
    flag: 'only',
    placeholder: 'ID',
    isRepeatable: true,
    description: 'Only the messages with these ids: several with commas between, or the flag again.',
  },
  {
    flag: 'not-after',
    placeholder: 'TIME',
    description: 'Sends nothing after this time, such as 2026-11-23T20:00+03:00; the rest is left.',
  },
  { flag: 'yes', description: 'Does not ask on a terminal before it sends more than 10,000 messages.' },
  {
    flag: 'run-id',
    placeholder: 'ID',
    description:
      'Name of the run. Default: derived from the operation and what the input holds, so that nothing is sent twice.',
  },
  { flag: 'fresh', description: 'A new run: sends to everyone, whatever earlier runs have sent.' },
  {
    flag: 'wait',
    placeholder: 'DURATION',
    description: 'How long to wait for another runner that holds the run. Default: 30s.',
  },
  {
    flag: 'shard',
    placeholder: 'I/N',
    description:
      'Only the part I of N of the input, from 0: 0/3, 1/3 and 2/3 are the whole. Rates are of the whole.',
  },
  {
    flag: 'retry-of',
    placeholder: 'RUN',
    description: 'Sends a part of that run again, as rtn retry asks for it; with --run-id and --retry.',
  },
  {
    flag: 'retry',
    placeholder: 'WHICH',
    description: 'Which messages of --retry-of: failed, in-doubt, or the class of their last answer.',
  },
  {
    flag: 'state-dir',
    placeholder: 'DIR',
    description: 'Folder for what must survive the process, such as results that could not be logged.',
  },
  { flag: 'summary', placeholder: 'FILE', description: 'Writes the counts as JSON when the run has ended.' },
  {
    flag: 'health-port',
    placeholder: 'PORT',
    description:
      'Serves /healthz, /readyz and /metrics (Prometheus) on this port of loopback, or on HOST:PORT; 0 for any that is free.',
  },
  { flag: 'json-progress', description: 'Progress as JSON lines.' },
  { flag: 'quiet', description: 'Says nothing on success.' },
  { flag: 'help', description: 'Shows this text.' },
  { flag: 'version', description: 'Shows operation, version and digest.' },
];

/** How a name of the operation is written as a flag: `rate_limit` as `rate-limit`. */
export function flagName(name: string): string {
  return name.replaceAll('_', '-');
}
