import type { Clock } from '../clock.js';

/** What a task learns about its run. */
export interface TaskRun {
  /** Given (`--run-id`, or `--schedule` with `--slot`), else made anew for each start: a task knows by itself what is left to do. */
  readonly id: string;
  readonly operation: string;
  readonly version: string;
  /** Digest of the operation the runner was generated from. */
  readonly digest: string;
  readonly clock: Clock;
  /** Where connections and secrets are read: the process environment, or a test's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Looks and says what it would do; changes nothing anywhere. */
  readonly isDryRun: boolean;
  /** How long to wait for another instance that has the same work in hand, in milliseconds. */
  readonly waitMs: number;
  /** Aborted when the process is told to end: what was begun is brought to a durable point, nothing new is begun. */
  readonly signal: AbortSignal;
  /** Something worth a line for the operator that is not an error. */
  warn(message: string): void;
  /** How it stands by now, as often as it likes; shown as progress. */
  progress(standing: TaskProgress): void;
}

export interface TaskProgress {
  /** Units that are durably done. */
  readonly done: number;
  /** Of how many, where that is known. */
  readonly total: number | undefined;
  /** What is counted: `rows`. */
  readonly unit: string;
}

/** What a task has to tell when it ends: printed as lines `label: value`, and written as JSON by `--summary`. */
export interface TaskReport {
  /** Whether all that was there to do is done; false after a signal: the runner then exits with 75. */
  readonly isComplete: boolean;
  /** Plain JSON, keys in snake_case. */
  readonly summary: Readonly<Record<string, unknown>>;
  /** The lines for a person, in order. */
  readonly lines: readonly string[];
}

/**
 * One piece of work that is no sending. `run` is called once, opens and closes what it uses, and throws an RtnError
 * whose code decides the exit code. Killed at any point and started again it neither loses nor doubles anything.
 */
export interface Task {
  run(run: TaskRun): Promise<TaskReport>;
}
