import type { Clock } from '../clock.js';
import type { Delivery } from './delivery.js';

export interface BackoffOptions {
  readonly maxAttempts: number;
  readonly maxElapsedMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

/** Decides whether and when a delivery is tried again: exponential pauses with full jitter, within attempts and time. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #clock: Clock;

  constructor(options: BackoffOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** When to try again; undefined when no attempt or no time is left. `askedMs` is what the provider asked for. */
  dueMs({ tries, startedMs }: Delivery, askedMs: number | null): number | undefined {
    const { maxAttempts, maxElapsedMs } = this.#options;
    if (tries >= maxAttempts) return undefined;
    const dueMs = this.#clock.monotonic() + (askedMs ?? this.pauseMs(tries));
    return dueMs - startedMs > maxElapsedMs ? undefined : dueMs;
  }

  /** Anywhere between nothing and the doubled limit: those who failed together do not come back together. */
  pauseMs(tries: number): number {
    const { backoffMs, maxBackoffMs } = this.#options;
    return this.#clock.random() * Math.min(backoffMs * 2 ** Math.max(0, tries - 1), maxBackoffMs);
  }
}
