import { flagName } from '../runner-flags.js';
import { valueText } from './refusal.js';
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

/**
 * The flags that a runner is started with, so that the run's id is `<schedule>@<slot>`. Each is one word with its value
 * behind `=`: a value that begins with a dash is no flag then. `slot` is what `--slot` gets.
 */
export function runnerFlags(run: ScheduledRunner, slot: string): string[] {
  const { name, deadlineMs, inputs, outputs, params } = run.schedule;
  return [
    `--schedule=${name}`,
    `--slot=${slot}`,
    ...(deadlineMs === undefined ? [] : [`--start-deadline=${durationText(deadlineMs)}`]),
    ...Object.entries({ ...inputs, ...outputs, ...params }).map(
      ([key, value]) => `--${flagName(key)}=${valueText(value)}`,
    ),
  ];
}

/** A duration as runners read it: whole seconds where it has no fraction. */
function durationText(durationMs: number): string {
  return durationMs % 1_000 === 0 ? `${durationMs / 1_000}s` : `${durationMs}ms`;
}

/** Whole seconds, and never less than what was asked for. */
export function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000);
}
