import type { Clock } from '../clock.js';
import { Held, type Opened } from './held.js';
import type { SlotRecord } from './history.js';
import type { Lanes } from './lanes.js';
import { Places } from './places.js';
import type { Runners, SlotRunner } from './runners.js';
import type { Schedule } from './schedule.js';
import { endedSlot, endWithoutProcess, type SlotEnd, withAlert } from './slots.js';

/** So many starts are prepared at once, up to when their processes are let go: a storm of them takes turns. */
const MOST_STARTS = 8;

interface HandsOptions {
  readonly clock: Clock;
  readonly runners: Runners;
  readonly lanes: Lanes;
  /** This process: a holder of pipeline/holder.ts. */
  readonly server: string;
  /** Aborted once the server leaves: slots are the next one's. */
  readonly left: AbortSignal;
  /** The process of a slot was let go. */
  started(slot: SlotRecord): void;
  /** A slot's end is in the history. */
  ended(schedule: Schedule, slot: SlotRecord): void;
  /** A slot is no longer in hand. */
  freed(): void;
  tellError(schedule: string, thrown: unknown): void;
}

/** The slots whose processes this server started or adopted, each from its start until its end is in the history. */
export class Hands {
  readonly #options: HandsOptions;
  readonly #held = new Map<string, Held>();
  readonly #starts = new Places(MOST_STARTS);

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#held.size;
  }

  has(slot: SlotRecord): boolean {
    return this.#held.has(keyOf(slot));
  }

  start(schedule: Schedule, slot: SlotRecord): void {
    this.#hold(schedule, slot, () => this.#begin(schedule, slot));
  }

  adopt(schedule: Schedule, slot: SlotRecord): void {
    this.#hold(schedule, slot, async () => ({
      runner: await this.#options.runners.adopt(schedule, slot),
      sinceMs: slot.startedMs ?? 0,
    }));
  }

  /** Tells the process of a slot to end, as its record says. */
  stop(slot: SlotRecord): void {
    this.#held.get(keyOf(slot))?.end({ reason: slot.stop ?? undefined });
  }

  /** Tells every process to end: its slot is for the next server. */
  shutDown(): void {
    for (const held of this.#held.values()) held.end({ isShutdown: true });
  }

  /** Has a slot in hand from its start to its end. */
  #hold(schedule: Schedule, slot: SlotRecord, open: () => Promise<Opened | undefined>): void {
    const held = new Held(schedule, slot, this.#options.clock);
    this.#held.set(keyOf(slot), held);
    void this.#seeThrough(held, open)
      .catch((thrown: unknown) => this.#options.tellError(schedule.name, thrown))
      .finally(() => {
        this.#held.delete(keyOf(slot));
        this.#options.freed();
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
    if (opened === undefined || this.#options.left.aborted) return undefined;
    return held.follow(opened);
  }

  /** The process is in the record before it is let go: whoever comes after us finds it. */
  async #begin(schedule: Schedule, slot: SlotRecord): Promise<Opened | undefined> {
    const { clock, runners, left, started } = this.#options;
    const leave = await this.#starts.enter();
    try {
      if (left.aborted) return undefined;
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
      started(begun);
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
    const { clock, lanes } = this.#options;
    const written = await lanes
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
    const { clock, lanes } = this.#options;
    const { settled } = await lanes.keepTrying(schedule.name, (standing) => {
      const known = standing.slots.find(({ slotMs }) => slotMs === slot.slotMs);
      if (known === undefined || !this.#isOurs(known, slot)) return { settled: undefined };
      const { silentMs: _, ...record } = known;
      const settled = withAlert(schedule, endedSlot(schedule, record, end, clock.now()), standing.isTroubled);
      return { settled: settled.slot, put: [settled.slot], isTroubled: settled.isTroubled };
    });
    if (settled !== undefined) this.#options.ended(schedule, settled);
  }
}

function keyOf({ schedule, slotMs }: SlotRecord): string {
  return `${schedule}@${slotMs}`;
}
