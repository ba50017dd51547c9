import { RtnError } from '../error.js';
import { expectCron } from '../schedule/cron.js';
import { shortestGapMs } from '../schedule/gap.js';
import { shellPath } from '../shell.js';
import { cronSlot, runnerFlags, runnerFolder, seconds, writtenFile } from './command.js';
import {
  crontabCommand,
  crontabComment,
  crontabFields,
  crontabLine,
  crontabProblem,
  crontabTelling,
  crontabVariable,
  MAX_COMMAND_BYTES,
} from './crontab-text.js';
import { ENV_DIR, INSTALL_DIR, NODE, SECRETS_DIR, STATE_DIR, USER, WATCHED } from './options.js';
import { render } from './render.js';
import type { Complaint, Policy, ScheduledRunner, Target, TargetOptions, TargetOutput } from './target.js';

/** What flock(1) ends with where another process holds the lock: no code of a runner, and no signal's. */
const LOCKED_EXIT = 200;
/** What the line ends with then: as a runner that is to be started again. */
const MISSED_EXIT = 75;
/** Above the drain timeout: requests under way end, what there is is logged. */
const GRACE_MS = 30_000;

const OPTIONS = {
  'install-dir': INSTALL_DIR,
  node: NODE,
  'env-dir': ENV_DIR,
  'secrets-dir': SECRETS_DIR,
  'state-dir': STATE_DIR,
  user: USER,
  watched: WATCHED,
  'host-zone': {
    placeholder: 'ZONE',
    description: 'time zone of the machine, which its cron goes by',
    default: 'UTC',
    problem: (text: string) =>
      /^[A-Za-z][\w+/-]*$/.test(text) ? undefined : 'expected the name of a time zone, such as Europe/Berlin',
  },
  mailto: {
    placeholder: 'ADDRESS',
    description: 'who is mailed what a run prints, which is nothing on success',
    problem: (text: string) =>
      /^[\w.+-]+(@[\w.-]+)?$/.test(text) ? undefined : 'expected one address, such as ops@example.org',
  },
} as const;

const POLICIES: Target['policies'] = {
  cron: { how: 'The five fields, as numbers.' },
  time_zone: {
    how: "The zone of the machine, which is all that cron knows: refused where `--host-zone` (UTC) is another than the schedule's.",
    complaint: ({ schedule: { timeZone } }, { 'host-zone': hostZone }) =>
      timeZone === hostZone
        ? undefined
        : {
            reason: `cron goes by the machine's clocks, in ${hostZone}, and the schedule by those of ${timeZone}`,
            next: `add --host-zone ${timeZone} where timedatectl says that the machine is there; else write time_zone: ${hostZone}, or use --target systemd`,
          },
  },
  overlap: {
    how: 'forbid: `flock -n`, the slot is missed, which a line of output tells. queue: `flock -w` for as long as `deadline`, which has to end before the next slot; then the same. allow: no lock. replace: refused.',
    complaint: overlapComplaint,
  },
  catch_up: {
    how: 'none; latest and all are refused, since cron forgets what it did not start.',
    complaint: ({ schedule: { catchUp } }) =>
      catchUp === 'none'
        ? undefined
        : {
            reason: `${catchUp}: cron starts nothing for slots that passed while the machine was off`,
            next: 'write catch_up: none, or use --target systemd, which runs the latest',
          },
  },
  deadline: {
    how: 'The runner starts nothing when it is later (`--start-deadline`, exit 78); this also tells a cron in another zone.',
  },
  retries: {
    how: 'Refused where there are any: cron starts a slot once.',
    complaint: ({ schedule: { retries } }) =>
      retries.attempts === 0
        ? undefined
        : {
            reason: `${retries.attempts} further starts: cron starts a slot once, whatever it ends with`,
            next: 'leave retries out, or use --target systemd',
          },
  },
  timeout: {
    how: '`timeout --signal=TERM`, and `-k` above the drain timeout of the operation.',
  },
  alert: {
    how: 'Refused unless `--watched` says that another process sends the alerts.',
    complaint: ({ schedule: { alert } }, { watched }) =>
      alert === undefined || watched === 'true'
        ? undefined
        : {
            reason: 'cron does not look at exit codes, so nobody would be told',
            next: 'run rtn schedule watch --alert from elsewhere and add --watched; or leave alert out and give --mailto',
          },
  },
  paused: { how: 'The line is a comment: installing the file ends what was there.' },
  resources: {
    how: 'Refused: cron limits nothing.',
    complaint: ({ schedule: { resources } }) =>
      resources.cpu === undefined && resources.memoryBytes === undefined
        ? undefined
        : {
            reason: 'cron gives a run whatever it takes of the machine',
            next: 'leave resources out, or use --target systemd, which holds a run to them',
          },
  },
} satisfies Record<string, Policy>;

/** A line of cron(8) a schedule, each in a file for /etc/cron.d (`--user`) or for a user's crontab. */
export const crontab: Target = {
  kind: 'target',
  key: 'crontab',
  description: 'a line of cron, for /etc/cron.d with --user, else for a crontab of a user',
  options: OPTIONS,
  policies: POLICIES,
  textProblem: crontabProblem,
  generate,
};

function overlapComplaint({ schedule }: ScheduledRunner): Complaint | undefined {
  const { overlap, deadlineMs } = schedule;
  if (overlap === 'replace')
    return {
      reason: 'replace: cron knows nothing of the run before, so it cannot end it',
      next: 'write overlap: forbid, or use --target kubernetes',
    };
  if (overlap !== 'queue' || (deadlineMs !== undefined && deadlineMs < shortestGapMs(schedule)))
    return undefined;
  return {
    reason: 'queue: a run that waits until the next slot has come would be taken for that one',
    next: `write a deadline below the ${shortestGapMs(schedule) / 60_000} minutes between two slots, or overlap: forbid`,
  };
}

function generate(run: ScheduledRunner, options: TargetOptions, folder = '.'): TargetOutput {
  const { name, cron, isPaused } = run.schedule;
  const command = commandOf(run, options);
  if (Buffer.byteLength(command) > MAX_COMMAND_BYTES)
    throw new RtnError(
      'configuration',
      `target crontab cannot hold ${name}: its command has ${Buffer.byteLength(command)} bytes, and cron reads ${MAX_COMMAND_BYTES}`,
      { next: 'shorten params and locations, or use --target systemd' },
    );
  const path = `rtn-${name}`;
  const text = render<'crontab'>('crontab/crontab', {
    heading: crontabComment(heading(run)),
    mailto: options.mailto === undefined ? undefined : crontabVariable('MAILTO', options.mailto),
    variables: run.secrets.map((secret) =>
      crontabVariable(`${secret}_FILE`, `${options['secrets-dir']}/${secret}`),
    ),
    isPaused,
    line: crontabLine(crontabFields(expectCron(cron)), options.user, command),
  });
  return { files: [{ path, text, mode: 0o644 }], notes: notesOf(run, { path, folder }, options) };
}

function heading({ schedule, operation, source }: ScheduledRunner): string {
  return `Schedule ${schedule.name} of ${operation.name} ${operation.version}. Generated by rtn generate --target crontab from ${source}. Edit that, not this file.`;
}

function commandOf(run: ScheduledRunner, options: TargetOptions) {
  const { name, timeoutMs, overlap } = run.schedule;
  const { 'env-dir': envDir, 'state-dir': stateDir } = options;
  const folder = runnerFolder(run, options);
  const kill = seconds(run.drainTimeoutMs + GRACE_MS);
  const command = crontabCommand([
    ...['/usr/bin/env', '-C', folder],
    ...lockWords(run, `${stateDir}/${name}.lock`),
    ...(timeoutMs === undefined
      ? []
      : ['/usr/bin/timeout', '--signal=TERM', '-k', `${kill}`, `${seconds(timeoutMs)}`]),
    options.node ?? '',
    ...(run.environment.length === 0 ? [] : [`--env-file=${envDir}/${name}.env`]),
    `./${run.runnerFile}`,
    ...runnerFlags(run, cronSlot(run)),
    ...(run.keepsState ? [`--state-dir=${stateDir}/${name}`] : []),
    '--quiet',
  ]);
  if (overlap === 'allow') return command;
  const told = `${name}: the run before has not ended, so this slot is missed`;
  return crontabTelling(command, { exit: LOCKED_EXIT, as: MISSED_EXIT, told });
}

/** The runner inherits the lock, so that it is held for as long as the runner lives, whatever becomes of flock. */
function lockWords({ schedule: { overlap, deadlineMs } }: ScheduledRunner, lock: string): string[] {
  if (overlap === 'allow') return [];
  const wait = overlap === 'queue' ? ['-w', `${seconds(deadlineMs ?? 0)}`] : ['-n'];
  return ['/usr/bin/flock', ...wait, '-E', `${LOCKED_EXIT}`, lock];
}

function notesOf(
  run: ScheduledRunner,
  { path, folder }: { readonly path: string; readonly folder: string },
  options: TargetOptions,
): string[] {
  const { user, 'state-dir': stateDir, 'env-dir': envDir } = options;
  const { name } = run.schedule;
  const written = writtenFile(folder, path);
  const every = folder === '.' ? 'rtn-*' : `${shellPath(folder)}/rtn-*`;
  const owner = user === undefined ? '' : ` -o ${user}`;
  return [
    `runner: rtn generate ${run.operation.name}@${run.operation.version} --bundle --out ${runnerFolder(run, options)}, and npm ci there`,
    `folder: install -d${owner} -m 0700 ${stateDir}`,
    ...run.secrets.map(
      (secret) => `secret: ${options['secrets-dir']}/${secret}, readable by that user alone`,
    ),
    ...(run.environment.length === 0
      ? []
      : [
          `connections: ${envDir}/${name}.env, mode 0600, with ${run.environment.map((each) => `${each.name}=…`).join(' ')}`,
        ]),
    user === undefined
      ? `install: crontab -n ${written}, then put all such files together: cat ${every} | crontab -`
      : `install: install -m 0644 ${written} /etc/cron.d/${path}`,
  ];
}
