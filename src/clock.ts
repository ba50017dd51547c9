import { DueQueue } from './due-queue.js';

/** The only clock and dice of the product, so that the whole pipeline can run in virtual time. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for timestamps. May jump. */
  now(): number;
  /** Milliseconds that only grow: for durations and deadlines. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Calls back once after `delayMs`; the function it returns cancels. */
  schedule(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when the signal is aborted: a wait that is cut short is no error. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = () => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.schedule(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

/**
 * A clock that stands still until it is told to move: `advance` fires what falls due, in order, and lets promises
 * settle in between. `random` is a seeded generator (mulberry32), so that a run can be repeated.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #seed: number;
  readonly #timers = new DueQueue<{ callback: (() => void) | undefined }>();
  readonly #epochMs: number;

  constructor({ epochMs = Date.UTC(2026, 0, 1), seed = 1 } = {}) {
    this.#epochMs = epochMs;
    this.#seed = seed;
  }

  now(): number {
    return this.#epochMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer: { callback: (() => void) | undefined } = { callback };
    this.#timers.add(timer, this.#nowMs + Math.max(0, delayMs));
    return () => {
      timer.callback = undefined;
    };
  }

  /** Moves time forward by `durationMs`, firing every timer that falls due on the way. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (
      let dueMs = this.#timers.nextDueMs;
      dueMs !== undefined && dueMs <= untilMs;
      dueMs = this.#timers.nextDueMs
    ) {
      const timer = this.#timers.takeDue(dueMs);
      if (timer?.callback === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets every promise chain that can run now run: two turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
