import type { Decision, Moment } from './decision.js';
import { type Dropped, MOST_WAITING, ON_TIME_MS, sortDue } from './due.js';
import { type Change, isActive, type KnownSlot, type SlotRecord, type Standing } from './history.js';
import { type Schedule, timingOf } from './schedule.js';
import { slotText } from './slot.js';
import { abandonedSlot, endedSlot, newSlot, startedSlot, withAlert } from './slots.js';

/** Further ahead than this no two clocks are that work. */
const AHEAD_MS = 24 * 3_600_000;

/** What is dealt with may be so far ahead of a clock without a word. */
const MOST_SKEW_MS = 120_000;

/** A slot whose process went so often without a word has failed. */
const MOST_DEATHS = 10;

/** What a server does once it has read a schedule: one that is new, or due at other times than before, begins now. */
export function decideFirst(schedule: Schedule, standing: Standing, nowMs: number): Change {
  const timing = timingOf(schedule);
  if (standing.timing === timing && standing.cursorMs !== undefined) return {};
  return { timing, cursorMs: Math.max(standing.cursorMs ?? nowMs, nowMs) };
}

/** What is to be done for a schedule at this moment: pure, so that a store can do it again where another was faster. */
export function decide(schedule: Schedule, standing: Standing, moment: Moment): Decision {
  return new Deciding(schedule, standing, moment).decide();
}

class Deciding {
  readonly #schedule: Schedule;
  readonly #standing: Standing;
  readonly #moment: Moment;
  /** As they stand after what was decided so far; ascending. */
  readonly #slots: Map<number, SlotRecord>;
  readonly #put = new Map<number, SlotRecord>();
  readonly #start: SlotRecord[] = [];
  readonly #adopt: SlotRecord[] = [];
  readonly #stop: SlotRecord[] = [];
  readonly #left: string[] = [];
  #cursorMs: number | undefined;
  #isTroubled: boolean;
  #wakeMs: number | undefined;
  #stillUntilMs: number | undefined;

  constructor(schedule: Schedule, standing: Standing, moment: Moment) {
    this.#schedule = schedule;
    this.#standing = standing;
    this.#moment = moment;
    this.#slots = new Map(standing.slots.map(({ silentMs: _, ...slot }) => [slot.slotMs, slot]));
    this.#isTroubled = standing.isTroubled;
  }

  decide(): Decision {
    for (const slot of this.#standing.slots) if (slot.state === 'running') this.#look(slot);
    if (this.#moment.mayStart) {
      this.#takeDue();
      this.#startWaiting();
    }
    return {
      ...(this.#cursorMs !== undefined && { cursorMs: this.#cursorMs }),
      ...(this.#isTroubled !== this.#standing.isTroubled && { isTroubled: this.#isTroubled }),
      put: [...this.#put.values()],
      start: this.#start,
      adopt: this.#adopt,
      stop: this.#stop,
      left: this.#left,
      wakeMs: this.#wakeMs,
      stillUntilMs: this.#stillUntilMs,
    };
  }

  get #isPaused(): boolean {
    return this.#standing.isPaused || this.#schedule.isPaused;
  }

  #write(slot: SlotRecord): SlotRecord {
    this.#slots.set(slot.slotMs, slot);
    this.#put.set(slot.slotMs, slot);
    return slot;
  }

  /** What has become of one that runs. */
  #look(slot: KnownSlot): void {
    const { silentMs: _, ...record } = slot;
    const fate = this.#moment.fate(slot);
    if (fate === 'elsewhere') return;
    if (fate === 'held') {
      if (record.stop !== null) this.#stop.push(record);
    } else if (fate === 'orphan') {
      this.#adopt.push(this.#write({ ...record, server: this.#moment.server }));
    } else {
      if (record.process !== null) this.#left.push(record.process);
      if (fate === 'gone') this.#begun(record);
      else this.#settle(endedSlot(this.#schedule, record, { exitCode: fate.exitCode }, this.#moment.nowMs));
    }
  }

  /** One whose process is no more goes on as the same run; a person's own is left to the person. */
  #begun(slot: SlotRecord): void {
    const { nowMs } = this.#moment;
    const record = { ...slot, deaths: slot.deaths + 1 };
    const died = { state: 'failed', endedMs: nowMs, server: null, process: null } as const;
    if (record.stop !== null) this.#settle({ ...record, ...died, state: 'skipped', reason: record.stop });
    else if (record.isManual) this.#settle({ ...record, ...died, reason: 'its process died' });
    else if (record.deaths >= MOST_DEATHS)
      this.#settle({ ...record, ...died, reason: `its process died ${MOST_DEATHS} times` });
    else
      this.#write({
        ...record,
        state: 'waiting',
        server: null,
        process: null,
        notBeforeMs: null,
        reason: 'its process died',
      });
  }

  #settle(ended: SlotRecord): void {
    const settled = withAlert(this.#schedule, ended, this.#isTroubled);
    this.#isTroubled = settled.isTroubled;
    this.#write(settled.slot);
  }

  /** Deals with the slots whose time has come since the last decision. */
  #takeDue(): void {
    const { nowMs } = this.#moment;
    const { cursorMs } = this.#standing;
    // A clock that was far ahead and came back must not keep the schedule still until then.
    if (cursorMs !== undefined && cursorMs > nowMs + AHEAD_MS) this.#cursorMs = nowMs;
    else if (cursorMs !== undefined && cursorMs > nowMs + MOST_SKEW_MS) this.#stillUntilMs = cursorMs;
    if (cursorMs === undefined || cursorMs >= nowMs) return;
    const due = [...this.#moment.slots(cursorMs, nowMs)];
    // Nobody reads the cursor of a schedule whose next slot is still to come.
    if (due.length === 0) return;
    this.#cursorMs = due.at(-1);
    if (this.#isPaused) return;
    const fresh = due.filter((slotMs) => !this.#slots.has(slotMs));
    const { dropped, late, onTime } = sortDue(this.#schedule, fresh, nowMs);
    for (const each of dropped) this.#drop(each);
    for (const slotMs of late) this.#write(newSlot(this.#schedule, slotMs, { isCatchUp: true }));
    for (const slotMs of onTime) this.#take(slotMs);
  }

  /** A slot on time, by what runs of its predecessors. */
  #take(slotMs: number): void {
    const active = [...this.#slots.values()].filter(isActive);
    const isBehind = this.#schedule.catchUp === 'all' && active.some(({ isCatchUp }) => isCatchUp);
    const { overlap } = this.#schedule;
    const [first] = active;
    if (first === undefined || overlap === 'allow' || isBehind) {
      this.#write(newSlot(this.#schedule, slotMs, { isCatchUp: isBehind }));
    } else if (overlap === 'forbid') {
      this.#missed(slotMs, `${slotText(first.slotMs)} had not ended`);
    } else if (overlap === 'queue' && active.length >= MOST_WAITING) {
      this.#missed(slotMs, `${MOST_WAITING} slots were waiting before it`);
    } else {
      if (overlap === 'replace') this.#replace(active, slotMs);
      this.#write(newSlot(this.#schedule, slotMs));
    }
  }

  #replace(active: readonly SlotRecord[], bySlotMs: number): void {
    const reason = `replaced by ${slotText(bySlotMs)}`;
    for (const slot of active) {
      if (slot.state === 'waiting') {
        this.#settle({ ...slot, state: 'skipped', reason, endedMs: this.#moment.nowMs, server: null });
      } else if (slot.stop === null) {
        const asked = this.#write({ ...slot, stop: reason });
        if (asked.server === this.#moment.server) this.#stop.push(asked);
      }
    }
  }

  #missed(slotMs: number, reason: string): void {
    this.#drop({ slots: [slotMs], state: 'missed', reason });
  }

  #drop({ slots, state, reason }: Dropped): void {
    const [firstMs] = slots;
    const lastMs = slots.at(-1);
    if (firstMs === undefined || lastMs === undefined) return;
    const range = slots.length === 1 ? '' : ` (${slots.length} slots since ${slotText(firstMs)})`;
    const record = newSlot(this.#schedule, lastMs);
    this.#settle({ ...record, state, reason: `${reason}${range}`, endedMs: this.#moment.nowMs });
  }

  /** Starts what waits, where nothing is in its way. */
  #startWaiting(): void {
    const { nowMs, server } = this.#moment;
    for (const slot of [...this.#slots.values()].sort((a, b) => a.slotMs - b.slotMs)) {
      if (slot.state !== 'waiting') continue;
      if (slot.isManual) {
        this.#lookAfterManual(slot);
        continue;
      }
      if (slot.attempt === 0 && this.#isDropped(slot)) continue;
      if (this.#isPaused) continue;
      const isFree = this.#schedule.overlap === 'allow' && !slot.isCatchUp;
      if (!isFree && this.#isBlocked(slot)) continue;
      if (slot.notBeforeMs !== null && slot.notBeforeMs > nowMs) {
        this.#wakeMs = Math.min(this.#wakeMs ?? Number.POSITIVE_INFINITY, slot.notBeforeMs);
        continue;
      }
      this.#start.push(this.#write(startedSlot(slot, server, nowMs)));
    }
  }

  /** Whether one that was never started is not to be any more. */
  #isDropped(slot: SlotRecord): boolean {
    const { nowMs } = this.#moment;
    const { deadlineMs } = this.#schedule;
    if (this.#isPaused) this.#settle({ ...slot, state: 'skipped', reason: 'paused', endedMs: nowMs });
    else if (deadlineMs !== undefined && nowMs - slot.slotMs > Math.max(deadlineMs, ON_TIME_MS))
      this.#settle({
        ...slot,
        state: 'missed',
        reason: 'it waited until its deadline had passed',
        endedMs: nowMs,
      });
    else return false;
    return true;
  }

  /** One after the other: what runs, and what waits before it. */
  #isBlocked({ slotMs, isManual }: SlotRecord): boolean {
    return [...this.#slots.values()].some(
      (other) =>
        other.slotMs !== slotMs &&
        isActive(other) &&
        (other.state === 'running' || (other.slotMs < slotMs && other.isManual === isManual)),
    );
  }

  /** A person's own is started by the command that asked for it, as long as that is there. */
  #lookAfterManual(slot: SlotRecord): void {
    if (this.#moment.fate({ ...slot, silentMs: 0 }) !== 'gone') return;
    this.#settle(abandonedSlot(slot, this.#moment.nowMs));
  }
}
