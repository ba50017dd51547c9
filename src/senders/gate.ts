/**
 * When the next request may leave: a token bucket (in its equivalent form as a virtual schedule, GCRA: ITU-T I.371)
 * and the endpoint's cool-down. All requests pass it, repeats included. Times are monotonic milliseconds.
 */
export class Gate {
  #declaredMs: number;
  #intervalMs: number;
  #burstMs: number;
  /** When the schedule would have sent the next request at an even pace. */
  #scheduleMs = 0;
  #coolUntilMs = 0;

  /** `ratePerSecond` 0 is no limit. Up to a tenth of a second's worth may leave in one burst. */
  constructor(ratePerSecond: number) {
    this.#declaredMs = ratePerSecond > 0 ? 1_000 / ratePerSecond : 0;
    this.#intervalMs = this.#declaredMs;
    this.#burstMs = burstMs(this.#intervalMs);
  }

  /** Puts another rate in the place of the declared one; 0 is no limit. */
  declare(ratePerSecond: number): void {
    this.#declaredMs = ratePerSecond > 0 ? 1_000 / ratePerSecond : 0;
  }

  /** Holds a rate that was found out, besides the one that was declared; Infinity for none. */
  hold(ratePerSecond: number): void {
    this.#intervalMs = Math.max(this.#declaredMs, 1_000 / ratePerSecond);
    this.#burstMs = burstMs(this.#intervalMs);
  }

  /** How long the next request has to wait: 0 when it may leave now. */
  delayMs(nowMs: number): number {
    return Math.max(0, this.#coolUntilMs - nowMs, this.#scheduleMs - this.#burstMs - nowMs);
  }

  /** Takes note that a request leaves now. */
  pass(nowMs: number): void {
    this.#scheduleMs = Math.max(this.#scheduleMs, nowMs) + this.#intervalMs;
  }

  /** Lets nothing leave until then: the endpoint asked for it. */
  coolDown(untilMs: number): void {
    this.#coolUntilMs = Math.max(this.#coolUntilMs, untilMs);
  }
}

function burstMs(intervalMs: number): number {
  return Math.max(0, 100 - intervalMs);
}
