import { type ComponentSpec, parseDuration } from '../component.js';
import { oneLine, RtnError } from '../error.js';
import { needsOf } from '../generator/needs.js';
import { runnerFiles } from '../generator/runner-files.js';
import { referenceTo } from '../registry/artefact.js';
import { DEFAULT_DRAIN_TIMEOUT_MS } from '../registry/document.js';
import { expectArtefact, type Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { shownText } from '../report/mask.js';
import { loadSchedules, type Resolved } from '../rules/schedules.js';
import type { Schedule } from '../schedule/schedule.js';
import type { ScheduledRunner } from '../targets/target.js';

/** One schedule, all of an operation, or all there are. Throws `usage` where there is none. */
export function schedulesNamed(name: string | undefined, registry: Registry): readonly Schedule[] {
  const { schedules, unusable } = loadSchedules(registry);
  const named = schedules.filter((each) => name === undefined || each.name === name);
  const found = named.length > 0 ? named : schedules.filter((each) => each.operation === name);
  // What cannot be read may be what was meant.
  const isWhole = name === undefined || found.length === 0;
  const blamed = unusable.filter(({ operation }) => isWhole || operation === found[0]?.operation);
  if (blamed.length > 0)
    throw new RtnError(
      'configuration',
      `schedules have mistakes\n${blamed.map(({ line }) => `  ${shownText(line)}`).join('\n')}`,
      { next: 'rtn check' },
    );
  if (found.length > 0) return found;
  const known = schedules.flatMap((each) => [each.name, each.operation]);
  throw new RtnError(
    'usage',
    name === undefined
      ? 'the registry has no schedules'
      : `there is no schedule '${oneLine(name, 80)}', and no operation of that name has any${suggestion(name, known)}`,
    { next: 'rtn schedule list' },
  );
}

interface Surroundings {
  readonly registry: Registry;
  readonly components: readonly ComponentSpec[];
  readonly allowsDrafts: boolean;
}

/** The schedule with the runner that it starts as things stand. Generates the runner, so that one that cannot be made is told. */
export function scheduledRunner(
  schedule: Schedule,
  { operation: artefact, runner }: Resolved,
  { registry, components, allowsDrafts }: Surroundings,
): ScheduledRunner {
  const reference = referenceTo(artefact);
  const { document } = expectArtefact(registry, 'operation', reference);
  const [file] = runnerFiles(registry, { reference, runner, allowsDrafts, components }).files;
  const { params, inputs, outputs } = schedule;
  const start = { runner, params, locations: { ...inputs, ...outputs } };
  return {
    schedule,
    source: `operations/${schedule.operation}/schedules.yaml`,
    operation: { name: document.name, version: document.version },
    runnerFile: file?.name ?? '',
    keepsState: document.runners[runner]?.task === undefined,
    paramSchemas: document.params ?? {},
    ...needsOf(document, start, components),
    outputs: Object.entries(document.outputs).flatMap(
      ([name, { default: byDefault }]) => outputs[name] ?? byDefault ?? [],
    ),
    drainTimeoutMs: parseDuration(document.policy?.drain_timeout ?? '') ?? DEFAULT_DRAIN_TIMEOUT_MS,
  };
}
