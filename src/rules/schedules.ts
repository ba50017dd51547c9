import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { isMap } from '../registry/jsonSchema.js';
import type { Registry } from '../registry/registry.js';
import type { ScheduleFile } from '../registry/scheduleFile.js';
import { suggestion } from '../registry/spelling.js';
import { isInRange, isVersion, isVersionRange } from '../registry/version.js';
import { parseCron } from '../schedule/cron.js';
import { type ScheduleEntry, scheduleOf } from '../schedule/entry.js';
import type { Schedule } from '../schedule/schedule.js';
import { isTimeZone } from '../schedule/zone.js';

/** The schedules of a registry, and those that cannot be used. */
export interface Schedules {
  /** By name. Cron, zone and form are right; whether the operation takes what they give is for `rtn check`. */
  readonly schedules: readonly Schedule[];
  readonly unusable: readonly Unusable[];
}

/** A mistake that leaves something out. */
interface Unusable {
  /** Whose file it is in. */
  readonly operation: string;
  /** The entry that it is in; undefined for one of the whole file. */
  readonly schedule?: string | undefined;
  /** `operations/x/schedules.yaml:4: …`. */
  readonly line: string;
}

/** Reads every schedule of a registry. Mistakes are told, never thrown: one bad file must not stop the others. */
export function loadSchedules(registry: Registry): Schedules {
  const schedules = new Map<string, Schedule>();
  const unusable: Unusable[] = [];
  for (const file of registry.scheduleFiles) {
    const { operation } = file;
    for (const finding of file.findings)
      unusable.push({
        operation,
        schedule: file.entryAt(finding),
        line: `${file.path}:${finding.line}: ${finding.message}`,
      });
    for (const [name, schedule] of schedulesIn(file)) {
      const mistake = mistakeIn(schedule, schedules.get(nameKey(name)));
      const { line } = file.source.positionOfKey(['schedules', name]);
      if (mistake === undefined) schedules.set(nameKey(name), schedule);
      else
        unusable.push({
          operation,
          schedule: name,
          line: `${file.path}:${line}: schedule '${name}': ${mistake}`,
        });
    }
  }
  const inOrder = [...schedules.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { schedules: inOrder, unusable };
}

/** Names with one key are one name to engines that know only one of `-` and `_`. */
export function nameKey(name: string): string {
  return name.replaceAll('_', '-');
}

/** The schedules of a file whose entries have the right form, by name. */
export function schedulesIn(file: ScheduleFile): readonly (readonly [name: string, schedule: Schedule])[] {
  return file.soundEntries.map(([name, entry]) => [
    name,
    scheduleOf(file.operation, name, entry as unknown as ScheduleEntry),
  ]);
}

function mistakeIn({ name, cron, timeZone }: Schedule, twin: Schedule | undefined): string | undefined {
  const parsed = parseCron(cron);
  if ('mistake' in parsed) return parsed.mistake;
  if (!isTimeZone(timeZone)) return `there is no time zone '${timeZone}'`;
  if (twin === undefined) return undefined;
  return twin.name === name
    ? `${twin.operation} has a schedule of that name, too`
    : `${twin.operation} has '${twin.name}', which differs only in - and _`;
}

/** What a schedule starts as things stand. */
export interface Resolved {
  readonly operation: Artefact;
  /** The name of its runner. */
  readonly runner: string;
}

/** Why it starts nothing. */
export interface Unresolved {
  /** The key that is to blame. */
  readonly key: 'operation' | 'version' | 'runner';
  readonly problem: string;
  /** A command to paste. */
  readonly fix?: string;
}

export interface ResolveOptions {
  /** Whether drafts are taken as active versions are. */
  readonly allowsDrafts?: boolean | undefined;
}

/**
 * The version and runner that a schedule starts as things stand: of a range the newest active version. An exact version
 * may be deprecated. Throws `configuration` where there is none.
 */
export function resolveSchedule(
  registry: Registry,
  schedule: Schedule,
  options: ResolveOptions = {},
): Resolved {
  const resolution = resolutionOf(registry, schedule, options);
  if ('operation' in resolution) return resolution;
  throw new RtnError('configuration', `schedule '${schedule.name}': ${resolution.problem}`, {
    next: resolution.fix ?? 'rtn check',
  });
}

/** The same, with a reason instead of an error. */
export function resolutionOf(
  registry: Registry,
  schedule: Schedule,
  options: ResolveOptions = {},
): Resolved | Unresolved {
  const operation = isVersion(schedule.version)
    ? exactly(registry, schedule, options)
    : newestIn(registry, schedule, options);
  if ('problem' in operation) return operation;
  return runnerOf(operation, schedule);
}

function exactly(
  registry: Registry,
  { operation: name, version }: Schedule,
  { allowsDrafts }: ResolveOptions,
): Artefact | Unresolved {
  const found = registry.find('operation', name, version);
  if (found === undefined) return noSuch(registry, name, `there is no operation ${name}@${version}`);
  if (found.status === 'withdrawn')
    return { key: 'version', problem: `${name}@${version} was withdrawn: nothing runs it any more` };
  return found.status === 'draft' && allowsDrafts !== true ? isDraft(found) : found;
}

function newestIn(
  registry: Registry,
  { operation: name, version: range }: Schedule,
  { allowsDrafts }: ResolveOptions,
): Artefact | Unresolved {
  if (!isVersionRange(range))
    return {
      key: 'version',
      problem: `'${range}' is neither a version nor a range of versions, such as 1.4.10 or ^1.4`,
    };
  const within = registry.versions('operation', name).filter(({ version }) => isInRange(version, range));
  const newest = within.findLast(
    ({ status }) => status === 'active' || (allowsDrafts === true && status === 'draft'),
  );
  if (newest !== undefined) return newest;
  const draft = within.findLast(({ status }) => status === 'draft');
  if (draft !== undefined) return isDraft(draft);
  const others = within.map(({ version, status }) => `${version} is ${status}`);
  return noSuch(
    registry,
    name,
    `no active version of ${name} lies in ${range}${others.length === 0 ? '' : ` (${others.slice(-3).join(', ')})`}`,
  );
}

function isDraft(draft: Artefact): Unresolved {
  const reference = referenceTo(draft);
  return {
    key: 'version',
    problem: `${reference} is a draft, which may still change; schedules start what is published`,
    fix: `rtn publish ${reference}`,
  };
}

function noSuch(registry: Registry, name: string, problem: string): Unresolved {
  const versions = registry.versions('operation', name);
  if (versions.length === 0)
    return {
      key: 'operation',
      problem: `there is no operation '${name}'${suggestion(name, registry.names('operation'))}`,
    };
  const active = versions.filter(({ status }) => status === 'active').map(referenceTo);
  const hint =
    active.length === 0
      ? 'none is active'
      : `active ${active.length === 1 ? 'is' : 'are'} ${active.slice(-5).join(', ')}`;
  return { key: 'version', problem: `${problem}; ${hint}` };
}

function runnerOf(operation: Artefact, { runner }: Schedule): Resolved | Unresolved {
  const names = Object.keys(isMap(operation.document.runners) ? operation.document.runners : {});
  const [only, ...more] = names;
  if (runner === undefined && only !== undefined && more.length === 0) return { operation, runner: only };
  if (runner !== undefined && names.includes(runner)) return { operation, runner };
  const problem =
    runner === undefined
      ? `${referenceTo(operation)} has the runners ${names.join(', ')}: say which one, runner: ${only}`
      : `${referenceTo(operation)} has no runner '${runner}'${suggestion(runner, names)}`;
  return { key: 'runner', problem };
}
