import { oneLine, RtnError } from '../error.js';
import { parseLocation } from '../pipeline/location.js';
import { writtenFile } from './command.js';
import { cronJob } from './kubernetes-cronjob.js';
import { dockerfile } from './kubernetes-image.js';
import { STATE_FOLDER, variablesOf } from './kubernetes-pod.js';
import { KUBERNETES_POLICIES } from './kubernetes-policies.js';
import { cronJobMistakes } from './kubernetes-rules.js';
import { isLabel, isPinnedImage, isSubdomain } from './kubernetes-syntax.js';
import { manifestText } from './kubernetes-yaml.js';
import { WATCHED } from './options.js';
import type {
  ScheduledRunner,
  Target,
  TargetFile,
  TargetOption,
  TargetOptions,
  TargetOutput,
} from './target.js';

const PINNED = 'expected REPOSITORY@sha256:DIGEST: a tag can become another image';
const MAX_NAME = 52;

const option = (
  placeholder: string,
  description: string,
  isFine: (text: string) => boolean,
  expected: string,
): TargetOption => ({ placeholder, description, problem: (text) => (isFine(text) ? undefined : expected) });

/**
 * A schedule as a CronJob (batch/v1), checked by rules of our own before it is given. Manifests are typed objects that a
 * YAML writer prints, since no text template could keep texts of a schedule in their places; the Dockerfile is a template.
 */
export const kubernetes: Target = {
  kind: 'target',
  key: 'kubernetes',
  description: 'a CronJob, with --image; the Dockerfile of that image, with --base-image',
  options: {
    image: option('IMAGE', 'the image with the runner, by digest: writes the CronJob', isPinnedImage, PINNED),
    'base-image': option(
      'IMAGE',
      'an image with Node.js, by digest: writes the Dockerfile of the image',
      isPinnedImage,
      PINNED,
    ),
    secret: option(
      'NAME',
      'the Secret with connections and secrets, one key a variable',
      isSubdomain,
      'expected the name of a Secret',
    ),
    namespace: option(
      'NAME',
      'the namespace; else that of kubectl',
      isLabel,
      'expected the name of a namespace',
    ),
    'cronjob-name': option(
      'NAME',
      'the name of the CronJob; else that of the schedule, with dashes',
      (text) => isLabel(text) && text.length <= MAX_NAME,
      `expected at most ${MAX_NAME} of a-z, 0-9 and -, with a letter or digit at both ends`,
    ),
    'state-claim': option(
      'NAME',
      'a PersistentVolumeClaim for what could not be logged; else that goes with the pod',
      isSubdomain,
      'expected the name of a PersistentVolumeClaim',
    ),
    'pull-secret': option(
      'NAME',
      "the Secret for the image's registry",
      isSubdomain,
      'expected the name of a Secret',
    ),
    watched: WATCHED,
  },
  policies: KUBERNETES_POLICIES,
  textProblem: (text) =>
    text.includes('\0') || Buffer.from(text).toString() !== text
      ? 'it is no valid text, or holds a zero byte'
      : undefined,
  generate(run, options, folder = '.') {
    const { image, 'base-image': baseImage } = options;
    const outputs = [
      ...(baseImage === undefined ? [] : [imageOutput(run, baseImage)]),
      ...(image === undefined ? [] : [manifestOutput(run, image, { options, folder })]),
    ];
    if (outputs.length === 0)
      throw new RtnError(
        'usage',
        'target kubernetes wants --image for a manifest, or --base-image for a Dockerfile first',
        {
          next: `rtn generate ${run.schedule.name} --target kubernetes --base-image node@sha256:…`,
        },
      );
    return { files: outputs.flatMap(({ files }) => files), notes: outputs.flatMap(({ notes }) => notes) };
  },
};

function imageOutput(run: ScheduledRunner, baseImage: string): TargetOutput {
  const { operation } = run;
  const path = `${operation.name}-${operation.version}.Dockerfile`;
  const tag = `REPOSITORY:${operation.version.replace('+', '_')}`;
  return {
    files: [file(path, dockerfile(run, baseImage))],
    notes: [
      `runner: rtn generate ${operation.name}@${operation.version} --bundle --out FOLDER, the one with ${path}`,
      `image: cd FOLDER && docker build --file ${path} --tag ${tag} . && docker push ${tag}, which tells the digest for --image`,
    ],
  };
}

function manifestOutput(
  run: ScheduledRunner,
  image: string,
  { options, folder }: { readonly options: TargetOptions; readonly folder: string },
): TargetOutput {
  const { schedule, operation, source } = run;
  const name = options['cronjob-name'] ?? schedule.name.replaceAll('_', '-');
  const stateClaim = options['state-claim'];
  requireReachable(run, stateClaim);
  const job = cronJob(run, {
    name,
    image,
    namespace: options.namespace,
    secret: secretFor(run, options),
    stateClaim,
    pullSecret: options['pull-secret'],
  });
  const [mistake, ...more] = cronJobMistakes(job);
  if (mistake !== undefined)
    throw new RtnError('configuration', `schedule '${schedule.name}' makes no CronJob: ${oneLine(mistake)}`, {
      details: { mistakes: [mistake, ...more] },
      next: `change ${source}`,
    });
  const comment = `Schedule ${schedule.name} of ${operation.name} ${operation.version}. Generated by rtn generate --target kubernetes from ${source}. Edit that, not this file.`;
  return {
    files: [file(`${name}.cronjob.yaml`, manifestText(comment, [job]))],
    notes: [
      ...secretNotes(run, options),
      `install: kubectl apply --server-side -f ${writtenFile(folder, `${name}.cronjob.yaml`)}`,
      ...stateNotes(run, stateClaim),
    ],
  };
}

function secretFor(run: ScheduledRunner, { secret }: TargetOptions): string {
  const [first] = variablesOf(run);
  if (secret !== undefined || first === undefined) return secret ?? '';
  throw new RtnError(
    'usage',
    `the runner reads ${variablesOf(run).join(', ')}, and --secret names no Secret that has it`,
    {
      next: `--secret ${run.operation.name.replaceAll('_', '-')}`,
    },
  );
}

/** A pod has no files but its image's and what is mounted. Throws `configuration` for a location that is a file. */
function requireReachable(
  { schedule, outputs, source }: ScheduledRunner,
  stateClaim: string | undefined,
): void {
  for (const text of [...Object.values(schedule.inputs), ...outputs]) {
    const { scheme, target } = parseLocation(text);
    const isKept = stateClaim !== undefined && target.startsWith(`${STATE_FOLDER}/`);
    const isQuery = scheme === 'yql' || (scheme === 'pg' && target.endsWith('.sql'));
    if (isKept || (scheme !== 'file' && !isQuery)) continue;
    throw new RtnError(
      'configuration',
      `schedule '${schedule.name}' has the location ${oneLine(text, 200)}, and a pod has no such file`,
      {
        next: `name a table in ${source}, or put the file on a claim: --state-claim NAME, and ${STATE_FOLDER}/… for its path`,
      },
    );
  }
}

function secretNotes(run: ScheduledRunner, { secret, namespace }: TargetOptions): string[] {
  const keys = variablesOf(run);
  if (secret === undefined || keys.length === 0) return [];
  const place = namespace === undefined ? '' : ` --namespace ${namespace}`;
  return [
    `connections: kubectl create secret generic ${secret}${place} --from-env-file=FILE, with the lines ${keys.map((key) => `${key}=…`).join(', ')}`,
  ];
}

function stateNotes({ keepsState }: ScheduledRunner, stateClaim: string | undefined): string[] {
  return keepsState && stateClaim === undefined
    ? ['state: results that could not be logged go with the pod: --state-claim NAME keeps them on a claim']
    : [];
}

function file(path: string, text: string): TargetFile {
  return { path, text, mode: 0o644 };
}
