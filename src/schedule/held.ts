import type { Clock } from '../clock.js';
import type { SlotRecord } from './history.js';
import type { SlotRunner } from './runners.js';
import type { Schedule } from './schedule.js';
import type { SlotEnd } from './slots.js';

/** A process that runs, ours or adopted. */
export interface Opened {
  readonly runner: SlotRunner;
  /** When it was let go. */
  readonly sinceMs: number;
}

/** Why a process is to end before its time. */
export type EarlyEnd = Omit<SlotEnd, 'exitCode'>;

/** A slot in the hands of this server: its process, the time it may take, and why it was told to end. */
export class Held {
  readonly schedule: Schedule;
  readonly slot: SlotRecord;
  readonly #clock: Clock;
  #runner: SlotRunner | undefined;
  #early: EarlyEnd | undefined;
  #isOver = false;
  readonly #timers: (() => void)[] = [];

  constructor(schedule: Schedule, slot: SlotRecord, clock: Clock) {
    this.schedule = schedule;
    this.slot = slot;
    this.#clock = clock;
  }

  /** Waits for the end of the process, and for no longer than the schedule's timeout allows from when it was let go. */
  async follow({ runner, sinceMs }: Opened): Promise<SlotEnd> {
    this.#runner = runner;
    const { timeoutMs } = this.schedule;
    if (timeoutMs !== undefined) {
      const leftMs = timeoutMs - (this.#clock.now() - sinceMs);
      const reason = `its timeout of ${Math.round(timeoutMs / 1_000)} s had passed`;
      this.#after(leftMs, () => this.end({ isTimeout: true, reason }));
    }
    if (this.#early !== undefined) this.#terminate();
    const exitCode = await runner.ended;
    this.#isOver = true;
    for (const cancel of this.#timers) cancel();
    return { ...this.#early, exitCode };
  }

  /** Called once the end is in the history. */
  release(): void {
    this.#runner?.release();
  }

  /** Tells the process to end; the first reason counts. */
  end(early: EarlyEnd): void {
    if (this.#early !== undefined || this.#isOver) return;
    this.#early = early;
    this.#terminate();
  }

  #terminate(): void {
    const runner = this.#runner;
    if (runner === undefined) return;
    runner.terminate();
    this.#after(runner.graceMs, () => runner.kill());
  }

  #after(delayMs: number, callback: () => void): void {
    // Timers of the system hold 24 days.
    const delay = Math.min(Math.max(0, delayMs), 2 ** 31 - 1);
    this.#timers.push(this.#clock.schedule(delay, callback));
  }
}
