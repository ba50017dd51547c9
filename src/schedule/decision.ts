import type { Change, KnownSlot, SlotRecord } from './history.js';

/** What has become of the process of a record that says `running`, as far as one can see from here. */
export type Fate =
  /** Ours, and in hand. */
  | 'held'
  /** Somebody else's that is there, or may be. */
  | 'elsewhere'
  /** Its server is gone, its process is there: somebody has to wait for its end. */
  | 'orphan'
  /** It ended without a word, or never began. */
  | 'gone'
  /** It ended while nobody looked, with this code. */
  | { readonly exitCode: number };

/** What a decision is made from, besides the schedule and what the store knows. */
export interface Moment {
  readonly nowMs: number;
  /** Who decides. */
  readonly server: string;
  /** False once the server ends: nothing new is started. */
  readonly mayStart: boolean;
  fate(slot: KnownSlot): Fate;
  /** The slots of the schedule after the one and up to the other time, ascending. */
  slots(afterMs: number, untilMs: number): Iterable<number>;
}

export interface Decision extends Change {
  /** To be started by us, now that they are ours. */
  readonly start: readonly SlotRecord[];
  /** Whose process we wait for from now on. */
  readonly adopt: readonly SlotRecord[];
  /** Ours that were asked to end. */
  readonly stop: readonly SlotRecord[];
  /** Processes that are no more: what they left may go. */
  readonly left: readonly string[];
  /** When something waits for its time. */
  readonly wakeMs: number | undefined;
  /** Up to when nothing is due, as a clock was far ahead of this one. */
  readonly stillUntilMs: number | undefined;
}
