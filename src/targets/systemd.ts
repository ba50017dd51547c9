import { relative } from 'node:path/posix';
import { oneLine } from '../error.js';
import { exitCodes } from '../exit.js';
import { calendarEvents, missedAtShift } from './calendar.js';
import { cronSlot, runnerFlags, runnerFolder, seconds, writtenFile } from './command.js';
import { ENV_DIR, INSTALL_DIR, NODE, SECRETS_DIR, USER, WATCHED } from './options.js';
import { render } from './render.js';
import type { ScheduledRunner, Target, TargetFile, TargetOptions, TargetOutput } from './target.js';
import { unitCommand, unitLine, unitName, unitPath, unitProblem, unitTerm } from './unit-text.js';

/** Above the drain timeout: requests under way end, what there is is logged. */
const GRACE_MS = 30_000;
/** Where the processes beside the runner are, below the folder of a bundle. */
const PACKAGE_FILES = 'node_modules/realtime-notifications/dist/cli';
/** A process that a signal has ended asks for no other start. */
const SIGNALS =
  'SIGABRT SIGALRM SIGBUS SIGFPE SIGHUP SIGILL SIGINT SIGKILL SIGPIPE SIGQUIT SIGSEGV SIGSYS SIGTERM SIGTRAP';

const POLICIES: Target['policies'] = {
  cron: { how: '`OnCalendar=`; two lines where a day of the month or a day of the week is enough.' },
  time_zone: {
    how: 'Behind the calendar event. Refused where clocks are changed at a time that the schedule names: systemd leaves out what clocks skip, and fires once in an hour that comes twice.',
    complaint: ({ schedule }) => {
      const atMs = missedAtShift(schedule);
      return atMs === undefined
        ? undefined
        : {
            reason: `when clocks in ${schedule.timeZone} are changed, ${new Date(atMs).toISOString()} for one, systemd leaves out a slot`,
            next: 'name hours at which clocks are never changed, or write time_zone: UTC',
          };
    },
  },
  overlap: {
    how: 'forbid: a unit that is active is not started again. Of the slots that come meanwhile systemd starts the last when the unit has ended, without regard to catch_up, where its `deadline` allows; those that come while a further start is waited for are missed. queue, replace, allow: refused.',
    complaint: ({ schedule: { overlap } }) =>
      overlap === 'forbid'
        ? undefined
        : {
            reason: `${overlap}: systemd does not start a unit that is active, nor end it for its timer`,
            next:
              overlap === 'queue'
                ? 'write overlap: forbid, or use --target crontab'
                : 'write overlap: forbid, or use --target kubernetes',
          },
  },
  catch_up: {
    how: 'latest: `Persistent=true`. none: `Persistent=false`. all: refused.',
    complaint: ({ schedule: { catchUp } }) =>
      catchUp !== 'all'
        ? undefined
        : {
            reason: 'all: a timer makes up for many missed slots with one start',
            next: 'write catch_up: latest, or let rtn schedule serve start the schedule',
          },
  },
  deadline: { how: 'The runner starts nothing when it is later (`--start-deadline`, exit 78).' },
  retries: {
    how: '`Restart=on-failure`, with `RestartPreventExitStatus=` for all codes but 69, 74, 75; after the last start these are made 76, which is for good. A further start goes on with the same slot, also when its deadline or the next slot has come.',
  },
  timeout: {
    how: '`TimeoutStartSec=`, for each start; then `TimeoutStopSec=`, above the drain timeout. A runner that has drained ends with 75: it is started again where there are `retries`.',
  },
  alert: {
    how: 'failed: a unit of its own, by `OnFailure=`. missed, recovered: refused unless `--watched` says that another process sends all alerts; then there is no such unit.',
    complaint: ({ schedule: { alert } }, { watched }) => {
      const others = (alert?.events ?? []).filter((event) => event !== 'failed');
      return others.length === 0 || watched === 'true'
        ? undefined
        : {
            reason: `${others.join(', ')}: systemd tells of failures alone`,
            next: 'write events: [failed]; or run rtn schedule watch --alert from elsewhere and add --watched',
          };
    },
  },
  paused: {
    how: 'The timer stays, with an event that is past and without [Install]: installing it ends what was there.',
  },
  resources: { how: '`MemoryMax=` and `CPUQuota=`.' },
};

/** A service and a timer a schedule, for systemd 250 and later. */
export const systemd: Target = {
  kind: 'target',
  key: 'systemd',
  description: 'a service with a timer',
  options: {
    'install-dir': INSTALL_DIR,
    node: NODE,
    'env-dir': ENV_DIR,
    'secrets-dir': SECRETS_DIR,
    user: USER,
    watched: WATCHED,
  },
  policies: POLICIES,
  textProblem: unitProblem,
  generate,
};

function generate(run: ScheduledRunner, options: TargetOptions, folder = '.'): TargetOutput {
  const { name } = run.schedule;
  const unit = `rtn-${name}`;
  const isAlerting = alertsOfFailures(run, options);
  const common = { heading: unitLine(heading(run)), unit: unitName(unit) };
  const files: TargetFile[] = [
    file(
      `${unit}.service`,
      render('systemd/service', { ...common, ...serviceValues(run, options, isAlerting) }),
    ),
    file(`${unit}.timer`, render('systemd/timer', { ...common, ...timerValues(run) })),
    ...(isAlerting
      ? [
          file(
            `${unit}-alert.service`,
            render('systemd/alert.service', { ...common, ...alertValues(run, options) }),
          ),
        ]
      : []),
  ];
  return {
    files,
    notes: notesOf(
      run,
      files.map(({ path }) => writtenFile(folder, path)),
      options,
    ),
  };
}

function file(path: string, text: string): TargetFile {
  return { path, text, mode: 0o644 };
}

function heading({ schedule, operation, source }: ScheduledRunner): string {
  return `Schedule ${schedule.name} of ${operation.name} ${operation.version}. Generated by rtn generate --target systemd from ${source}. Edit that, not this file.`;
}

/** Where the schedules are watched, the watcher tells of failures, too. */
function alertsOfFailures({ schedule }: ScheduledRunner, { watched }: TargetOptions): boolean {
  return schedule.alert?.events.includes('failed') === true && watched !== 'true';
}

function serviceValues(run: ScheduledRunner, options: TargetOptions, isAlerting: boolean) {
  const { name, title, retries, timeoutMs, resources } = run.schedule;
  const { attempts, pauseMs } = retries;
  const folder = runnerFolder(run, options);
  const state = stateFolder(run);
  return {
    description: unitLine(
      `${name} (${run.operation.name} ${run.operation.version})${title === undefined ? '' : `: ${title}`}`,
    ),
    isAlerting,
    hasRetries: attempts > 0,
    starts: unitTerm(attempts + 1),
    pauseSec: unitTerm(seconds(pauseMs)),
    noRetry: unitTerm([...preventedCodes(), SIGNALS].join(' ')),
    user: options.user === undefined ? undefined : unitName(options.user),
    state: unitPath(`rtn/${name}`),
    folder: unitPath(folder),
    environmentFile: run.environment.length === 0 ? undefined : unitPath(`${options['env-dir']}/${name}.env`),
    secrets: run.secrets.map(unitName),
    secretsDir: unitPath(options['secrets-dir'] ?? ''),
    command: unitCommand([
      options.node ?? '',
      ...(attempts > 0 ? ['--import', `${folder}/${PACKAGE_FILES}/unit-starts.js`] : []),
      `${folder}/${run.runnerFile}`,
      ...runnerFlags(run, cronSlot(run)),
      ...(run.keepsState ? [`--state-dir=${state}`] : []),
    ]),
    timeoutSec: timeoutMs === undefined ? unitTerm('infinity') : unitTerm(seconds(timeoutMs)),
    stopSec: unitTerm(seconds(run.drainTimeoutMs + GRACE_MS)),
    memory: resources.memoryBytes === undefined ? undefined : unitTerm(resources.memoryBytes),
    cpuPercent:
      resources.cpu === undefined ? undefined : unitTerm(Math.max(1, Math.round(resources.cpu * 100))),
    writes: writtenPaths(run).map(unitPath),
  };
}

function stateFolder({ schedule }: ScheduledRunner): string {
  return `/var/lib/rtn/${schedule.name}`;
}

/** Outputs beside the state folder, which systemd makes itself. A unit with a path that is not there never starts (226). */
function writtenPaths(run: ScheduledRunner): string[] {
  const own = stateFolder(run);
  return run.outputs.flatMap((location) => {
    const path = /^file:(\/.*)$/s.exec(location)?.[1];
    const isWritable = path === undefined || !relative(own, path).startsWith('..');
    return isWritable ? [] : [path];
  });
}

/** Every exit code after which nothing is started again: systemd's own (no such user, no credential) among them. */
export function preventedCodes(): number[] {
  const retried = exitCodes('retry');
  return Array.from({ length: 255 }, (_, index) => index + 1).filter((code) => !retried.includes(code));
}

function timerValues({ schedule }: ScheduledRunner) {
  return {
    description: unitLine(`When ${schedule.name} is due: ${schedule.cron} ${schedule.timeZone}`),
    events: calendarEvents(schedule).map(unitTerm),
    isPersistent: schedule.catchUp === 'latest',
    isPaused: schedule.isPaused,
  };
}

function alertValues({ schedule, operation }: ScheduledRunner, options: TargetOptions) {
  const { name, alert, owner = '', project = '' } = schedule;
  return {
    description: unitLine(`Tells that ${name} has failed`),
    webhook: unitName(alert?.webhook ?? ''),
    secretsDir: unitPath(options['secrets-dir'] ?? ''),
    command: unitCommand([
      options.node ?? '',
      `${runnerFolder({ operation }, options)}/${PACKAGE_FILES}/unit-alert.js`,
      alert?.webhook ?? '',
      ...[name, operation.name, operation.version, owner, project],
    ]),
  };
}

function notesOf(run: ScheduledRunner, written: readonly string[], options: TargetOptions): string[] {
  const { schedule, secrets, environment } = run;
  const { 'secrets-dir': secretsDir, 'env-dir': envDir } = options;
  const webhook = alertsOfFailures(run, options) ? [schedule.alert?.webhook ?? ''] : [];
  const timer = `rtn-${schedule.name}.timer`;
  return [
    `runner: rtn generate ${run.operation.name}@${run.operation.version} --bundle --out ${runnerFolder(run, options)}, and npm ci there`,
    ...[...secrets, ...webhook].map((name) => `secret: ${secretsDir}/${name}, mode 0600, of root`),
    ...(environment.length === 0
      ? []
      : [
          `connections: ${envDir}/${schedule.name}.env, mode 0600, with ${environment.map(({ name }) => `${name}=…`).join(' ')}`,
        ]),
    ...writtenPaths(run).map(
      (path) =>
        `output: ${oneLine(path, 300)} has to be there before the first start, and ${options.user ?? 'the user of the service'} may write to it`,
    ),
    `install: install -m 0644 ${written.join(' ')} /etc/systemd/system/ && systemctl daemon-reload`,
    schedule.isPaused ? `paused: systemctl disable --now ${timer}` : `start: systemctl enable --now ${timer}`,
  ];
}
