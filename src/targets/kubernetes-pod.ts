import type { Container, EnvVar, PodTemplateSpec, Volume } from 'kubernetes-types/core/v1.js';
import type { Resources } from '../schedule/schedule.js';
import { seconds } from './command.js';
import type { ScheduledRunner } from './target.js';

/** The one container; rules of a Job's failure policy name it. */
export const CONTAINER = 'main';
/** Any but root: the image holds nothing that this user may write. */
export const USER = 65_532;
const MARGIN_SECONDS = 30;
/** Where the image has what `--bundle` writes. */
export const APP_FOLDER = '/app';
export const STATE_FOLDER = '/state';
const MEBIBYTE = 1024 * 1024;

/** What the pods of a manifest have of their own. */
interface PodOf {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  /** As `args` of Kubernetes: texts of somebody's have passed `literalArgument`. */
  readonly args: readonly string[];
  /** Variables beside those of the Secret, with the label of the pod that they are read from. */
  readonly labelVariables?: Readonly<Record<string, string>>;
}

/** What the cluster has for it: names, never contents. */
export interface PodPlace {
  /** `REPO@sha256:…`. */
  readonly image: string;
  /** Name of the Secret. */
  readonly secret: string;
  /** A PersistentVolumeClaim at /state, which is `--state-dir`; without one it goes with the pod. */
  readonly stateClaim?: string | undefined;
  /** Name of a Secret with the credentials of the image's registry. */
  readonly pullSecret?: string | undefined;
}

/** A pod that passes the Pod Security Standard `restricted`, and can write below /state and /tmp alone. */
export function podTemplate(run: ScheduledRunner, place: PodPlace, { metadata, ...of }: PodOf) {
  return {
    metadata,
    spec: {
      terminationGracePeriodSeconds: graceSeconds(run),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(place.pullSecret !== undefined && { imagePullSecrets: [{ name: place.pullSecret }] }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER,
        runAsGroup: USER,
        fsGroup: USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [container(run, place, of)],
      volumes: [
        ...(hasState(run, place) ? [stateVolume(place.stateClaim)] : []),
        { name: 'tmp', emptyDir: {} },
      ],
    },
  } satisfies PodTemplateSpec;
}

/** Above the drain timeout: requests in flight end, what there is is logged. */
export function graceSeconds({ drainTimeoutMs }: ScheduledRunner): number {
  return seconds(drainTimeoutMs) + MARGIN_SECONDS;
}

function container(
  run: ScheduledRunner,
  place: PodPlace,
  { args, labelVariables = {} }: Omit<PodOf, 'metadata'>,
) {
  return {
    name: CONTAINER,
    image: place.image,
    // The reason of a failure, for `kubectl describe`.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    // The runner's file has the version in its name: an image of another one does not start.
    command: ['node', `${APP_FOLDER}/${run.runnerFile}`],
    args: [...args, ...(run.keepsState ? [`--state-dir=${STATE_FOLDER}`] : [])],
    env: [...fromLabels(labelVariables), ...fromSecret(run, place.secret)],
    ...resourcesOf(run.schedule.resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      ...(hasState(run, place) ? [{ name: 'state', mountPath: STATE_FOLDER }] : []),
      { name: 'tmp', mountPath: '/tmp' },
    ],
  } satisfies Container;
}

/** `$(NAME)` in an argument would be replaced by a variable; a text of somebody's is to arrive as it is. */
export function literalArgument(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function fromLabels(labels: Readonly<Record<string, string>>): EnvVar[] {
  return Object.entries(labels).map(([name, label]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${label}']` } },
  }));
}

/**
 * Connections and secrets, each under its own name. One that is not in the Secret does not keep the pod from starting: the
 * runner names what it lacks and fails the Job, where Kubernetes would let the pod wait.
 */
function fromSecret(run: ScheduledRunner, secret: string): EnvVar[] {
  return variablesOf(run).map((name) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key: name, optional: true } },
  }));
}

/** The variables that a runner reads, in order, each once. */
export function variablesOf({ environment, secrets }: ScheduledRunner): string[] {
  return [...new Set([...environment.map(({ name }) => name), ...secrets])];
}

/** Requests and limits alike: what a schedule says it needs it gets, and no more. */
function resourcesOf({ cpu, memoryBytes }: Resources) {
  if (cpu === undefined && memoryBytes === undefined) return {};
  const amounts = {
    ...(cpu !== undefined && { cpu: Number.isInteger(cpu) ? `${cpu}` : `${Math.round(cpu * 1000)}m` }),
    ...(memoryBytes !== undefined && {
      memory: memoryBytes % MEBIBYTE === 0 ? `${memoryBytes / MEBIBYTE}Mi` : `${memoryBytes}`,
    }),
  };
  return { resources: { requests: amounts, limits: amounts } };
}

/** A claim is there for whatever the schedule reads and writes, too. */
function hasState({ keepsState }: ScheduledRunner, { stateClaim }: PodPlace): boolean {
  return keepsState || stateClaim !== undefined;
}

function stateVolume(claim: string | undefined): Volume {
  return claim === undefined
    ? { name: 'state', emptyDir: {} }
    : { name: 'state', persistentVolumeClaim: { claimName: claim } };
}
