import type { JsonSchema } from '../component.js';
import { referenceTo } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import { mistakesOf } from '../registry/mistake.js';
import type { ScheduleFile } from '../registry/scheduleFile.js';
import { choicesOf } from '../registry/select.js';
import { suggestion } from '../registry/spelling.js';
import { valueErrors } from '../registry/value.js';
import type { Schedule } from '../schedule/schedule.js';
import { unserved } from './binding.js';
import { at, atKey, type Found, type Judged, type Rule } from './rule.js';
import { type Resolved, resolutionOf, schedulesIn, type Unresolved } from './schedules.js';
import { usesOf } from './use.js';

const operation = unresolved(
  'schedule/operation',
  'operation',
  'schedules.yaml stands in a folder that holds no version of an operation: nothing could be started. The folder has the name of the operation.',
);

const version = unresolved(
  'schedule/version',
  'version',
  'The version of a schedule is none that it may start: no active one lies in its range, the exact one does not exist or was withdrawn, or it is a draft, which may still change. Publish the draft, or name another version or range.',
);

const runner: Rule = {
  id: 'schedule/runner',
  severity: 'error',
  doc: 'A schedule must say which runner it starts where its operation has several, and name one that there is. A service reads a stream without an end and is kept running, not started by the clock.',
  *check(judged) {
    for (const { file, name, resolution } of startsOf(judged)) {
      if ('problem' in resolution) {
        if (resolution.key === 'runner') yield at(file, ['schedules', name, 'runner'], resolution.problem);
      } else if (isService(resolution, judged))
        yield at(
          file,
          ['schedules', name, 'runner'],
          `${resolution.runner} of ${referenceTo(resolution.operation)} is a service, which never ends by itself: keep it running instead of starting it by the clock`,
        );
    }
  },
};

const deprecated: Rule = {
  id: 'schedule/deprecated',
  severity: 'warning',
  doc: 'A schedule names a version that is deprecated: it still runs, but should be left. Name what replaces it, or a range, which moves on with what is published.',
  *check(judged) {
    for (const { file, name, resolution } of startsOf(judged)) {
      if (!('operation' in resolution) || resolution.operation.status !== 'deprecated') continue;
      const { replaced_by: replacement, reason } = resolution.operation.document;
      const why = replacement === undefined ? reason : `replaced by ${replacement}`;
      yield at(
        file,
        ['schedules', name, 'version'],
        `${referenceTo(resolution.operation)} is deprecated${typeof why === 'string' ? `: ${why}` : ''}`,
      );
    }
  },
};

const location: Rule = {
  id: 'schedule/location',
  severity: 'error',
  doc: 'The inputs and outputs of a schedule are those of the operation that it starts: each name must be one of them, each location one that the component bound to it can serve, and what has no default must be given. Nothing is put in for ${...}: what differs between slots is for the operation.',
  *check(judged) {
    for (const start of startsOf(judged))
      if ('operation' in start.resolution && !isService(start.resolution, judged))
        for (const to of ['input', 'output'] as const)
          yield* locationFaults(to, start, start.resolution, judged);
  },
};

const params: Rule = {
  id: 'schedule/params',
  severity: 'error',
  doc: 'The params of a schedule are those of the operation that it starts: each name must be one of them, each value one that its JSON Schema takes, and what has no default must be given. Nothing is put in for ${...}, and a secret is no param: runners read it from their environment.',
  *check(judged) {
    for (const start of startsOf(judged))
      if ('operation' in start.resolution) yield* paramFaults(start, start.resolution);
  },
};

export const STARTED_RULES: readonly Rule[] = [operation, version, runner, deprecated, location, params];

/** A schedule and what it starts. */
interface Start {
  readonly file: ScheduleFile;
  readonly name: string;
  readonly schedule: Schedule;
  readonly resolution: Resolved | Unresolved;
}

function* startsOf({ registry, scheduleFiles, touchedSchedules }: Judged): Iterable<Start> {
  for (const file of [...scheduleFiles, ...touchedSchedules])
    for (const [name, schedule] of schedulesIn(file))
      yield { file, name, schedule, resolution: resolutionOf(registry, schedule) };
}

/** A rule about the key that is to blame where a schedule starts nothing. */
function unresolved(id: string, key: Unresolved['key'], doc: string): Rule {
  return {
    id,
    severity: 'error',
    doc,
    *check(judged) {
      for (const { file, name, resolution } of startsOf(judged)) {
        if (!('problem' in resolution) || resolution.key !== key) continue;
        const { problem, fix } = resolution;
        yield at(file, ['schedules', name, 'version'], problem, fix === undefined ? {} : { fix });
      }
    },
  };
}

/** A reader whose input takes no location reads a stream; of a choice, only where each is one. */
function isService({ operation: { document }, runner: name }: Resolved, { specs }: Judged): boolean {
  const { reader } = runnerOf(document, name);
  const readers = Object.values(choicesOf(reader)?.choices ?? { reader });
  return readers.every((each) => {
    const key = isMap(each) ? each.use : undefined;
    const spec = specs.find((candidate) => candidate.kind === 'reader' && candidate.key === key);
    return spec?.binds?.some(({ to, schemes }) => to === 'input' && schemes?.length === 0) === true;
  });
}

function* locationFaults(
  to: 'input' | 'output',
  { file, name, schedule }: Start,
  { operation: artefact, runner: started }: Resolved,
  { specs }: Judged,
): Iterable<Found> {
  const given = schedule[`${to}s`];
  const declared = mapOf(artefact.document[`${to}s`]);
  const bindings = usesOf(artefact, specs).bindings.filter(
    (binding) => binding.to === to && binding.path[1] === started,
  );
  for (const [key, text] of Object.entries(given)) {
    const place = ['schedules', name, `${to}s`, key];
    const bound = bindings.filter((binding) => binding.name === key);
    const problem = unserved(text, to, bound);
    if (!Object.hasOwn(declared, key))
      yield atKey(
        file,
        place,
        `${referenceTo(artefact)} has no ${to} '${key}'${suggestion(key, Object.keys(declared))}`,
      );
    else if (text.includes('${')) yield at(file, place, NOTHING_PUT_IN);
    else if (problem !== undefined) yield at(file, place, problem);
  }
  const isHandedAll = typeof runnerOf(artefact.document, started).run === 'string';
  for (const [key, declaration] of Object.entries(declared)) {
    const isUsed = isHandedAll || bindings.some((binding) => binding.name === key);
    const isMissing = !Object.hasOwn(given, key) && mapOf(declaration).default === undefined;
    if (isUsed && isMissing)
      yield at(
        file,
        ['schedules', name, `${to}s`],
        `the ${to} '${key}' of ${referenceTo(artefact)} has no default and is not given`,
      );
  }
}

function* paramFaults({ file, name, schedule }: Start, { operation: artefact }: Resolved): Iterable<Found> {
  const declared = mapOf(artefact.document.params);
  for (const [key, value] of Object.entries(schedule.params)) {
    const place = ['schedules', name, 'params', key];
    const schema = Object.hasOwn(declared, key) ? mapOf(declared[key]) : undefined;
    if (schema === undefined)
      yield atKey(
        file,
        place,
        `${referenceTo(artefact)} has no param '${key}'${suggestion(key, Object.keys(declared))}`,
      );
    else if (JSON.stringify(value)?.includes('${')) yield at(file, place, NOTHING_PUT_IN);
    else for (const problem of valueFaults(key, schema, value)) yield at(file, place, problem);
  }
  for (const [key, schema] of Object.entries(declared))
    if (!Object.hasOwn(schedule.params, key) && mapOf(schema).default === undefined)
      yield at(
        file,
        ['schedules', name, 'params'],
        `the param '${key}' of ${referenceTo(artefact)} has no default and is not given`,
      );
}

function valueFaults(key: string, schema: JsonSchema, value: unknown): string[] {
  const errors = valueErrors(schema, value);
  if ('invalid' in errors) return [];
  return mistakesOf(errors).map(({ message, path }) =>
    path.length === 0 ? message.replace(/^the document/, `param '${key}'`) : `param '${key}': ${message}`,
  );
}

const NOTHING_PUT_IN = 'nothing is put in for ${...} in schedules: write the value itself';

function runnerOf(
  document: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> {
  return mapOf(mapOf(document.runners)[name]);
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}
