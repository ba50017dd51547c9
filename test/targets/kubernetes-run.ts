import type { CronJob } from 'kubernetes-types/batch/v1.js';
import { parse } from 'yaml';
import type { Schedule } from '../../src/schedule/schedule.js';
import { kubernetes } from '../../src/targets/kubernetes.js';
import { requireExpressible } from '../../src/targets/refusal.js';
import type { ScheduledRunner, TargetOptions, TargetOutput } from '../../src/targets/target.js';

const DIGEST = 'a'.repeat(64);
export const OPTIONS: TargetOptions = {
  image: `registry.example:5000/driver_push@sha256:${DIGEST}`,
  secret: 'driver-push',
};

const SCHEDULE: Schedule = {
  name: 'driver_push_pg2yt',
  operation: 'driver_push_pg2yt',
  version: '^1.4',
  cron: '17 9 * * 1-5',
  timeZone: 'Europe/Moscow',
  inputs: { log: 'pg:driver_push_log' },
  outputs: { archive: 'yt://home/log' },
  params: { batch_rows: 5000 },
  overlap: 'forbid',
  catchUp: 'latest',
  deadlineMs: 600_000,
  retries: { attempts: 2, pauseMs: 10_000 },
  timeoutMs: 3_600_000,
  isPaused: false,
  resources: { cpu: 0.25, memoryBytes: 256 * 2 ** 20 },
};

/** A schedule of pg2yt that Kubernetes can do as it says, with some of its keys replaced. */
export function scheduledRunner(
  changes: Partial<Schedule> = {},
  of: Partial<Omit<ScheduledRunner, 'schedule'>> = {},
): ScheduledRunner {
  return {
    schedule: { ...SCHEDULE, ...changes },
    source: 'operations/pg2yt/schedules.yaml',
    operation: { name: 'pg2yt', version: '1.4.1' },
    runnerFile: 'pg2yt-1.4.1.one-shot.mjs',
    keepsState: false,
    paramSchemas: {},
    secrets: [],
    outputs: Object.values({ ...SCHEDULE, ...changes }.outputs),
    environment: [
      { name: 'DATABASE_URL', description: 'Postgres', isSecret: true, scheme: 'pg' },
      { name: 'YT_PROXY', description: 'YTsaurus', scheme: 'yt' },
      { name: 'YT_TOKEN', description: 'token', isSecret: true, scheme: 'yt' },
    ],
    drainTimeoutMs: 60_000,
    ...of,
  };
}

/** What `rtn generate --target kubernetes` does with it. */
export function generated(run: ScheduledRunner, options: TargetOptions = OPTIONS): TargetOutput {
  requireExpressible(kubernetes, [run], options);
  return kubernetes.generate(run, options);
}

/** The CronJob as an API server gets it. */
export function manifest(run: ScheduledRunner, options: TargetOptions = OPTIONS): CronJob {
  return parse(generated(run, options).files.at(-1)?.text ?? '') as CronJob;
}

export function podOf(job: CronJob) {
  const pod = job.spec?.jobTemplate.spec?.template.spec;
  const [container] = pod?.containers ?? [];
  if (pod === undefined || container === undefined) throw new Error('the CronJob has no pod');
  return { pod, container };
}
