import { exitCodes } from '../exit.js';
import { calendarEvents, missedAtShift } from './calendar.js';
import { cronSlot, runnerFlags, runnerFolder, seconds } from './command.js';
import { smallestGapMs } from './gap.js';
import { ENV_DIR, INSTALL_DIR, NODE, SECRETS_DIR, USER, WATCHED } from './options.js';
import { render } from './render.js';
import type {
  Complaint,
  ScheduledRunner,
  Target,
  TargetFile,
  TargetOptions,
  TargetOutput,
} from './target.js';
import { unitCommand, unitLine, unitName, unitPath, unitProblem, unitTerm } from './unit-text.js';

/** Above the drain timeout: requests under way end, what there is is logged. */
const GRACE_MS = 30_000;
/** How much longer starts are counted than they can take all together. */
const COUNT_MARGIN_MS = 60_000;
/** What Node.js ends with before a runner has a say, and what a crash ends it with: no code that asks for another start. */
const NO_RETRY = [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13];
const CRASHES = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGKILL', 'SIGSEGV', 'SIGSYS', 'SIGTRAP'];

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
    how: 'forbid: a unit that is active is not started again. queue, replace, allow: refused.',
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
            next: 'write catch_up: latest, or let rtn serve start the schedule',
          },
  },
  deadline: { how: 'The runner starts nothing when it is later (`--start-deadline`, exit 78).' },
  retries: {
    how: '`Restart=on-failure` with `RestartPreventExitStatus=` for all codes but 69, 74, 75; `StartLimitBurst=` counts. Wants a `timeout`, and all starts together have to end before the next slot.',
    complaint: retriesComplaint,
  },
  timeout: { how: '`TimeoutStartSec=`, for each start; then `TimeoutStopSec=`, above the drain timeout.' },
  alert: {
    how: 'failed: a unit of its own, by `OnFailure=`. missed, recovered: refused unless `--watched` says that another process sends these.',
    complaint: ({ schedule: { alert } }, { watched }) => {
      const others = (alert?.on ?? []).filter((event) => event !== 'failed');
      return others.length === 0 || watched === 'true'
        ? undefined
        : {
            reason: `${others.join(', ')}: systemd tells of failures alone`,
            next: 'write "on": [failed]; or run rtn schedule overdue --alert from elsewhere and add --watched',
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

/** systemd counts starts in a window of time, which must hold all of one slot, and none of the next. */
function retriesComplaint(run: ScheduledRunner): Complaint | undefined {
  const { schedule } = run;
  const { attempts } = schedule.retries;
  if (attempts === 0) return undefined;
  if (schedule.timeoutMs === undefined)
    return {
      reason: `${attempts} further starts without a timeout: systemd counts starts in a window of time, and cannot know how long one is`,
      next: 'write a timeout, or leave retries out',
    };
  const [neededMs, gapMs] = [countedMs(run), smallestGapMs(schedule)];
  if (neededMs < gapMs) return undefined;
  return {
    reason: `${attempts} further starts: all together may take ${minutesText(neededMs)}, and the next slot may come after ${minutesText(gapMs)}`,
    next: 'write a shorter timeout or pause, or fewer attempts',
  };
}

function minutesText(durationMs: number): string {
  return `${Math.ceil(durationMs / 60_000)} minutes`;
}

/** The window in which all starts for a slot lie. */
function countedMs({ schedule: { retries, timeoutMs = 0 }, drainTimeoutMs }: ScheduledRunner): number {
  const startMs = timeoutMs + drainTimeoutMs + GRACE_MS;
  return (retries.attempts + 1) * startMs + retries.attempts * retries.pauseMs + COUNT_MARGIN_MS;
}

function generate(run: ScheduledRunner, options: TargetOptions): TargetOutput {
  const { name } = run.schedule;
  const unit = `rtn-${name}`;
  const isAlerting = run.schedule.alert?.on.includes('failed') === true;
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
  return { files, notes: notesOf(run, files, options) };
}

function file(path: string, text: string): TargetFile {
  return { path, text, mode: 0o644 };
}

function heading({ schedule, operation, source }: ScheduledRunner): string {
  return `Schedule ${schedule.name} of ${operation.name} ${operation.version}. Generated by rtn generate --target systemd from ${source}. Edit that, not this file.`;
}

function serviceValues(run: ScheduledRunner, options: TargetOptions, isAlerting: boolean) {
  const { name, title, retries, timeoutMs, resources } = run.schedule;
  const { attempts, pauseMs } = retries;
  const folder = runnerFolder(run, options);
  const state = `/var/lib/rtn/${name}`;
  return {
    description: unitLine(
      `${name} (${run.operation.name} ${run.operation.version})${title === undefined ? '' : `: ${title}`}`,
    ),
    isAlerting,
    hasRetries: attempts > 0,
    countSec: unitTerm(seconds(countedMs(run))),
    starts: unitTerm(attempts + 1),
    pauseSec: unitTerm(seconds(pauseMs)),
    noRetry: unitTerm([...preventedCodes(), ...CRASHES].join(' ')),
    user: options.user === undefined ? undefined : unitName(options.user),
    state: unitPath(`rtn/${name}`),
    folder: unitPath(folder),
    environmentFile: run.environment.length === 0 ? undefined : unitPath(`${options['env-dir']}/${name}.env`),
    secrets: run.secrets.map(unitName),
    secretsDir: unitPath(options['secrets-dir'] ?? ''),
    command: unitCommand([
      options.node ?? '',
      `${folder}/${run.runnerFile}`,
      ...runnerFlags(run, cronSlot(run)),
      ...(run.keepsState ? [`--state-dir=${state}`] : []),
    ]),
    timeoutSec: timeoutMs === undefined ? unitTerm('infinity') : unitTerm(seconds(timeoutMs)),
    stopSec: unitTerm(seconds(run.drainTimeoutMs + GRACE_MS)),
    memory: resources.memoryBytes === undefined ? undefined : unitTerm(resources.memoryBytes),
    cpuPercent:
      resources.cpu === undefined ? undefined : unitTerm(Math.max(1, Math.round(resources.cpu * 100))),
    writes: run.outputs.flatMap((location) => {
      const path = /^file:(\/.*)$/s.exec(location)?.[1];
      return path === undefined ? [] : [unitPath(path)];
    }),
  };
}

/** The exit codes after which nothing is started again: those of the table, and Node's own. */
export function preventedCodes(): number[] {
  return [...new Set([...NO_RETRY, ...exitCodes('fail-shard', 'fail-job')])].sort((a, b) => a - b);
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
      `${runnerFolder({ operation }, options)}/node_modules/realtime-notifications/dist/cli/unit-alert.js`,
      alert?.webhook ?? '',
      ...[name, operation.name, operation.version, owner, project],
    ]),
  };
}

function notesOf(run: ScheduledRunner, files: readonly TargetFile[], options: TargetOptions): string[] {
  const { schedule, secrets, environment } = run;
  const { 'secrets-dir': secretsDir, 'env-dir': envDir } = options;
  const webhook = schedule.alert?.on.includes('failed') === true ? [schedule.alert.webhook] : [];
  const timer = `rtn-${schedule.name}.timer`;
  return [
    `runner: rtn generate ${run.operation.name}@${run.operation.version} --bundle --out ${runnerFolder(run, options)}, and npm ci there`,
    ...[...secrets, ...webhook].map((name) => `secret: ${secretsDir}/${name}, mode 0600, of root`),
    ...(environment.length === 0
      ? []
      : [
          `connections: ${envDir}/${schedule.name}.env, mode 0600, with ${environment.map(({ name }) => `${name}=…`).join(' ')}`,
        ]),
    `install: install -m 0644 ${files.map(({ path }) => path).join(' ')} /etc/systemd/system/ && systemctl daemon-reload`,
    schedule.isPaused ? `paused: systemctl disable --now ${timer}` : `start: systemctl enable --now ${timer}`,
  ];
}
