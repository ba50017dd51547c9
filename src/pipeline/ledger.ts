import type { Counts } from './counts.js';

/** What the ledger keeps of a run when it starts. */
export interface RunPlan {
  readonly layer: string;
  /** Which of the operation's runners: `one-shot`, `service`. */
  readonly runner: string;
  /** Location of the input, as given. */
  readonly input: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `running` stays where a process died; `finished` has a result for every row; `stopped` ended before that. */
type RunState = 'running' | 'finished' | 'stopped';

interface RunEnd {
  readonly state: Exclude<RunState, 'running'>;
  readonly counts: Counts;
  readonly exitCode: number;
  readonly error: string | null;
}

/**
 * The memory of runs, in the log's store but apart from the log. The run's identity comes from the component that
 * implements it; `begin` is called once the logger is open and before anything is read, `end` after the last result.
 */
export interface Ledger {
  /** Throws `configuration` when the run id is taken. */
  begin(plan: RunPlan): Promise<void>;
  end(end: RunEnd): Promise<void>;
}
