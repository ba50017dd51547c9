import type { Claims } from './claims.js';
import type { Pressure, SenderOutline } from './contract.js';
import { type Counts, countLogged } from './counts.js';
import type { Ledger, RunEnd, Settled } from './ledger.js';
import type { LiveControl } from './live-control.js';
import type { Message, SendResult } from './record.js';

/** Most messages of one claim: each claim is a durable write, and one holds back the messages behind it. */
export const MAX_CLAIM = 1_024;

/** A claim, and the messages that wait between it and the sender, are what the rate limit lets out in twice this time. */
const CLAIM_MS = 125;

export interface JournalOptions {
  /** Most messages that may be claimed without a durable result: as many may be in doubt after a crash. */
  readonly window: number;
  readonly outline: SenderOutline | undefined;
  readonly live: LiveControl;
  readonly counts: Counts;
}

/**
 * The ledger's side of a run that is under way. Admission asks it what is done and claims what is to be sent; the logger
 * gets from it what a batch of results changes; at the end it takes back the claims of what was not sent.
 */
export class Journal implements Pressure {
  readonly #ledger: Ledger;
  readonly #claims: Claims;
  readonly #options: JournalOptions;
  /** Positions whose claim stands whatever happens: held, spilled, or lost. */
  readonly #kept = new Set<number>();
  /** Claimed or in doubt, admitted by this start, without a durable result. */
  #outstanding = 0;
  #wakeClaim = () => {};
  onPressed = () => {};
  #isClaimWaiting = false;

  constructor(ledger: Ledger, claims: Claims, options: JournalOptions) {
    this.#ledger = ledger;
    this.#claims = claims;
    this.#options = options;
    this.hasNothingDone = claims.end === 0;
    this.hasDoubts = claims.open > 0;
  }

  /** Where reading may begin: all positions below are done. */
  get watermark(): number {
    return this.#claims.watermark;
  }

  /** One more than the highest position that an earlier start has touched: where a stream goes on. */
  get nextPosition(): number {
    return this.#claims.end;
  }

  /** Takes note that nothing below is asked for: a shard begins there. */
  startAt(position: number): void {
    this.#claims.startAt(position);
  }

  /** Whether no earlier start has done anything. */
  readonly hasNothingDone: boolean;
  /** Whether an earlier start has left messages in doubt. */
  readonly hasDoubts: boolean;

  isDone(position: number): boolean {
    return this.#claims.isDone(position);
  }

  /** Whether an earlier start had claimed it and no result is known. Asked before the message is claimed again. */
  isInDoubt(position: number): boolean {
    return this.#claims.isOpen(position);
  }

  inDoubt(): number[] {
    return [...this.#claims.openPositions()];
  }

  /** Most messages that should wait for the sender. */
  get queueCapacity(): number {
    return this.#claimSize;
  }

  get #claimSize(): number {
    const { window, outline, live } = this.#options;
    const perRequest = outline?.itemsPerRequest ?? 1;
    const rate = (live.ratePerSecond ?? (outline?.rateLimit ?? 0) / live.shards) * perRequest;
    const most = Math.max(1, Math.min(MAX_CLAIM, Math.floor(window / 2)));
    return rate === 0 ? most : Math.min(most, Math.max(perRequest, Math.floor((rate * CLAIM_MS) / 1_000), 1));
  }

  /**
   * Claims the first of these messages, as many as a claim may hold, once the window has room for them; gives how many:
   * none once the signal is aborted. Those in doubt are claimed already and count for the window.
   */
  async claim(messages: readonly Message[], signal: AbortSignal): Promise<number> {
    const size = Math.min(messages.length, this.#claimSize);
    while (this.#outstanding > 0 && this.#outstanding + size > this.#options.window) {
      if (!(await this.#room(signal))) return 0;
    }
    if (signal.aborted) return 0;
    const free: number[] = [];
    for (let index = 0; index < size; index++) {
      const { position } = messages[index] as Message;
      if (!this.#claims.isOpen(position)) free.push(position);
    }
    this.#outstanding += size;
    if (free.length > 0) await this.#ledger.claim(this.#claims.claim(free));
    return size;
  }

  /** Counts a result for a message in doubt, which was not claimed by this start. */
  admitInDoubt(): void {
    this.#outstanding++;
  }

  /** What making these results durable changes. */
  settle(results: readonly SendResult[]): Settled {
    const { counts } = this.#options;
    const after = { ...counts, logged: { ...counts.logged } };
    countLogged(after, results);
    return { ...this.#claims.settle(results), counts: after };
  }

  /** Takes note that what a `settle` told is durable. */
  written({ closed }: Settled): void {
    this.#outstanding -= closed;
    this.#wakeClaim();
  }

  /** Claims of these stand: they have been sent, or may have been, and the ledger does not know their results. */
  keep(positions: Iterable<number>): void {
    for (const position of positions) this.#kept.add(position);
  }

  /** Whether the sender will soon stand still unless results become durable: the logger then lingers no longer. */
  get isPressed(): boolean {
    return this.#isClaimWaiting || 2 * this.#outstanding > this.#options.window;
  }

  /** Ends the start in the ledger. `isQuiet` says that no request can be under way any more; else all claims stand. */
  async end(end: Omit<RunEnd, 'release'>, isQuiet: boolean): Promise<void> {
    const release = isQuiet
      ? this.#claims.release((position) => this.#kept.has(position))
      : { claimed: [], ranges: [], released: [] };
    await this.#ledger.end({ ...end, release });
  }

  /** Waits until results have become durable; false once the signal is aborted. */
  async #room(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    this.#isClaimWaiting = true;
    this.onPressed();
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakeClaim = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
    this.#isClaimWaiting = false;
    return !signal.aborted;
  }
}
