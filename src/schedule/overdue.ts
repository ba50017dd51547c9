import { type Change, isActive, type KnownSlot, type Standing } from './history.js';
import type { Schedule } from './schedule.js';

/** How late a slot without a deadline may start before it is overdue: schedulers elsewhere are seldom exact. */
const USUAL_DELAY_MS = 10 * 60_000;

/** How a schedule's last slot stands that should have begun by now. */
export type Punctuality =
  | { readonly kind: 'fine' }
  /** From now on it is watched: what was due before is not known. */
  | { readonly kind: 'new' }
  /** Nobody knows of a run of it. `isTold`: an alert was sent before. */
  | { readonly kind: 'overdue'; readonly slotMs: number; readonly reason: string; readonly isTold: boolean };

interface OverdueMoment {
  readonly nowMs: number;
  /** Whether the server of a slot that waits or runs is surely gone. */
  isLeft(slot: KnownSlot): boolean;
  /** Whether the ledger has a run of the slot. */
  readonly hasRun: boolean;
}

/** How long after its slot a run has to have begun, at the latest; one that has to wait for another, after its timeout. */
export function latestStartMs({ deadlineMs, overlap, timeoutMs = 0 }: Schedule): number {
  return (deadlineMs ?? USUAL_DELAY_MS) + (overlap === 'allow' ? 0 : timeoutMs);
}

/** Judges a schedule by what the store knows, with the record of the slot that is looked at in `slots`. */
export function judgePunctuality(
  schedule: Schedule,
  standing: Standing,
  slotMs: number | undefined,
  { nowMs, isLeft, hasRun }: OverdueMoment,
): Change & { readonly found: Punctuality } {
  const { cursorMs, overdueMs, slots } = standing;
  if (overdueMs === undefined) return { overdueMs: nowMs, found: { kind: 'new' } };
  if (schedule.isPaused || standing.isPaused || slotMs === undefined || slotMs < overdueMs)
    return { found: { kind: 'fine' } };
  const overdue = (reason: string) => ({
    found: { kind: 'overdue', slotMs, reason, isTold: slotMs === overdueMs } as const,
  });
  const known = slots.find((slot) => slot.slotMs === slotMs);
  if (known !== undefined && isActive(known) && isLeft(known))
    return overdue('its run was left by a server that is gone');
  // What a server has dealt with it has told, too.
  const isDealtWith = known !== undefined || (cursorMs !== undefined && slotMs <= cursorMs);
  return isDealtWith || hasRun ? { found: { kind: 'fine' } } : overdue('no run of it is known');
}
