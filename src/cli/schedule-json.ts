import { durationText } from '../component.js';
import type { Resources, Schedule } from '../schedule/schedule.js';

const MEMORY_UNITS = [
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
] as const;

/** What a schedule says, by the keys and in the units of schedules.yaml, with defaults put in; what it does not say is left out. */
export function scheduleJson(schedule: Schedule): Record<string, unknown> {
  const { name, operation, title, project, owner, version, runner, cron, retries, alert } = schedule;
  return {
    name,
    operation,
    title,
    project,
    owner,
    version,
    runner,
    cron,
    time_zone: schedule.timeZone,
    inputs: schedule.inputs,
    outputs: schedule.outputs,
    params: schedule.params,
    overlap: schedule.overlap,
    catch_up: schedule.catchUp,
    deadline: textOf(schedule.deadlineMs),
    retries: { attempts: retries.attempts, pause: durationText(retries.pauseMs) },
    timeout: textOf(schedule.timeoutMs),
    alert,
    paused: schedule.isPaused,
    resources: resourcesJson(schedule.resources),
  };
}

function textOf(durationMs: number | undefined): string | undefined {
  return durationMs === undefined ? undefined : durationText(durationMs);
}

function resourcesJson({ cpu, memoryBytes }: Resources) {
  if (memoryBytes === undefined) return { cpu };
  const [unit, bytes] = MEMORY_UNITS.find(([, bytes]) => memoryBytes % bytes === 0) ?? ['Ki', 2 ** 10];
  return { cpu, memory: `${memoryBytes / bytes}${unit}` };
}
