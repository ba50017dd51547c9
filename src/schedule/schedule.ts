/** What becomes of a slot whose predecessor is still running. */
export const OVERLAPS = ['forbid', 'queue', 'replace', 'allow'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Which of the slots that passed while nothing could start are run afterwards. */
export const CATCH_UPS = ['none', 'latest', 'all'] as const;
export type CatchUp = (typeof CATCH_UPS)[number];

/**
 * `failed`: a run ended for good with another code than 0. `missed`: a slot got no run (nobody was there, the deadline
 * passed, its predecessor had not ended). `recovered`: the first success after either.
 */
export const ALERT_EVENTS = ['failed', 'missed', 'recovered'] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

interface Alert {
  /** The environment variable that holds the address; it gets one POST with JSON an event. */
  readonly webhook: string;
  readonly events: readonly AlertEvent[];
}

interface Retries {
  /** Starts after the first, 0 for none. Only after exit codes that say another try may help: 69, 74, 75. */
  readonly attempts: number;
  readonly pauseMs: number;
}

export interface Resources {
  /** Cores, such as 0.5. */
  readonly cpu?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** One named instance of an operation that is started by the clock: an entry of `operations/<name>/schedules.yaml`, with defaults put in. */
export interface Schedule {
  /** Unique in the registry. A run's id is `<name>@<slot>`, the slot as in slot.ts. */
  readonly name: string;
  readonly operation: string;
  readonly title?: string | undefined;
  readonly project?: string | undefined;
  readonly owner?: string | undefined;
  /** An exact version, or a range such as `^1.4`: the newest active version in it. */
  readonly version: string;
  /** Which of the operation's runners; undefined for its only one. */
  readonly runner?: string | undefined;
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Locations by the names of the operation's inputs and outputs. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  /** How late after its slot a run may still start; undefined for no limit. A slot that is later is missed. */
  readonly deadlineMs?: number | undefined;
  readonly retries: Retries;
  /** A run that takes longer is told to end (SIGTERM), and killed when it has not after its drain timeout; undefined for no limit. */
  readonly timeoutMs?: number | undefined;
  readonly alert?: Alert | undefined;
  readonly isPaused: boolean;
  readonly resources: Resources;
}

/** When a schedule is due, as a text to compare: a change of it starts from the time at which it is seen. */
export function timingOf({ cron, timeZone, isPaused }: Schedule): string {
  return JSON.stringify([cron, timeZone, isPaused]);
}
