import { type Clock, sleep } from '../clock.js';
import { RtnError, toRtnError } from '../error.js';
import type { Counts } from './counts.js';
import { holderText, isHolderGone } from './holder.js';
import { isFenced, type Lease, type Ledger, type RunControl } from './ledger.js';

/** How often a holder shows that it is alive, and learns what was asked of the run. */
export const RENEW_EVERY_MS = 3_000;

/** A holder whose beat has not risen for so long, as the one that waits has seen it, may be succeeded. */
const EXPIRES_AFTER_MS = 15_000;

/** So long after its last renewal began a holder sends nothing more: well before another one may succeed it. */
const STALE_AFTER_MS = 12_000;

/** How often the one that waits looks; sooner where somebody else was just about to take it. */
const LOOK_EVERY_MS = 1_000;
const LOOK_AGAIN_MS = 100;

export interface LeaseOptions {
  readonly clock: Clock;
  /** This process: see holder.ts. */
  readonly holder: string;
  readonly runId: string;
  /** How long to wait for another holder. */
  readonly waitMs: number;
  /** Aborted when nobody wants the lease any more. */
  readonly signal: AbortSignal;
  /** Whether the last holder has done all that is asked for: then the lease is not taken. */
  isFinished(lease: Lease): boolean;
  warn(message: string): void;
}

/**
 * Takes a shard's lease: at once where it is free or its holder's process is gone, else once the holder has not renewed
 * it for 15 s by this process' own clock, so that no two clocks are compared. Throws `temporary` when a living holder
 * keeps it for longer than `waitMs`. Undefined when there is nothing left to do.
 */
export async function acquireLease(ledger: Ledger, options: LeaseOptions): Promise<Lease | undefined> {
  const { clock, holder, runId, waitMs, signal } = options;
  const startedMs = clock.monotonic();
  let seen = await ledger.lease();
  let seenMs = startedMs;
  for (let hasWarned = false; ; ) {
    if (seen !== undefined && options.isFinished(seen)) return undefined;
    const isFree = seen === undefined || isHolderGone(seen.holder);
    if (isFree || clock.monotonic() - seenMs >= EXPIRES_AFTER_MS) {
      const taken = await ledger.take(seen, holder);
      if (taken !== undefined) return taken;
    }
    if (clock.monotonic() - startedMs >= waitMs || signal.aborted) throw isBusy(runId, seen);
    if (!isFree && !hasWarned) {
      options.warn(`the run '${runId}' is held by ${holderText(seen?.holder ?? '')}; waiting`);
      hasWarned = true;
    }
    await sleep(clock, isFree ? LOOK_AGAIN_MS : LOOK_EVERY_MS, signal);
    const now = await ledger.lease();
    if (now?.token !== seen?.token || now?.beat !== seen?.beat || now?.holder !== seen?.holder)
      seenMs = clock.monotonic();
    seen = now;
  }
}

function isBusy(runId: string, lease: Lease | undefined): RtnError {
  const holder = lease?.holder ?? '';
  return new RtnError('temporary', `the run '${runId}' is under way: ${holderText(holder)} holds it`, {
    details: { holder },
    next: 'wait for its end, or stop it with rtn runs stop; --wait 10m waits longer',
  });
}

/** Renews a lease for as long as its run lasts, and hands on what was asked of the run. */
export class LeaseKeeper {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #counts: Counts;
  readonly #on: {
    asked(control: RunControl): void;
    lost(error: RtnError): void;
    warn(message: string): void;
  };
  /** When the last renewal that succeeded was begun. */
  #renewedMs: number;
  #cancel = () => {};
  #isEnded = false;
  #renewing: Promise<void> = Promise.resolve();

  /** `lost` is called when another holder has the lease; a store that does not answer is only warned of. */
  constructor(
    ledger: Ledger,
    clock: Clock,
    counts: Counts,
    on: { asked(control: RunControl): void; lost(error: RtnError): void; warn(message: string): void },
  ) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#counts = counts;
    this.#on = on;
    this.#renewedMs = clock.monotonic();
    this.#schedule();
  }

  /** Whether another process may hold the lease by now: this one was stopped, or the store does not answer. */
  get isStale(): boolean {
    return this.#clock.monotonic() - this.#renewedMs > STALE_AFTER_MS;
  }

  /** Ends renewing, and waits for a renewal that is under way. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#cancel();
    await this.#renewing;
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(RENEW_EVERY_MS, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const beganMs = this.#clock.monotonic();
    try {
      const control = await this.#ledger.renew(this.#counts);
      this.#renewedMs = beganMs;
      if (!this.#isEnded) this.#on.asked(control);
    } catch (thrown) {
      const error = toRtnError(thrown);
      if (isFenced(error)) return this.#on.lost(error);
      this.#on.warn(`the lease could not be renewed: ${error.message}`);
    }
    if (!this.#isEnded) this.#schedule();
  }
}
