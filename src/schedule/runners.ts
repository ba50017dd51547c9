import type { Fate } from './decision.js';
import type { KnownSlot, SlotRecord } from './history.js';
import type { Schedule } from './schedule.js';

/** The process of a slot, made by `Runners`. */
export interface SlotRunner {
  /** What another server finds it by. */
  readonly process: string;
  /** Version of the operation that it runs. */
  readonly version: string;
  /** How long after `terminate` it may take, in milliseconds: more than the operation's drain timeout. */
  readonly graceMs: number;
  /** Lets it begin; nothing where it began before. */
  go(): void;
  /** Asks it to end: SIGTERM. */
  terminate(): void;
  kill(): void;
  /** Its exit code; 128 + n where signal n killed it. */
  readonly ended: Promise<number>;
  /** Its end is in the history: what it left for those who would adopt it may go. */
  release(): void;
}

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
