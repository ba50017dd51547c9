import { onTestFinished } from 'vitest';
import { Claims, type StoredClaims, type Unsent } from '../../src/pipeline/claims.js';
import type { Logger, Run } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import type { Ledger, RunControl, RunEnd, RunRecord, StartRecord } from '../../src/pipeline/ledger.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Outcome, SendResult } from '../../src/pipeline/record.js';
import { logControl, newRun } from '../setup/keep.js';

/** A store of logs and ledgers, seen from outside. */
export interface Store {
  /** A logger of the store, opened for this run. */
  open(run: Run): Promise<Logger>;
  /** The positions that stand in the run's log, in any order, as often as they stand there. */
  logged(runId: string): Promise<number[]>;
  record(runId: string): Promise<RunRecord | undefined>;
  /** The starts of a run, in order. */
  starts(
    runId: string,
  ): Promise<Pick<StartRecord, 'token' | 'holder' | 'state' | 'exitCode' | 'error' | 'counts'>[]>;
  /** In ascending order. */
  unsent(runId: string): Promise<readonly Unsent[]>;
  control(runId: string, control: RunControl): Promise<void>;
}

/** No process has this: whoever sees it has to take it for one that may live. */
export const ELSEWHERE = 'elsewhere/scope/1/1';

export function result(position: number, outcome: Outcome = 'sent', reason?: string): SendResult {
  return {
    outcome,
    messageId: `m${position}`,
    position,
    recipient: 'driver',
    channel: 'http',
    attempts: 1,
    httpStatus: 200,
    providerId: null,
    errorCode: null,
    errorText: null,
    suppress: false,
    startedAtMs: Date.UTC(2026, 0, 1),
    finishedAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    ...(reason !== undefined && { reason }),
  };
}

/** One start of a run's shard, as a pipeline would make it. */
export class Start {
  readonly run: Run;
  readonly logger: Logger;
  readonly ledger: Ledger;
  claims = new Claims();
  #closing: Promise<void> | undefined;

  private constructor(run: Run, logger: Logger) {
    if (logger.ledger === undefined) throw new Error('a store without a ledger');
    this.run = run;
    this.logger = logger;
    this.ledger = logger.ledger;
  }

  /** Opened, and the run is begun. */
  static async open(store: Store, run: Run, plan: Parameters<typeof newRun>[1] = {}): Promise<Start> {
    const start = new Start(run, await store.open(run));
    onTestFinished(() => start.close());
    await start.ledger.begin(newRun(run, plan));
    return start;
  }

  /** Holds the lease and knows what was done before. */
  static async take(store: Store, run: Run, holder = ELSEWHERE): Promise<Start> {
    const start = await Start.open(store, run);
    // A holder that is at work changes its beat between the two calls.
    while ((await start.ledger.take(await start.ledger.lease(), holder)) === undefined);
    start.claims = new Claims(await start.ledger.load());
    return start;
  }

  close(): Promise<void> {
    this.#closing ??= this.logger.close();
    return this.#closing;
  }

  claim(...positions: number[]): Promise<void> {
    return this.ledger.claim(this.claims.claim(positions));
  }

  /** Logs results; those that were told to be durable are given back. */
  async log(...results: SendResult[]): Promise<readonly SendResult[]> {
    const queue = new Queue<SendResult>(results.length);
    queue.trySendMany(results);
    queue.close();
    const control = logControl(this.claims);
    await this.logger.log(queue, control);
    return control.results;
  }

  /** Ends as a pipeline does that has nothing under way: what is claimed and not done is released, but `kept`. */
  end(end: Partial<Omit<RunEnd, 'release'>> = {}, kept: readonly number[] = []): Promise<void> {
    const release = this.claims.release((position) => kept.includes(position));
    const state = { state: 'finished', counts: newCounts(), exitCode: 0, error: null } as const;
    return this.ledger.end({ ...state, ...end, release });
  }
}

/** Stored claims as positions. */
export function positionsOf(stored: StoredClaims): { readonly done: number[]; readonly open: number[] } {
  const claims = new Claims(stored);
  const done = [];
  for (let position = 0; position < claims.end; position++) if (claims.isDone(position)) done.push(position);
  return { done, open: [...claims.openPositions()] };
}
