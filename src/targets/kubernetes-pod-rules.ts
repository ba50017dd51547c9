import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { isLabel, isPinnedImage, isSubdomain, isVariableName, quantity } from './kubernetes-syntax.js';

/** A rule of pods: a claim, and what breaks it. */
interface PodRule {
  readonly id: string;
  broken(pod: PodSpec): readonly string[];
}

/** Linux refuses to start a program with a longer argument (MAX_ARG_STRLEN, with the zero at its end). */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;
/** An object of more than 1.5 MiB does not fit into etcd; the CronJob holds the arguments once. */
const MAX_ARGUMENTS_BYTES = 1024 * 1024;

const OF_PODS: readonly PodRule[] = [
  {
    id: 'the pod has no token of the API server and no variables of other services',
    broken: ({ automountServiceAccountToken, enableServiceLinks }) => [
      ...unless(automountServiceAccountToken === false, automountServiceAccountToken),
      ...unless(enableServiceLinks === false, enableServiceLinks),
    ],
  },
  {
    id: 'the pod runs as a user, under the default seccomp profile',
    broken: ({ securityContext: { runAsNonRoot, runAsUser, seccompProfile } = {} }) => [
      ...unless(runAsNonRoot === true && runAsUser !== 0, runAsUser),
      ...unless(seccompProfile?.type === 'RuntimeDefault', seccompProfile?.type),
    ],
  },
  {
    id: 'a runner has time to drain',
    broken: ({ terminationGracePeriodSeconds: seconds }) =>
      unless(Number.isInteger(seconds) && Number(seconds) > 0, seconds),
  },
  {
    id: 'Secrets and claims are named as objects are',
    broken: ({ volumes = [], imagePullSecrets = [] }) =>
      [
        ...imagePullSecrets.map(({ name }) => name ?? ''),
        ...volumes.flatMap(({ persistentVolumeClaim: claim }) =>
          claim === undefined ? [] : [claim.claimName],
        ),
      ].flatMap((name) => unless(isSubdomain(name), name)),
  },
];

/** What holds for each container; `pod` is what it stands in. */
const OF_CONTAINERS: readonly {
  readonly id: string;
  broken(container: Container, pod: PodSpec): readonly string[];
}[] = [
  { id: 'a container is named by a DNS label', broken: ({ name }) => unless(isLabel(name), name) },
  {
    id: 'an image is named by its digest',
    broken: ({ image = '' }) => unless(isPinnedImage(image), image),
  },
  {
    id: 'a command is in exec form: a shell would keep SIGTERM for itself',
    broken: ({ command = [] }) =>
      unless(command.length > 0 && !/(^|\/)(ba|da|a)?sh$/.test(command[0] ?? ''), command[0]),
  },
  {
    id: 'arguments are texts that a program can be given',
    broken: ({ command = [], args = [] }) => {
      const all = [...command, ...args];
      const bytes = all.map((text) => Buffer.byteLength(text));
      const total = bytes.reduce((sum, each) => sum + each, 0);
      return [
        ...all.flatMap((text) => unless(Buffer.from(text).toString() === text && !text.includes('\0'), text)),
        ...bytes.flatMap((each) => unless(each <= MAX_ARGUMENT_BYTES, `${each} bytes`)),
        ...unless(total <= MAX_ARGUMENTS_BYTES, `${total} bytes in all`),
      ];
    },
  },
  {
    id: 'a variable that an argument names is there',
    broken: ({ args = [], env = [] }) =>
      args
        .flatMap((text) =>
          [...text.replaceAll('$$', '').matchAll(/\$\(([^)]*)\)/g)].map(([, name = '']) => name),
        )
        .flatMap((name) =>
          unless(
            env.some((variable) => variable.name === name),
            name,
          ),
        ),
  },
  {
    id: 'a variable is named once, and its value is read from a Secret or a label: no manifest holds one',
    broken: ({ env = [] }) => [
      ...env.flatMap(({ name, value }) => unless(isVariableName(name) && value === undefined, name)),
      ...env.flatMap(({ name }, index) =>
        unless(env.findIndex((other) => other.name === name) === index, name),
      ),
      ...env.flatMap(({ valueFrom: { secretKeyRef: ref } = {} }) =>
        unless(
          ref === undefined || (isSubdomain(ref.name ?? '') && /^[-\w.]{1,253}$/.test(ref.key)),
          ref?.name,
        ),
      ),
    ],
  },
  {
    id: 'amounts are quantities, and no request is above its limit',
    broken: ({ resources: { requests = {}, limits = {} } = {} }) => [
      ...Object.values({ ...requests, ...limits }).flatMap((text) =>
        unless(quantity(text) !== undefined, text),
      ),
      ...Object.entries(requests).flatMap(([key, text]) =>
        unless((quantity(text) ?? 0) <= (quantity(limits[key] ?? text) ?? 0), `${key}: ${text}`),
      ),
    ],
  },
  {
    id: 'a container can gain no rights, and write to its volumes alone',
    broken: ({ securityContext: of = {} }) => [
      ...unless(of.allowPrivilegeEscalation === false && of.privileged !== true, of.allowPrivilegeEscalation),
      ...unless(of.readOnlyRootFilesystem === true, of.readOnlyRootFilesystem),
      ...unless(
        of.capabilities?.drop?.join() === 'ALL' && of.capabilities.add === undefined,
        of.capabilities?.drop,
      ),
    ],
  },
  {
    id: 'a mount has a volume, and a place of its own',
    broken: ({ volumeMounts = [] }, { volumes = [] }) => [
      ...volumeMounts.flatMap(({ name }) =>
        unless(
          volumes.some((volume) => volume.name === name),
          name,
        ),
      ),
      ...volumeMounts.flatMap(({ mountPath }, index) =>
        unless(
          /^\/[^:]+$/.test(mountPath) &&
            volumeMounts.findIndex((other) => other.mountPath === mountPath) === index,
          mountPath,
        ),
      ),
    ],
  },
];

/** Every rule of a pod, by its claim. */
export const POD_RULES: readonly PodRule[] = [
  ...OF_PODS,
  ...OF_CONTAINERS.map(({ id, broken }) => ({
    id,
    broken: (pod: PodSpec) => pod.containers.flatMap((container) => broken(container, pod)),
  })),
];

/** What is wrong with a pod, a line each. */
export function podRules({ spec }: PodTemplateSpec): string[] {
  if (spec === undefined) return ['a pod has a spec: got nothing'];
  return POD_RULES.flatMap(({ id, broken }) => broken(spec).map((got) => `${id}: got ${got}`));
}

function unless(holds: boolean, got: unknown): string[] {
  return holds ? [] : [got === undefined ? 'nothing' : `'${got}'`];
}
