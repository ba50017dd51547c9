import { oneLine, RtnError } from '../error.js';
import { Claims } from './claims.js';
import type { Run, SenderOutline } from './contract.js';
import type { Counts } from './counts.js';
import type { Ending } from './ending.js';
import { decidedLater, retryPositions } from './family.js';
import { thisHolder } from './holder.js';
import { Journal } from './journal.js';
import { acquireLease, LeaseKeeper } from './lease.js';
import type { Ledger, RunControl, RunRecord } from './ledger.js';
import type { LiveControl } from './live-control.js';
import { type InDoubtPolicy, type RunPlan, requireSamePlan } from './plan.js';

/** How long a start waits for another holder of its run: longer than a dead one is waited for. */
export const DEFAULT_WAIT_MS = 30_000;

/** So much may be in doubt after a crash where a repeat does no harm, since the provider knows its key. */
const HARMLESS_WINDOW = 20_000;

/** How a run is kept in the ledger. */
export interface KeepOptions {
  readonly plan: RunPlan;
  readonly inDoubt: InDoubtPolicy;
  /** Most messages that may be sent without a durable result; undefined for what suits the sender. */
  readonly inDoubtWindow?: number | undefined;
  /** How long to wait for another holder of the run. */
  readonly waitMs?: number | undefined;
  readonly live: LiveControl;
  /** Called once this process has the run; `isFinished` where nothing is left to do. */
  begun?(begun: Begun): void;
}

export interface Begun {
  readonly record: RunRecord;
  /** An earlier start has done all that this one is asked for. */
  readonly isFinished: boolean;
  /** Whether an earlier start has done something. */
  readonly isResumed: boolean;
  /** Messages that may have been sent when an earlier start died. */
  readonly inDoubt: number;
}

/** A run that this process holds. */
export interface KeptRun {
  /** The only positions that are wanted, where it repeats a part of another run. */
  readonly wanted: ReadonlySet<number> | undefined;
  readonly journal: Journal;
  readonly keeper: LeaseKeeper;
}

/**
 * Records the run or finds its record, takes the lease and learns what earlier starts have done. Undefined when nothing
 * is left to do. Throws `configuration` when the run was begun with another plan or was stopped by a person, and
 * `temporary` when a living holder keeps it.
 */
export async function beginRun(
  ledger: Ledger,
  run: Run,
  options: KeepOptions & {
    readonly ending: Ending;
    readonly counts: Counts;
    readonly outline: SenderOutline | undefined;
    readonly isEndless: boolean;
  },
): Promise<KeptRun | undefined> {
  const { plan, ending, counts, live } = options;
  const { id: runId, rootId, operation, version, digest } = run;
  const now = { runId, rootId, operation, version, digest, plan };
  let record = await ledger.begin(now);
  // A stream's messages are new ones with each start: another version or other params may take them.
  if (!options.isEndless) requireSamePlan(record, now);
  requireNotStopped(record);
  const known = await ledger.lease();
  const lease = await acquireLease(ledger, {
    clock: run.clock,
    holder: thisHolder(),
    runId,
    waitMs: options.waitMs ?? DEFAULT_WAIT_MS,
    signal: ending.endSignal,
    isFinished: ({ finished }) => !options.isEndless && isFinished(finished, plan),
    warn: run.warn,
  });
  // Much may have been asked of the run while this waited.
  record = await ledger.begin(now);
  const told = { record, inDoubt: 0, isResumed: known !== undefined };
  if (lease === undefined) {
    options.begun?.({ ...told, isFinished: true });
    return undefined;
  }
  const claims = new Claims(await ledger.load());
  const wanted = await settleFamily(ledger, run, plan, claims);
  const journal = new Journal(ledger, claims, {
    window: options.inDoubtWindow ?? defaultWindow(options.outline),
    outline: options.outline,
    live,
    counts,
  });
  live.set(record.control);
  const keeper = new LeaseKeeper(ledger, run.clock, counts, {
    asked: (control) => obey(control, run, live, ending),
    lost: (error) => ending.stop('ledger', error),
    warn: run.warn,
  });
  live.isStale = () => keeper.isStale;
  if (record.control.isStopped) ending.end('rtn runs stop');
  options.begun?.({ ...told, isFinished: false, inDoubt: claims.open });
  return { journal, keeper, wanted };
}

/** What the run's relatives have to do with it: which positions it repeats, or which of its own were decided by a repeat. */
async function settleFamily(
  ledger: Ledger,
  run: Run,
  plan: RunPlan,
  claims: Claims,
): Promise<ReadonlySet<number> | undefined> {
  if (plan.retry === null && claims.open === 0) return undefined;
  const family = (await ledger.family(run.rootId)).filter(
    ({ runId }) => runId !== run.id || plan.retry === null,
  );
  if (plan.retry === null) {
    claims.decide(decidedLater(family));
    return undefined;
  }
  const [root] = family;
  if (root !== undefined && root.inputIdentity !== plan.inputIdentity)
    throw new RtnError(
      'configuration',
      `the input is not what it was in the run '${oneLine(run.rootId, 200)}': its messages cannot be told`,
      { next: 'give the input that the run had, unchanged' },
    );
  return retryPositions(family, plan.retry);
}

/** What may be in doubt by default: where repeats do no harm that is no danger, else as little as keeps the sender busy. */
function defaultWindow(outline: SenderOutline | undefined): number {
  if (outline?.channel.isIdempotent === true) return HARMLESS_WINDOW;
  return Math.max(2 * (outline?.concurrency ?? 1) * (outline?.itemsPerRequest ?? 1), 1_000);
}

function isFinished(finished: { readonly selection: string | null } | undefined, plan: RunPlan): boolean {
  return finished !== undefined && (finished.selection === null || finished.selection === plan.selection);
}

/** Throws `configuration` (`details.stopped`) where a person has stopped the run. */
export function requireNotStopped({ runId, control }: RunRecord): void {
  if (!control.isStopped) return;
  throw new RtnError('configuration', `the run '${oneLine(runId, 200)}' was stopped by rtn runs stop`, {
    details: { stopped: true },
    next: `rtn runs resume ${oneLine(runId, 200)}, then start it again`,
  });
}

function obey(control: RunControl, run: Run, live: LiveControl, ending: Ending): void {
  const was = live.asked;
  live.set(control);
  if (control.isPaused !== was.isPaused)
    run.warn(control.isPaused ? 'paused by rtn runs pause' : 'resumed by rtn runs resume');
  if (control.rate !== was.rate)
    run.warn(
      control.rate === null ? "the operation's own rate again" : `the rate is ${control.rate} a second now`,
    );
  if (!control.isStopped) return;
  ending.end('rtn runs stop');
  // While it is paused nothing that was read would be sent: waiting for the drain timeout changes nothing.
  if (control.isPaused && !ending.stopSignal.aborted) ending.stop('control', stoppedWhilePaused(run.id));
}

function stoppedWhilePaused(runId: string): RtnError {
  return new RtnError('temporary', 'rtn runs stop, while the run was paused', {
    next: `rtn runs resume ${oneLine(runId, 200)}, then start it again`,
  });
}
