import { type Clock, sleep } from '../clock.js';
import { toRtnError } from '../error.js';
import { type Decision, decide, decideFirst, type Fate } from './decide.js';
import { Held, type Opened, type SlotRunner } from './held.js';
import type { History, KnownSlot, SlotRecord } from './history.js';
import { Lanes } from './lanes.js';
import { Places } from './places.js';
import type { Schedule } from './schedule.js';
import { slotText } from './slot.js';
import { SlotAlerts } from './slot-alerts.js';
import { endedSlot, endWithoutProcess, type SlotEnd, withAlert } from './slots.js';

/** So often the store is asked what others have done; also bounds how late a suspended machine notices the time. */
const POLL_MS = 10_000;

/** So many starts are prepared at once, up to when their processes are let go: a storm of them takes turns. */
const MOST_STARTS = 8;

/** An error that has not come for so long is told again when it does. */
const FORGET_MS = 3 * POLL_MS;

/** Starts runners and looks after their processes. */
export interface Runners {
  /** Makes the process of a slot; it does nothing before `go`. Throws where the operation cannot be run. */
  start(schedule: Schedule, slot: SlotRecord): Promise<SlotRunner>;
  /** A process that another server started and left. */
  adopt(schedule: Schedule, slot: SlotRecord): Promise<SlotRunner>;
  /** The end of a process that is in nobody's hands is in the history: what it left may go. */
  forget(process: string): void;
  /** What has become of a slot that is not in our hands. */
  fate(slot: KnownSlot): Exclude<Fate, 'held'>;
}

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
 * adopted (`Held`); everything else it knows is in the store, so that another one can go on where it was killed.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #schedules: ReadonlyMap<string, Schedule> = new Map();
  readonly #held = new Map<string, Held>();
  readonly #lanes: Lanes;
  readonly #starts = new Places(MOST_STARTS);
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
    while (!this.#left.signal.aborted && !(this.#isEnding && this.#held.size === 0)) {
      this.#wake = new AbortController();
      const wakeMs = await this.#round();
      if (this.#isEnding && this.#held.size === 0) break;
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
    void sleep(this.#options.clock, graceMs, this.#left.signal).then(() => {
      for (const held of this.#held.values()) held.end({ isShutdown: true });
    });
  }

  /** Leaves at once: processes go on by themselves, and the next server adopts them. */
  leave(): void {
    this.#left.abort();
  }

  /** Slots whose processes are in our hands. */
  get running(): number {
    return this.#held.size;
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
    return this.#held.has(keyOf(slot)) ? 'held' : this.#options.runners.fate(slot);
  }

  #carryOut(schedule: Schedule, { put = [], start, adopt, stop, left }: Decision): void {
    const { runners, tell } = this.#options;
    for (const slot of stop) this.#held.get(keyOf(slot))?.end({ reason: slot.stop ?? undefined });
    for (const process of left) runners.forget(process);
    for (const slot of adopt) {
      tell({ event: 'adopted', slot });
      this.#hold(schedule, slot, async () => ({
        runner: await runners.adopt(schedule, slot),
        sinceMs: slot.startedMs ?? 0,
      }));
    }
    const begun = new Set([...start, ...adopt]);
    for (const slot of put) if (!begun.has(slot)) this.#told(schedule, slot);
    for (const slot of start) this.#hold(schedule, slot, () => this.#begin(schedule, slot));
  }

  #told(schedule: Schedule, slot: SlotRecord): void {
    this.#options.tell({ event: 'changed', slot });
    if (slot.alert !== null) this.#alerts.send(schedule, slot);
  }

  /** Has a slot in hand from its start to its end. */
  #hold(schedule: Schedule, slot: SlotRecord, open: () => Promise<Opened | undefined>): void {
    const held = new Held(schedule, slot, this.#options.clock);
    this.#held.set(keyOf(slot), held);
    void this.#seeThrough(held, open)
      .catch((thrown: unknown) => this.#tellError(schedule.name, thrown))
      .finally(() => {
        this.#held.delete(keyOf(slot));
        this.#wake.abort();
      });
  }

  async #seeThrough(held: Held, open: () => Promise<Opened | undefined>): Promise<void> {
    const end = await this.#endOf(held, open);
    if (end === undefined) return;
    await this.#settle(held, end);
    held.release();
  }

  /** undefined where the slot is no longer ours to judge. */
  async #endOf(held: Held, open: () => Promise<Opened | undefined>): Promise<SlotEnd | undefined> {
    let opened: Opened | undefined;
    try {
      opened = await open();
    } catch (thrown) {
      return endWithoutProcess(thrown);
    }
    if (opened === undefined || this.#left.signal.aborted) return undefined;
    return held.follow(opened);
  }

  /** The process is in the record before it is let go: whoever comes after us finds it. */
  async #begin(schedule: Schedule, slot: SlotRecord): Promise<Opened | undefined> {
    const { clock, runners, tell } = this.#options;
    const leave = await this.#starts.enter();
    try {
      if (this.#left.signal.aborted) return undefined;
      const runner = await runners.start(schedule, slot);
      // While its record is refused the others have the place.
      const begun = await this.#writeBegun(schedule, slot, { runner, onRefused: leave });
      if (begun === undefined) {
        runner.kill();
        void runner.ended.finally(() => runner.release());
        return undefined;
      }
      const sinceMs = clock.now();
      runner.go();
      tell({ event: 'started', slot: begun });
      return { runner, sinceMs };
    } finally {
      leave();
    }
  }

  /** undefined where the slot is no longer ours, or we have left. */
  async #writeBegun(
    schedule: Schedule,
    slot: SlotRecord,
    { runner: { process, version }, onRefused }: { runner: SlotRunner; onRefused: () => void },
  ): Promise<SlotRecord | undefined> {
    const { clock } = this.#options;
    const written = await this.#lanes
      .keepTrying(
        schedule.name,
        (standing) => {
          const known = standing.slots.find(({ slotMs }) => slotMs === slot.slotMs);
          if (!this.#isOurs(known, slot)) return { begun: undefined };
          const begun = { ...slot, process, version, stop: known?.stop ?? null, startedMs: clock.now() };
          return { begun, put: [begun] };
        },
        onRefused,
      )
      .catch(() => undefined);
    return written?.begun;
  }

  #isOurs(known: SlotRecord | undefined, { attempt }: SlotRecord): boolean {
    return known?.state === 'running' && known.server === this.#options.server && known.attempt === attempt;
  }

  async #settle({ schedule, slot }: Held, end: SlotEnd): Promise<void> {
    const { clock } = this.#options;
    const { settled } = await this.#lanes.keepTrying(schedule.name, (standing) => {
      const known = standing.slots.find(({ slotMs }) => slotMs === slot.slotMs);
      if (known === undefined || !this.#isOurs(known, slot)) return { settled: undefined };
      const { silentMs: _, ...record } = known;
      const settled = withAlert(schedule, endedSlot(schedule, record, end, clock.now()), standing.isTroubled);
      return { settled: settled.slot, put: [settled.slot], isTroubled: settled.isTroubled };
    });
    if (settled !== undefined) this.#told(schedule, settled);
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

function keyOf({ schedule, slotMs }: SlotRecord): string {
  return `${schedule}@${slotMs}`;
}
