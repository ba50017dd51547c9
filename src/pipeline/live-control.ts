import { NO_CONTROL, type RunControl } from './ledger.js';

/**
 * What may change of a run while it sends: whether a person has paused it, whether its lease is in force, and its rate.
 * Senders look at it before each request.
 */
export class LiveControl {
  /** Into how many parts the run is divided. */
  readonly shards: number;
  readonly #listeners = new Set<() => void>();
  #control = NO_CONTROL;
  #wasStale = false;
  /** Whether another process may have the run by now; set by who keeps the lease. */
  isStale: () => boolean = () => false;

  /** A rate is of the whole run: each of its shards has its share. */
  constructor(shards = 1) {
    this.shards = shards;
  }

  /** Whether nothing may be sent for now. */
  get isPaused(): boolean {
    this.#wasStale ||= this.isStale();
    return this.#control.isPaused || this.#wasStale;
  }

  /** Requests a second in place of the operation's; undefined for the operation's own. */
  get ratePerSecond(): number | undefined {
    return this.#control.rate === null ? undefined : this.#control.rate / this.shards;
  }

  /** What a person has asked for. */
  get asked(): RunControl {
    return this.#control;
  }

  /** Takes over what was asked, as a renewal of the lease told it. */
  set(control: RunControl): void {
    const { isPaused, rate } = this.#control;
    const wasStale = this.#wasStale;
    this.#control = control;
    this.#wasStale = this.isStale();
    if (isPaused === control.isPaused && rate === control.rate && wasStale === this.#wasStale) return;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back after each change; the function it returns ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
