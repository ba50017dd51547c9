import { join } from 'node:path';
import { shellPath } from '../shell.js';
import { startFlags } from '../start-flags.js';
import type { ScheduledRunner, TargetOptions } from './target.js';

/** Where the bundle of the runner's version is on the machine, apart from other versions: what runs is never written over. */
export function runnerFolder(
  { operation }: Pick<ScheduledRunner, 'operation'>,
  { 'install-dir': installDir }: TargetOptions,
): string {
  return `${installDir}/${operation.name}-${operation.version}`;
}

/** How the slot is found that a start belongs to: by the schedule's cron and zone, whichever minute it really starts in. */
export function cronSlot({ schedule: { cron, timeZone } }: ScheduledRunner): string {
  return `${cron.trim().split(/\s+/).join(' ')} ${timeZone}`;
}

/** A file that is written to a folder, as a word of a command that installs it. */
export function writtenFile(folder: string, path: string): string {
  return shellPath(join(folder, path));
}

/** The flags of a start; without the deadline where the scheduler alone has to see to it. */
export function runnerFlags(
  { schedule, paramSchemas: schemas }: ScheduledRunner,
  slot: string,
  { hasDeadline = true } = {},
): string[] {
  return startFlags(schedule, {
    slot,
    startDeadlineMs: hasDeadline ? schedule.deadlineMs : undefined,
    schemas,
  });
}

/** Whole seconds, and never less than what was asked for. */
export function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000);
}
