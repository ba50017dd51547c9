/** One flag of runners. */
interface OptionFlag {
  readonly flag: string;
  /** Stands for the value in help; undefined for a switch. */
  readonly placeholder?: string;
  readonly isRepeatable?: boolean;
  readonly description: string;
  /** Whether the runner of a task has it, too; a text says what it means there. */
  readonly task?: true | string;
}

/** The flags that runners have, in the order in which help lists them. An operation cannot name its own so. */
export const OPTION_FLAGS: readonly OptionFlag[] = [
  { flag: 'params', placeholder: 'FILE', description: 'Params from a JSON or YAML file.', task: true },
  {
    flag: 'dry-run',
    description: 'Reads, checks and renders every row, shows samples; sends and logs nothing.',
    task: 'Looks and says what there is to do; changes nothing.',
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
    task: 'Name of the run. Default: a new one for each start.',
  },
  {
    flag: 'schedule',
    placeholder: 'NAME',
    description: 'The schedule that starts it, with --slot: the run is NAME@SLOT.',
    task: true,
  },
  {
    flag: 'slot',
    placeholder: 'SLOT',
    description:
      "The time of --schedule that is due: 2026-11-24T09:17Z, the name of a Kubernetes job that a CronJob made, or cron fields with a time zone for the last one until now, '17 9 * * 1-5 Europe/Moscow'.",
    task: true,
  },
  {
    flag: 'start-deadline',
    placeholder: 'DURATION',
    description: 'Starts nothing when it is later than this after the slot, such as 30m.',
    task: true,
  },
  { flag: 'fresh', description: 'A new run: sends to everyone, whatever earlier runs have sent.' },
  {
    flag: 'wait',
    placeholder: 'DURATION',
    description: 'How long to wait for another runner that holds the run. Default: 30s.',
    task: 'How long to wait for another instance that has the same work in hand. Default: 30s.',
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
  {
    flag: 'summary',
    placeholder: 'FILE',
    description: 'Writes the counts as JSON when the run has ended.',
    task: 'Writes what came of it as JSON when the run has ended.',
  },
  {
    flag: 'health-port',
    placeholder: 'PORT',
    description:
      'Serves /healthz, /readyz and /metrics (Prometheus) on this port of loopback, or on HOST:PORT; 0 for any that is free.',
  },
  { flag: 'json-progress', description: 'Progress as JSON lines.', task: true },
  { flag: 'quiet', description: 'Says nothing on success.', task: true },
  { flag: 'help', description: 'Shows this text.', task: true },
  { flag: 'version', description: 'Shows operation, version and digest.', task: true },
];

/** Those that the runner of a task has, as they are described there. */
export const TASK_OPTION_FLAGS: readonly OptionFlag[] = OPTION_FLAGS.flatMap((option) => {
  if (option.task === undefined) return [];
  return [{ ...option, description: option.task === true ? option.description : option.task }];
});

/** How a name of the operation is written as a flag: `rate_limit` as `rate-limit`. */
export function flagName(name: string): string {
  return name.replaceAll('_', '-');
}
