import { type Clock, sleep } from '../clock.js';
import { toRtnError } from '../error.js';
import { decide, decideFirst } from './decide.js';
import type { Decision, Fate } from './decision.js';
import { Hands } from './hands.js';
import type { History, KnownSlot, SlotRecord } from './history.js';
import { Lanes } from './lanes.js';
import type { Runners } from './runners.js';
import type { Schedule } from './schedule.js';
import { slotText } from './slot.js';
import { SlotAlerts } from './slot-alerts.js';

/** So often the store is asked what others have done; also bounds how late a suspended machine notices the time. */
const POLL_MS = 10_000;

/** An error that has not come for so long is told again when it does. */
const FORGET_MS = 3 * POLL_MS;

/** When schedules are due. */
export interface SlotTimes {
  /** The first slot after this time; undefined where there is none. */
  next(schedule: Schedule, afterMs: number): number | undefined;
  /** Those after the one and up to the other time, ascending. */
  between(schedule: Schedule, afterMs: number, untilMs: number): Iterable<number>;
}

/** What happened to a slot, as a server tells it: what its record became. `error` has no slot. */
export type SchedulerEvent =
  | { readonly event: 'started' | 'adopted' | 'changed'; readonly slot: SlotRecord }
  | ErrorEvent;

/** `next` says what to do about it. */
interface ErrorEvent {
  readonly event: 'error' | 'warning';
  readonly schedule: string | undefined;
  readonly message: string;
  readonly next: string | undefined;
}

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly history: History;
  readonly runners: Runners;
  readonly times: SlotTimes;
  /** This process: a holder of pipeline/holder.ts. */
  readonly server: string;
  tell(event: SchedulerEvent): void;
  /** Sends the alert that a slot's record has; throws where that failed for good. */
  sendAlert(schedule: Schedule, slot: SlotRecord): Promise<void>;
}

/**
 * The server of schedules. It wakes at slots, at the ends of processes and every ten seconds, and each time lets `decide`
 * say, in the store and with nobody else in between, what is to be done. It holds the processes that it started or
 * adopted (`Hands`); everything else it knows is in the store, so that another one can go on where it was killed.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #schedules: ReadonlyMap<string, Schedule> = new Map();
  readonly #lanes: Lanes;
  readonly #hands: Hands;
  /** The next slots, and when they were looked up. */
  readonly #nexts = new Map<string, { readonly nextMs: number; readonly fromMs: number }>();
  readonly #alerts: SlotAlerts;
  /** Schedules that were read and are not yet known to the store. */
  #unknown: Set<Schedule> = new Set();
  readonly #left = new AbortController();
  #wake = new AbortController();
  #isEnding = false;
  /** The last look at the store succeeded. */
  #isServing = false;
  /** Up to when schedules are still because of a clock, as it was told. */
  readonly #still = new Map<string, number>();
  /** When the words of errors last came. */
  readonly #errors = new Map<string, number>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#lanes = new Lanes({
      ...options,
      left: this.#left.signal,
      tellError: (name, thrown) => this.#tellError(name, thrown),
    });
    this.#hands = new Hands({
      ...options,
      lanes: this.#lanes,
      left: this.#left.signal,
      started: (slot) => options.tell({ event: 'started', slot }),
      ended: (schedule, slot) => this.#told(schedule, slot),
      freed: () => this.#wake.abort(),
      tellError: (name, thrown) => this.#tellError(name, thrown),
    });
    this.#alerts = new SlotAlerts(options, (name, thrown) => this.#tellError(name, thrown));
  }

  /** Takes the schedules as they are from now on. */
  load(schedules: readonly Schedule[]): void {
    this.#schedules = new Map(schedules.map((schedule) => [schedule.name, schedule]));
    this.#nexts.clear();
    this.#unknown = new Set(schedules);
    this.#wake.abort();
  }

  /** Serves until `end` was called and every process has ended, or until `leave`. */
  async serve(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#left.signal.aborted && !(this.#isEnding && this.#hands.count === 0)) {
      this.#wake = new AbortController();
      const wakeMs = await this.#round();
      if (this.#isEnding && this.#hands.count === 0) break;
      const wake = AbortSignal.any([this.#wake.signal, this.#left.signal]);
      await sleep(clock, Math.max(0, Math.min(wakeMs - clock.now(), POLL_MS)), wake);
    }
    if (!this.#left.signal.aborted) await this.#alerts.sent();
    this.#left.abort();
  }

  /** Starts nothing more; what runs is told to end after `graceMs` and goes on under the next server. */
  end(graceMs: number): void {
    this.#isEnding = true;
    this.#wake.abort();
    void sleep(this.#options.clock, graceMs, this.#left.signal).then(() => this.#hands.shutDown());
  }

  /** Leaves at once: processes go on by themselves, and the next server adopts them. */
  leave(): void {
    this.#left.abort();
  }

  /** Slots whose processes are in our hands. */
  get running(): number {
    return this.#hands.count;
  }

  /** `opening` while the store has not answered, or does not any more. */
  get readiness(): 'opening' | 'ready' | 'draining' {
    if (this.#isEnding) return 'draining';
    return this.#isServing ? 'ready' : 'opening';
  }

  /** Looks at every schedule that is due or has something going on; gives when to look again. */
  async #round(): Promise<number> {
    const { clock, history, server } = this.#options;
    const untilMs = clock.now() + POLL_MS;
    try {
      await history.beat(server);
      const busy = new Set(await history.busy());
      const schedules = [...this.#schedules.values()];
      const wakes = await Promise.all(schedules.map((schedule) => this.#see(schedule, busy)));
      for (const error of await history.unreadable()) this.#tellError(undefined, error);
      await this.#alerts.sendLeft(this.#schedules);
      this.#isServing = wakes.length === 0 || wakes.some((wakeMs) => wakeMs !== undefined);
      return wakes.reduce<number>((least, wakeMs = untilMs) => Math.min(least, wakeMs), untilMs);
    } catch (thrown) {
      this.#isServing = false;
      this.#tellError(undefined, thrown);
      return untilMs;
    }
  }

  /** Looks at one schedule where that is due, and gives when to look again; undefined where it could not be done. */
  async #see(schedule: Schedule, busy: ReadonlySet<string>): Promise<number | undefined> {
    const { clock } = this.#options;
    try {
      if (this.#unknown.has(schedule)) await this.#introduce(schedule);
      const isDue = busy.has(schedule.name) || this.#nextOf(schedule) <= clock.now();
      const wakeMs = isDue ? await this.#tick(schedule) : Number.POSITIVE_INFINITY;
      return Math.min(wakeMs, this.#nextOf(schedule));
    } catch (thrown) {
      this.#tellError(schedule.name, thrown);
      return undefined;
    }
  }

  async #introduce(schedule: Schedule): Promise<void> {
    const { clock } = this.#options;
    const { name } = schedule;
    await this.#lanes.change(name, (standing) => decideFirst(schedule, standing, clock.now()));
    this.#unknown.delete(schedule);
    // Slots of before its server came are for the first look.
    this.#nexts.set(name, { nextMs: 0, fromMs: 0 });
  }

  /** A clock that was put back makes it due: what was looked up is of a time to come. */
  #nextOf(schedule: Schedule): number {
    const nowMs = this.#options.clock.now();
    const known = this.#nexts.get(schedule.name);
    if (known === undefined) return this.#lookUp(schedule, nowMs);
    return known.fromMs > nowMs ? nowMs : known.nextMs;
  }

  #lookUp(schedule: Schedule, fromMs: number): number {
    const nextMs = this.#options.times.next(schedule, fromMs) ?? Number.POSITIVE_INFINITY;
    this.#nexts.set(schedule.name, { nextMs, fromMs });
    return nextMs;
  }

  /** One look at a schedule; gives when something of it waits for its time. */
  async #tick(schedule: Schedule): Promise<number> {
    const { clock, server, times } = this.#options;
    let nowMs = 0;
    const { wakeMs, stillUntilMs } = await this.#lanes.change(
      schedule.name,
      (standing): Decision => {
        nowMs = clock.now();
        return decide(schedule, standing, {
          nowMs,
          server,
          mayStart: !this.#isEnding && !this.#left.signal.aborted,
          fate: (slot) => this.#fate(slot),
          slots: (afterMs, untilMs) => times.between(schedule, afterMs, untilMs),
        });
      },
      (decision) => this.#carryOut(schedule, decision),
    );
    this.#lookUp(schedule, nowMs);
    this.#tellStill(schedule.name, stillUntilMs);
    return wakeMs ?? Number.POSITIVE_INFINITY;
  }

  #fate(slot: KnownSlot): Fate {
    return this.#hands.has(slot) ? 'held' : this.#options.runners.fate(slot);
  }

  #carryOut(schedule: Schedule, { put = [], start, adopt, stop, left }: Decision): void {
    const { runners, tell } = this.#options;
    for (const slot of stop) this.#hands.stop(slot);
    for (const process of left) runners.forget(process);
    for (const slot of adopt) {
      tell({ event: 'adopted', slot });
      this.#hands.adopt(schedule, slot);
    }
    const begun = new Set([...start, ...adopt]);
    for (const slot of put) if (!begun.has(slot)) this.#told(schedule, slot);
    for (const slot of start) this.#hands.start(schedule, slot);
  }

  #told(schedule: Schedule, slot: SlotRecord): void {
    this.#options.tell({ event: 'changed', slot });
    if (slot.alert !== null) this.#alerts.send(schedule, slot);
  }

  #tellStill(schedule: string, untilMs: number | undefined): void {
    if (untilMs === undefined || this.#still.get(schedule) === untilMs) return;
    this.#still.set(schedule, untilMs);
    this.#options.tell({
      event: 'warning',
      schedule,
      message: `starts nothing before ${slotText(untilMs)}: slots up to then are dealt with, by a clock far ahead of this one`,
      next: 'date -u, here and where other servers of the history run',
    });
  }

  /** The same words once, however often they come: until they have not come for a while. */
  #tellError(schedule: string | undefined, thrown: unknown): void {
    const { message, next } = toRtnError(thrown);
    const nowMs = this.#options.clock.now();
    for (const [words, lastMs] of this.#errors) if (nowMs - lastMs > FORGET_MS) this.#errors.delete(words);
    const isKnown = this.#errors.has(message);
    this.#errors.set(message, nowMs);
    if (!isKnown) this.#options.tell({ event: 'error', schedule, message, next });
  }
}
