import { parseDuration } from '../component.js';
import { ALERT_EVENTS, type AlertEvent, type CatchUp, type Overlap, type Schedule } from './schedule.js';

/** A schedule as its YAML has it, once it has passed the JSON Schema of schedules. */
export interface ScheduleEntry {
  readonly title?: string;
  readonly project?: string;
  readonly owner?: string;
  readonly version: string;
  readonly runner?: string;
  readonly cron: string;
  readonly time_zone?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly overlap?: Overlap;
  readonly catch_up?: CatchUp;
  readonly deadline?: string;
  readonly retries?: { readonly attempts: number; readonly pause?: string };
  readonly timeout?: string;
  readonly alert?: { readonly webhook: string; readonly events?: readonly AlertEvent[] };
  readonly paused?: boolean;
  readonly resources?: { readonly cpu?: number; readonly memory?: string };
}

const DEFAULT_PAUSE = '1m';
const UNIT_BYTES: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** The schedule that an entry of an operation's schedules.yaml stands for, with defaults put in. */
export function scheduleOf(operation: string, name: string, entry: ScheduleEntry): Schedule {
  const { title, project, owner, version, runner, cron, retries, alert, resources = {} } = entry;
  return {
    name,
    operation,
    title,
    project,
    owner,
    version,
    runner,
    cron,
    timeZone: entry.time_zone ?? 'UTC',
    inputs: entry.inputs ?? {},
    outputs: entry.outputs ?? {},
    params: entry.params ?? {},
    overlap: entry.overlap ?? 'forbid',
    catchUp: entry.catch_up ?? 'latest',
    deadlineMs: durationMs(entry.deadline),
    retries: {
      attempts: retries?.attempts ?? 0,
      pauseMs: durationMs(retries?.pause ?? DEFAULT_PAUSE) ?? 0,
    },
    timeoutMs: durationMs(entry.timeout),
    alert: alert && { webhook: alert.webhook, events: alert.events ?? ALERT_EVENTS },
    isPaused: entry.paused ?? false,
    resources: { cpu: resources.cpu, memoryBytes: bytesOf(resources.memory) },
  };
}

function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function bytesOf(text: string | undefined): number | undefined {
  const [, amount, unit = ''] = /^(\d+)(Ki|Mi|Gi)$/.exec(text ?? '') ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNIT_BYTES[unit] ?? 1);
}
