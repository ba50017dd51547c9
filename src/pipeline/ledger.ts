import { RtnError } from '../error.js';
import type { ClaimChange, DoneChange, Ranges, StoredClaims } from './claims.js';
import type { Counts } from './counts.js';
import type { PastRun } from './family.js';
import type { RunPlan } from './plan.js';
import type { TaskProgress } from './task.js';

/** `running` stays where a process died; `finished` has a result for every row; `stopped` ended before that. */
export type RunState = 'running' | 'finished' | 'stopped';

/** What a person asked of a run while it runs (`rtn runs stop | pause | resume | rate`). Each shard reads it at every renewal. */
export interface RunControl {
  /** Reading ends and what was read is sent; the run is not started again before `rtn runs resume`. */
  readonly isStopped: boolean;
  /** Nothing more is sent for now. */
  readonly isPaused: boolean;
  /** Requests a second of the whole run, in place of the operation's; null for the operation's. */
  readonly rate: number | null;
}

export const NO_CONTROL: RunControl = { isStopped: false, isPaused: false, rate: null };

/** What the ledger keeps of a run, whoever runs it. Times are ISO 8601. */
export interface RunRecord {
  readonly runId: string;
  /** The run that this one repeats a part of (`rtn retry`), or its own id: idempotency keys are made from it. */
  readonly rootId: string;
  readonly operation: string;
  readonly version: string;
  readonly digest: string;
  readonly plan: RunPlan;
  readonly state: RunState;
  readonly control: RunControl;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export type NewRun = Pick<RunRecord, 'runId' | 'rootId' | 'operation' | 'version' | 'digest' | 'plan'>;

/**
 * Who runs a shard. The holder raises `beat` at each renewal. Whoever takes the lease raises `token`, and from then on
 * nothing that carries an older token is written.
 */
export interface Lease {
  readonly token: number;
  /** Who it is, for messages and for finding out whether it is still there: see holder.ts. Empty when it was given back. */
  readonly holder: string;
  readonly beat: number;
  /** Set once a start has finished the shard: which part of the input it had, as RunPlan.selection; else undefined. */
  readonly finished?: { readonly selection: string | null } | undefined;
}

/** How one start of a shard has gone: the history of a run is the list of these. */
export interface StartRecord {
  readonly shard: number;
  readonly token: number;
  readonly holder: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** `running` also where the process died: then another start follows, or the lease has no live holder. */
  readonly state: RunState;
  /** As of the last durable write. */
  readonly counts: Counts | null;
  /** What a task has done, in place of counts. */
  readonly work?: TaskProgress | null;
  readonly exitCode: number | null;
  readonly error: string | null;
}

export interface RunEnd {
  readonly state: Exclude<RunState, 'running'>;
  readonly counts: Counts;
  readonly exitCode: number;
  readonly error: string | null;
  /** Claims that are taken back: of these messages nothing was sent. */
  readonly release: ClaimChange & { readonly released: Ranges };
}

/**
 * The memory of one shard of a run, in the log's store but apart from the log. All of it is called by the pipeline, in
 * this order: `begin`, `lease` and `take` until the lease is held, `load`; then `renew` and `claim` at any time, each of
 * them one at a time; at last `end`. Results are written by the logger, which makes a `DoneChange` durable together with
 * them. What needs the lease throws `fenced` when another holder has taken it, and has then changed nothing.
 */
export interface Ledger {
  /** Records the run where there is none of that id yet, and gives the record that stands. */
  begin(run: NewRun): Promise<RunRecord>;
  /** The shard's lease as it stands; undefined while it was never held. */
  lease(): Promise<Lease | undefined>;
  /**
   * Takes the lease when it is still as it was seen; undefined when somebody else was faster, or is about to be: look
   * again.
   */
  take(seen: Lease | undefined, holder: string): Promise<Lease | undefined>;
  load(): Promise<StoredClaims>;
  /**
   * What the run with this id and those that repeat parts of it (their `rootId`) have done, the run itself first, then by
   * their start. Empty where there is no such run.
   */
  family(rootId: string): Promise<readonly PastRun[]>;
  /** Shows that the holder is alive, with its counts; gives what was asked of the run. */
  renew(counts: Counts): Promise<RunControl>;
  /** Returns when the claim is durable: only then may its messages be sent. */
  claim(change: ClaimChange): Promise<void>;
  /** Records how this start ended and gives the lease back. */
  end(end: RunEnd): Promise<void>;
}

/** What a batch of results changes in the ledger, and the run's counts with it. Written together with the results. */
export type Settled = DoneChange & { readonly counts: Counts };

/** Another holder has the lease: this one may write nothing more. */
export function fenced(runId: string): RtnError {
  return new RtnError('temporary', `another runner has taken over the run '${runId}'`, {
    details: { fenced: true },
    next: 'nothing to do: the other runner goes on; this one was stopped for too long to keep the run',
  });
}

export function isFenced(thrown: unknown): boolean {
  return thrown instanceof RtnError && thrown.details.fenced === true;
}
