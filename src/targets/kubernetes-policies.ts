import { expectCron } from '../schedule/cron.js';
import { CATCH_UPS } from '../schedule/schedule.js';
import { firstMisstep } from './kubernetes-cron.js';
import { CONCURRENCY, FIRST_PAUSE_MS, startingDeadlineMs } from './kubernetes-cronjob.js';
import type { Complaint, Target } from './target.js';

const MIN_DEADLINE_MS = 10_000;
/** Deadlines are whole seconds in 32 bits; with what is added for pauses and placing they stay below. */
const MAX_DEADLINE_MS = 366 * 24 * 3600 * 1000;
const MAX_TIMEOUT_MS = 30 * 24 * 3600 * 1000;
const MIN_CPU = 0.001;

/** How a CronJob does what a schedule asks, and what it cannot. */
export const KUBERNETES_POLICIES: Target['policies'] = {
  cron: {
    how: '`schedule`, with Sunday as 0.',
    complaint: ({ schedule: { cron, timeZone } }) => {
      const change = firstMisstep(expectCron(cron), timeZone);
      if (change === undefined) return undefined;
      return complaint(
        `a CronJob goes by what the clock shows: it ${change.does} on ${new Date(change.atMs).toISOString().slice(0, 10)} in ${timeZone}`,
        'time_zone: UTC, or an hour at which the clocks of the zone never change',
      );
    },
  },
  time_zone: { how: '`timeZone`, always written: else the zone is that of the controller.' },
  overlap: {
    how: '`concurrencyPolicy`. With forbid a slot that comes while its predecessor runs is started when that ends, if it still may. With replace the new pod may come up while the old one drains.',
    complaint: ({ schedule: { overlap } }) =>
      CONCURRENCY[overlap] === undefined
        ? complaint(
            'a CronJob has no line in which a slot could wait',
            'overlap: forbid, or replace, or allow',
          )
        : undefined,
  },
  catch_up: {
    how: 'latest: `startingDeadlineSeconds` is the deadline, or not there. none: 60 at most, so that a slot starts within its minute or not at all.',
    complaint: ({ schedule: { catchUp } }) =>
      catchUp === 'all'
        ? complaint(
            'of slots that were missed a CronJob starts the latest alone',
            `catch_up: ${CATCH_UPS.filter((each) => each !== 'all').join(', or ')}`,
          )
        : undefined,
  },
  deadline: {
    how: '`startingDeadlineSeconds`; without retries also `--start-deadline` of the runner, whose pod may come up late.',
    complaint: ({ schedule }) => {
      const deadlineMs = startingDeadlineMs(schedule);
      if (deadlineMs !== undefined && deadlineMs > MAX_DEADLINE_MS)
        return complaint('it is above a year', 'deadline: 8784h, or less');
      if (deadlineMs === undefined || deadlineMs >= MIN_DEADLINE_MS)
        return wholeSeconds(schedule.deadlineMs, 'deadline');
      return complaint(
        `the controller looks every 10 s, so it would miss slots that may start for ${deadlineMs} ms`,
        'deadline: 10s, or more',
      );
    },
  },
  retries: {
    how: '`backoffLimit`, and a `podFailurePolicy`: after 69, 74 and 75 there is another pod, all other codes fail the Job. A pod that the cluster takes away (a drained node) is replaced, and not counted. Pauses are 10 s, 20 s, 40 s and so on, 10 minutes at most.',
    complaint: ({ schedule: { retries } }) =>
      retries.attempts > 0 && retries.pauseMs > FIRST_PAUSE_MS
        ? complaint(
            `a Job starts a second pod 10 s after the first failed, and cannot be told to wait ${retries.pauseMs / 1000} s`,
            'retries: {pause: 10s}: each further pause is twice as long',
          )
        : undefined,
  },
  timeout: {
    how: '`activeDeadlineSeconds` of the pod, for one start. The Job has one too, above all its starts and pauses and 10 minutes more, which ends a pod that finds no place.',
    complaint: ({ schedule: { timeoutMs, overlap } }) => {
      if (timeoutMs === undefined && overlap !== 'replace')
        return complaint(
          `without one a pod that cannot come up (no such image, no room) would ${overlap === 'allow' ? 'pile up at every slot' : 'hold the schedule for ever'}`,
          'timeout: 1h, or however long one start may take',
        );
      if (timeoutMs !== undefined && timeoutMs > MAX_TIMEOUT_MS)
        return complaint('it is above 30 days', 'timeout: 720h, or less');
      return timeoutMs === 0
        ? complaint('no start could come to its end in no time', 'timeout: 1h')
        : wholeSeconds(timeoutMs, 'timeout');
    },
  },
  alert: {
    how: 'Refused unless `--watched` says that another process sends the alerts: `rtn schedule watch --alert`.',
    complaint: ({ schedule: { alert } }, { watched }) =>
      alert !== undefined && watched !== 'true'
        ? complaint(
            'Kubernetes tells nobody that a Job failed or was missed',
            'run rtn schedule watch --alert somewhere, and say so: --watched',
          )
        : undefined,
  },
  paused: { how: '`suspend`.' },
  resources: {
    how: '`requests` and `limits` alike. Without them a pod is among the first that a full node takes away.',
    complaint: ({
      schedule: {
        resources: { cpu },
      },
    }) =>
      cpu !== undefined && (cpu < MIN_CPU || Math.abs(cpu * 1000 - Math.round(cpu * 1000)) > 1e-6)
        ? complaint(
            `cpu is counted in thousandths of a core: got ${cpu}`,
            'cpu: 0.25, or another amount of up to three digits',
          )
        : undefined,
  },
};

function complaint(reason: string, next: string): Complaint {
  return { reason, next };
}

function wholeSeconds(durationMs: number | undefined, key: string): Complaint | undefined {
  if (durationMs === undefined || durationMs % 1000 === 0) return undefined;
  return complaint(
    `it is counted in seconds: got ${durationMs} ms`,
    `${key}: ${Math.ceil(durationMs / 1000)}s`,
  );
}
