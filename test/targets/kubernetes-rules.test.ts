import type { CronJob, JobSpec } from 'kubernetes-types/batch/v1.js';
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { POD_RULES } from '../../src/targets/kubernetes-pod-rules.js';
import { CRON_JOB_RULES, cronJobMistakes } from '../../src/targets/kubernetes-rules.js';
import { manifest, OPTIONS, podOf, scheduledRunner } from './kubernetes-run.js';

interface Parts {
  readonly job: CronJob;
  readonly spec: NonNullable<CronJob['spec']>;
  readonly of: JobSpec;
  readonly pod: PodSpec;
  readonly main: Container;
}

/** Parts of a sound CronJob, which an example then breaks. */
function parts(): Parts {
  const job = manifest(scheduledRunner({}, { keepsState: true }), { ...OPTIONS, 'pull-secret': 'registry' });
  const { spec } = job;
  const of = spec?.jobTemplate.spec;
  if (spec === undefined || of === undefined) throw new Error('the CronJob has no Job');
  const { pod, container: main } = podOf(job);
  return { job, spec, of, pod, main };
}

const exitCodes = (values: number[], containerName = 'main') => ({
  rules: [{ action: 'FailJob', onExitCodes: { containerName, operator: 'In', values } }],
});

/** What breaks the rule that begins with these words, and what is said to have been got. */
const EXAMPLES: readonly [rule: string, got: string, broken: (parts: Parts) => unknown][] = [
  [
    'the name is',
    `'${'a'.repeat(53)}'`,
    ({ job }) => Object.assign(job.metadata ?? {}, { name: 'a'.repeat(53) }),
  ],
  ['the name is', "'driver_push'", ({ job }) => Object.assign(job.metadata ?? {}, { name: 'driver_push' })],
  ['a namespace', "'a.b'", ({ job }) => Object.assign(job.metadata ?? {}, { namespace: 'a.b' })],
  [
    'labels have',
    "'owner: Jane Doe'",
    ({ job }) => Object.assign(job.metadata ?? {}, { labels: { owner: 'Jane Doe' } }),
  ],
  [
    'labels have',
    "'a/b/c: d'",
    ({ of }) => Object.assign(of.template.metadata ?? {}, { labels: { 'a/b/c': 'd' } }),
  ],
  [
    'annotations',
    "'two words'",
    ({ job }) => Object.assign(job.metadata ?? {}, { annotations: { 'two words': '' } }),
  ],
  [
    'annotations',
    "'262145 bytes'",
    ({ job }) => Object.assign(job.metadata ?? {}, { annotations: { a: 'x'.repeat(2 ** 18) } }),
  ],
  [
    'schedule has',
    "'CRON_TZ=UTC 0 9 * * *'",
    ({ spec }) => Object.assign(spec, { schedule: 'CRON_TZ=UTC 0 9 * * *' }),
  ],
  ['schedule has', "'@daily'", ({ spec }) => Object.assign(spec, { schedule: '@daily' })],
  ['schedule has', "'0 9 * * 7'", ({ spec }) => Object.assign(spec, { schedule: '0 9 * * 7' })],
  ['schedule has', "'0 9 * * fri-sun'", ({ spec }) => Object.assign(spec, { schedule: '0 9 * * fri-sun' })],
  ['schedule has', "'60 9 * * *'", ({ spec }) => Object.assign(spec, { schedule: '60 9 * * *' })],
  ['schedule has', "'0 9 0 * *'", ({ spec }) => Object.assign(spec, { schedule: '0 9 0 * *' })],
  ['schedule has', "'*/0 9 * * *'", ({ spec }) => Object.assign(spec, { schedule: '*/0 9 * * *' })],
  ['timeZone is', 'nothing', ({ spec }) => delete spec.timeZone],
  ['timeZone is', "'Mars/Olympus'", ({ spec }) => Object.assign(spec, { timeZone: 'Mars/Olympus' })],
  ['timeZone is', "'Local'", ({ spec }) => Object.assign(spec, { timeZone: 'Local' })],
  ['concurrencyPolicy', 'nothing', ({ spec }) => delete spec.concurrencyPolicy],
  ['startingDeadlineSeconds', "'9'", ({ spec }) => Object.assign(spec, { startingDeadlineSeconds: 9 })],
  [
    'Forbid and Allow',
    "'Forbid'",
    ({ of, pod }) => [delete of.activeDeadlineSeconds, delete pod.activeDeadlineSeconds],
  ],
  ['the deadline of a Job', "'3600'", ({ of }) => Object.assign(of, { activeDeadlineSeconds: 3600 })],
  ['numbers of a Job', "'-1'", ({ of }) => Object.assign(of, { backoffLimit: -1 })],
  ['numbers of a Job', "'1.5'", ({ of }) => Object.assign(of, { ttlSecondsAfterFinished: 1.5 })],
  ['numbers of a Job', "'0'", ({ of }) => Object.assign(of, { completions: 0 })],
  ['podFailurePolicy goes', "'OnFailure'", ({ pod }) => Object.assign(pod, { restartPolicy: 'OnFailure' })],
  ['podReplacementPolicy', 'nothing', ({ of }) => delete of.podReplacementPolicy],
  [
    'podReplacementPolicy',
    "'TerminatingOrFailed'",
    ({ of }) => Object.assign(of, { podReplacementPolicy: 'TerminatingOrFailed' }),
  ],
  ['backoffLimitPerIndex', 'nothing', ({ of }) => Object.assign(of, { backoffLimitPerIndex: 1 })],
  [
    'backoffLimitPerIndex',
    "'Indexed'",
    ({ of }) => Object.assign(of, { completionMode: 'Indexed', maxFailedIndexes: 1 }),
  ],
  [
    'backoffLimitPerIndex',
    'nothing',
    ({ of }) => Object.assign(of.podFailurePolicy?.rules[1] ?? {}, { action: 'FailIndex' }),
  ],
  [
    'a failure rule',
    "'Count'",
    ({ of }) => Object.assign(of, { podFailurePolicy: { rules: [{ action: 'Count' }] } }),
  ],
  [
    'a failure rule',
    "'FailJob'",
    ({ of }) =>
      Object.assign(of.podFailurePolicy?.rules[1] ?? {}, {
        onPodConditions: of.podFailurePolicy?.rules[0]?.onPodConditions,
      }),
  ],
  [
    'a failure rule',
    "'21'",
    ({ of }) =>
      Object.assign(of, {
        podFailurePolicy: { rules: Array.from({ length: 21 }, () => exitCodes([1]).rules[0]) },
      }),
  ],
  ['exit codes', "'70, 69'", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([70, 69]) })],
  ['exit codes', "'69, 69'", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([69, 69]) })],
  ['exit codes', "'0'", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([0]) })],
  ['exit codes', "'256'", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([256]) })],
  ['exit codes', "''", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([]) })],
  ['exit codes', "'69'", ({ of }) => Object.assign(of, { podFailurePolicy: exitCodes([69], 'other') })],
  ['the pod has no token', 'nothing', ({ pod }) => delete pod.automountServiceAccountToken],
  ['the pod has no token', "'true'", ({ pod }) => Object.assign(pod, { enableServiceLinks: true })],
  ['the pod runs as', "'0'", ({ pod }) => Object.assign(pod.securityContext ?? {}, { runAsUser: 0 })],
  [
    'the pod runs as',
    "'Unconfined'",
    ({ pod }) => Object.assign(pod.securityContext ?? {}, { seccompProfile: { type: 'Unconfined' } }),
  ],
  ['a runner has time', "'0'", ({ pod }) => Object.assign(pod, { terminationGracePeriodSeconds: 0 })],
  ['Secrets and claims', "'A'", ({ pod }) => Object.assign(pod, { imagePullSecrets: [{ name: 'A' }] })],
  [
    'Secrets and claims',
    "'a_b'",
    ({ pod }) => pod.volumes?.push({ name: 'x', persistentVolumeClaim: { claimName: 'a_b' } }),
  ],
  [
    'a container is named',
    "'Main'",
    ({ main, of }) => [Object.assign(main, { name: 'Main' }), delete of.podFailurePolicy],
  ],
  ['an image is', "'node:20'", ({ main }) => Object.assign(main, { image: 'node:20' })],
  ['a command is', "'/bin/sh'", ({ main }) => Object.assign(main, { command: ['/bin/sh', '-c', 'node x'] })],
  ['a command is', 'nothing', ({ main }) => delete main.command],
  ['arguments are', "'140000 bytes'", ({ main }) => main.args?.push('x'.repeat(140_000))],
  [
    'arguments are',
    "'1100000 bytes in all'",
    ({ main }) =>
      Object.assign(main, {
        command: ['node'],
        args: Array(10).fill('x'.repeat(110_000)).with(0, 'x'.repeat(109_996)),
      }),
  ],
  ['arguments are', "'a\0'", ({ main }) => main.args?.push('a\0')],
  ['arguments are', "'\ud800'", ({ main }) => main.args?.push('\ud800')],
  ['a variable that', "'RTN_JOB'", ({ main }) => Object.assign(main, { env: [] })],
  [
    'a variable is named once',
    "'PUSH_TOKEN'",
    ({ main }) => main.env?.push({ name: 'PUSH_TOKEN', value: 'secret' }),
  ],
  ['a variable is named once', "'RTN_JOB'", ({ main }) => main.env?.push({ name: 'RTN_JOB' })],
  ['a variable is named once', "'a-b'", ({ main }) => main.env?.push({ name: 'a-b' })],
  [
    'a variable is named once',
    "'A B'",
    ({ main }) => main.env?.push({ name: 'X', valueFrom: { secretKeyRef: { name: 'A B', key: 'X' } } }),
  ],
  [
    'amounts are',
    "'0.5Gb'",
    ({ main }) => Object.assign(main, { resources: { requests: { memory: '0.5Gb' } } }),
  ],
  [
    'amounts are',
    "'cpu: 2'",
    ({ main }) => Object.assign(main, { resources: { requests: { cpu: '2' }, limits: { cpu: '1500m' } } }),
  ],
  [
    'a container can gain',
    "'true'",
    ({ main }) => Object.assign(main.securityContext ?? {}, { allowPrivilegeEscalation: true }),
  ],
  ['a container can gain', 'nothing', ({ main }) => delete main.securityContext?.readOnlyRootFilesystem],
  [
    'a container can gain',
    "'NET_RAW'",
    ({ main }) => Object.assign(main.securityContext ?? {}, { capabilities: { drop: ['NET_RAW'] } }),
  ],
  ['a mount has', "'tmp'", ({ pod }) => pod.volumes?.pop()],
  ['a mount has', "'/tmp'", ({ main }) => main.volumeMounts?.push({ name: 'state', mountPath: '/tmp' })],
];

describe('rules of CronJobs', () => {
  test('have nothing against one that is generated', () => {
    expect(cronJobMistakes(parts().job)).toEqual([]);
  });

  test.each(EXAMPLES)('%s… is broken by %s', (rule, got, breaks) => {
    const broken = parts();
    breaks(broken);
    expect(cronJobMistakes(broken.job)).toEqual([expect.stringMatching(new RegExp(`^${rule}[^]*: got `))]);
    expect(cronJobMistakes(broken.job)[0]).toContain(`: got ${got}`);
  });

  test('each have an example', () => {
    const without = [...CRON_JOB_RULES, ...POD_RULES].filter(
      ({ id }) => !EXAMPLES.some(([rule]) => id.startsWith(rule)),
    );
    expect(without).toEqual([]);
  });
});
