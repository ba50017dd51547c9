import type { CronJob, PodFailurePolicyRule } from 'kubernetes-types/batch/v1.js';
import { podRules } from './kubernetes-pod-rules.js';
import { isCron, isLabel, isLabelValue, isQualifiedName, isZone } from './kubernetes-syntax.js';

/**
 * What schemas do not say: fields that depend on each other, and what an API server takes but a schedule must not have.
 * Each rule gives a line for each place that breaks it.
 */
interface Rule {
  /** What holds, as a claim; it stands before each line. */
  readonly id: string;
  broken(job: CronJob): readonly string[];
}

const MAX_NAME = 52;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** The rules of a CronJob, in the order of its fields; those of its pod come after. */
export const CRON_JOB_RULES: readonly Rule[] = [
  {
    id: 'the name is a DNS label of 52 characters at most: 11 are appended for each Job',
    broken: ({ metadata }) =>
      unless(isLabel(metadata?.name ?? '') && (metadata?.name ?? '').length <= MAX_NAME, metadata?.name),
  },
  {
    id: 'a namespace is a DNS label',
    broken: ({ metadata }) =>
      unless(metadata?.namespace === undefined || isLabel(metadata.namespace), metadata?.namespace),
  },
  {
    id: 'labels have keys and values that selectors take',
    broken: (job) =>
      metadataOf(job).flatMap(({ labels = {} }) =>
        Object.entries(labels).flatMap(([key, value]) =>
          unless(isQualifiedName(key) && isLabelValue(value), `${key}: ${value}`),
        ),
      ),
  },
  {
    id: 'annotations have qualified keys, and 256 KiB at most',
    broken: (job) =>
      metadataOf(job).flatMap(({ annotations = {} }) => {
        const bytes = Buffer.byteLength(Object.entries(annotations).flat().join(''));
        const keys = Object.keys(annotations).flatMap((key) => unless(isQualifiedName(key), key));
        return [...keys, ...unless(bytes <= MAX_ANNOTATIONS_BYTES, `${bytes} bytes`)];
      }),
  },
  {
    id: 'schedule has five fields that the controller reads, without a zone',
    broken: ({ spec }) => unless(isCron(spec?.schedule ?? ''), spec?.schedule),
  },
  {
    id: 'timeZone is written, and known: without it the zone is that of the controller',
    broken: ({ spec }) => unless(isZone(spec?.timeZone ?? ''), spec?.timeZone),
  },
  {
    id: 'concurrencyPolicy is written: the default is Allow',
    broken: ({ spec }) =>
      unless(['Allow', 'Forbid', 'Replace'].includes(spec?.concurrencyPolicy ?? ''), spec?.concurrencyPolicy),
  },
  {
    id: 'startingDeadlineSeconds is 10 at least: the controller looks every 10 s',
    broken: ({ spec }) =>
      unless(isWhole(spec?.startingDeadlineSeconds ?? 10, 10), spec?.startingDeadlineSeconds),
  },
  {
    id: 'Forbid and Allow have a Job deadline: a pod that cannot start would hold the schedule, or pile up, for ever',
    broken: ({ spec }) =>
      unless(
        spec?.concurrencyPolicy === 'Replace' || spec?.jobTemplate.spec?.activeDeadlineSeconds !== undefined,
        spec?.concurrencyPolicy,
      ),
  },
  {
    id: 'the deadline of a Job is above that of its pod, which counts from when the pod was placed',
    broken: (job) => {
      const atPod = jobOf(job)?.template.spec?.activeDeadlineSeconds;
      return unless(atPod === undefined || atPod < (jobOf(job)?.activeDeadlineSeconds ?? 0), atPod);
    },
  },
  {
    id: 'numbers of a Job are whole, and in the range of their fields',
    broken: (job) => {
      const { activeDeadlineSeconds, backoffLimit, completions, parallelism, ttlSecondsAfterFinished } =
        jobOf(job) ?? {};
      return [
        ...unless(isWhole(activeDeadlineSeconds ?? 1, 1), activeDeadlineSeconds),
        ...[backoffLimit, ttlSecondsAfterFinished].flatMap((value) => unless(isWhole(value ?? -1, 0), value)),
        ...[completions, parallelism].flatMap((value) => unless(isWhole(value ?? 0, 1), value)),
      ];
    },
  },
  {
    id: 'podFailurePolicy goes with restartPolicy Never',
    broken: (job) => {
      const { podFailurePolicy, template } = jobOf(job) ?? {};
      return unless(
        podFailurePolicy === undefined || template?.spec?.restartPolicy === 'Never',
        template?.spec?.restartPolicy,
      );
    },
  },
  {
    id: 'podReplacementPolicy is Failed: else two pods of one run are there at once',
    broken: (job) => unless(jobOf(job)?.podReplacementPolicy === 'Failed', jobOf(job)?.podReplacementPolicy),
  },
  {
    id: 'backoffLimitPerIndex, maxFailedIndexes and FailIndex go with an Indexed Job',
    broken: (job) => {
      const { completionMode, backoffLimitPerIndex, maxFailedIndexes } = jobOf(job) ?? {};
      const isPerIndex = completionMode === 'Indexed' && backoffLimitPerIndex !== undefined;
      const isAsked = [backoffLimitPerIndex, maxFailedIndexes].some((value) => value !== undefined);
      return unless(
        isPerIndex || (!isAsked && failureRules(job).every(({ action }) => action !== 'FailIndex')),
        completionMode,
      );
    },
  },
  {
    id: 'a failure rule has exit codes or pod conditions, not both; 20 at most',
    broken: (job) => [
      ...unless(failureRules(job).length <= MAX_RULES, failureRules(job).length),
      ...failureRules(job).flatMap(({ onExitCodes, onPodConditions, action }) =>
        unless((onExitCodes === undefined) !== ((onPodConditions ?? []).length === 0), action),
      ),
    ],
  },
  {
    id: 'exit codes are 1 to 255, ascending, each once, of a container that is there',
    broken: (job) =>
      failureRules(job).flatMap((rule) =>
        unless(isExitCodes(rule, job), rule.onExitCodes?.values.join(', ')),
      ),
  },
];

/** All that is wrong with a CronJob, a line each; none of those that we generate has any. */
export function cronJobMistakes(job: CronJob): string[] {
  const template = jobOf(job)?.template;
  return [
    ...CRON_JOB_RULES.flatMap(({ id, broken }) => broken(job).map((got) => `${id}: got ${got}`)),
    ...(template === undefined ? [] : podRules(template)),
  ];
}

function unless(holds: boolean, got: unknown): string[] {
  return holds ? [] : [got === undefined ? 'nothing' : `'${got}'`];
}

function isWhole(value: number, min: number): boolean {
  return Number.isInteger(value) && value >= min && value <= MAX_INT32;
}

function jobOf({ spec }: CronJob) {
  return spec?.jobTemplate.spec;
}

function metadataOf(job: CronJob) {
  return [job.metadata, job.spec?.jobTemplate.metadata, jobOf(job)?.template.metadata].map(
    (each) => each ?? {},
  );
}

function failureRules(job: CronJob): readonly PodFailurePolicyRule[] {
  return jobOf(job)?.podFailurePolicy?.rules ?? [];
}

function isExitCodes({ onExitCodes }: PodFailurePolicyRule, job: CronJob): boolean {
  if (onExitCodes === undefined) return true;
  const { values, operator, containerName } = onExitCodes;
  const isAscending = values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  const names = jobOf(job)?.template.spec?.containers.map(({ name }) => name) ?? [];
  return (
    ['In', 'NotIn'].includes(operator) &&
    values.length > 0 &&
    values.length <= MAX_EXIT_CODES &&
    isAscending &&
    values.every((value) => isWhole(value, 1) && value <= 255) &&
    (containerName === undefined || names.includes(containerName))
  );
}
