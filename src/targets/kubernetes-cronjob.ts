import type { CronJob, CronJobSpec, JobSpec, PodFailurePolicyRule } from 'kubernetes-types/batch/v1.js';
import { exitCodes } from '../exit.js';
import type { Overlap, Schedule } from '../schedule/schedule.js';
import { runnerFlags, seconds } from './command.js';
import { kubernetesCron } from './kubernetes-cron.js';
import { CONTAINER, graceSeconds, literalArgument, type PodPlace, podTemplate } from './kubernetes-pod.js';
import type { ScheduledRunner } from './target.js';

/** What `concurrencyPolicy` is for an overlap; undefined for one that Kubernetes has not. */
export const CONCURRENCY: Readonly<Record<Overlap, string | undefined>> = {
  forbid: 'Forbid',
  replace: 'Replace',
  allow: 'Allow',
  queue: undefined,
};
const MINUTE_MS = 60_000;
const WEEK_SECONDS = 7 * 24 * 3600;
/** What a pod may take to be placed and to get its image, over all starts of a Job. */
const PLACING_SECONDS = 600;
/** The controller waits 10 s before the second start, then twice as long each time, ten minutes at most. */
export const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_SECONDS = 600;

/** The pod has its Job's name in a variable. It ends in the slot, in minutes since the epoch. */
const JOB_VARIABLE = 'RTN_JOB';
const SLOT = `$(${JOB_VARIABLE})`;
const JOB_LABEL = 'batch.kubernetes.io/job-name';

export interface CronJobOptions extends PodPlace {
  /** A DNS label of 52 characters at most. */
  readonly name: string;
  readonly namespace?: string | undefined;
}

/**
 * A schedule as a CronJob. Its Job has one pod at a time; what the runner's exit code means decides whether another is
 * made. The run is known by the Job's name, so a second pod of a Job goes on where the first one stopped.
 */
export function cronJob(run: ScheduledRunner, { name, namespace, ...place }: CronJobOptions) {
  const { schedule } = run;
  const labels = {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/managed-by': 'rtn',
  };
  const metadata = { labels, annotations: annotationsOf(run) };
  const pod = podTemplate(run, place, {
    metadata,
    args: argumentsOf(run),
    labelVariables: { [JOB_VARIABLE]: JOB_LABEL },
  });
  const deadlines = deadlinesOf(run);
  const spec = {
    completions: 1,
    parallelism: 1,
    backoffLimit: schedule.retries.attempts,
    podFailurePolicy: { rules: failureRules() },
    podReplacementPolicy: 'Failed',
    ...(deadlines && { activeDeadlineSeconds: deadlines.job }),
    ttlSecondsAfterFinished: WEEK_SECONDS,
    template: {
      ...pod,
      spec: {
        restartPolicy: 'Never',
        ...(deadlines && { activeDeadlineSeconds: deadlines.pod }),
        ...pod.spec,
      },
    },
  } satisfies JobSpec;
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, ...(namespace !== undefined && { namespace }), ...metadata },
    spec: { ...policiesOf(schedule), jobTemplate: { metadata, spec } },
  } satisfies CronJob;
}

/** Where there may be a second start, it may come after the deadline of the first: then the controller alone looks at that. */
function argumentsOf(run: ScheduledRunner): string[] {
  const { schedule } = run;
  const flags = runnerFlags(run, SLOT, { hasDeadline: schedule.retries.attempts === 0 });
  return flags.map((word) => (word === `--slot=${SLOT}` ? word : literalArgument(word)));
}

/** What of a CronJob is the schedule's own; all written out, since some defaults are other ones. */
function policiesOf(schedule: Schedule) {
  const deadlineMs = startingDeadlineMs(schedule);
  return {
    schedule: kubernetesCron(schedule.cron),
    timeZone: schedule.timeZone,
    concurrencyPolicy: CONCURRENCY[schedule.overlap] ?? '',
    ...(deadlineMs !== undefined && { startingDeadlineSeconds: seconds(deadlineMs) }),
    suspend: schedule.isPaused,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 3,
  } satisfies Omit<CronJobSpec, 'jobTemplate'>;
}

/** How late the controller may still start a slot; undefined for no limit. One that is not to be caught up has its own minute. */
export function startingDeadlineMs({ catchUp, deadlineMs }: Schedule): number | undefined {
  return catchUp === 'none' ? Math.min(deadlineMs ?? MINUTE_MS, MINUTE_MS) : deadlineMs;
}

/**
 * The pod's deadline ends one start, as `timeout` says. That of the Job is above all starts there may be with their pauses:
 * it ends a Job whose pod is never placed, which no pod's deadline does, and so frees the schedule.
 */
function deadlinesOf(run: ScheduledRunner): { readonly pod: number; readonly job: number } | undefined {
  const { timeoutMs, retries } = run.schedule;
  if (timeoutMs === undefined) return undefined;
  const pod = seconds(timeoutMs);
  let job = PLACING_SECONDS + pod + graceSeconds(run);
  for (let attempt = 0; attempt < retries.attempts; attempt++)
    job += Math.min((FIRST_PAUSE_MS / 1000) * 2 ** attempt, MAX_PAUSE_SECONDS) + pod + graceSeconds(run);
  return { pod, job };
}

/**
 * The first that fits counts. A pod that the cluster takes away is replaced and not counted; else only what is worth
 * another try counts against `backoffLimit`, and every other exit code is the end of the Job.
 */
function failureRules(): PodFailurePolicyRule[] {
  return [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    {
      action: 'FailJob',
      onExitCodes: { containerName: CONTAINER, operator: 'NotIn', values: exitCodes('retry') },
    },
  ];
}

/** For people and tools that look at the cluster: labels could not hold them all. */
function annotationsOf({ schedule, operation, source }: ScheduledRunner): Readonly<Record<string, string>> {
  const { name, title, owner, project } = schedule;
  const facts = {
    schedule: name,
    operation: `${operation.name}@${operation.version}`,
    source,
    title,
    owner,
    project,
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([key, value]) =>
      value === undefined ? [] : [[`realtime-notifications/${key}`, value]],
    ),
  );
}
