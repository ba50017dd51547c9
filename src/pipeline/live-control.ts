import { NO_CONTROL, type RunControl } from './ledger.js';

/** What a person may change of a run while it sends: whether it pauses, and its rate. Senders look at it before each request. */
export class LiveControl {
  /** Into how many parts the run is divided. */
  readonly shards: number;
  readonly #listeners = new Set<() => void>();
  #control = NO_CONTROL;

  /** A rate is of the whole run: each of its shards has its share. */
  constructor(shards = 1) {
    this.shards = shards;
  }

  get isPaused(): boolean {
    return this.#control.isPaused;
  }

  /** Requests a second in place of the operation's; undefined for the operation's own. */
  get ratePerSecond(): number | undefined {
    return this.#control.rate === null ? undefined : this.#control.rate / this.shards;
  }

  /** Takes over what was asked; true when something has changed. */
  set(control: RunControl): boolean {
    const { isPaused, rate } = this.#control;
    this.#control = control;
    if (isPaused === control.isPaused && rate === control.rate) return false;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  /** Calls back after each change; the function it returns ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
