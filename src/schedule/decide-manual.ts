import type { Fate } from './decision.js';
import { type Change, isActive, type KnownSlot, type SlotRecord, type Standing } from './history.js';
import type { Schedule } from './schedule.js';
import { slotText } from './slot.js';
import { abandonedSlot, newSlot, startedSlot } from './slots.js';

/** What a person's start of a slot comes to: it may begin, it waits for its turn, or it is refused. */
export type ManualDecision = Change &
  (
    | { readonly kind: 'start'; readonly slot: SlotRecord }
    | { readonly kind: 'wait'; readonly behind: string }
    | { readonly kind: 'refused'; readonly reason: string }
  );

/**
 * A person's start of a slot, again or for the first time, by what runs of the schedule: asked until it may begin. A
 * slot that has ended may be started again, and goes on as the same run.
 */
export function decideManual(
  schedule: Schedule,
  { slots }: Standing,
  { slotMs, server, nowMs, fate }: ManualMoment,
): ManualDecision {
  // A person's own waits only as long as the command does that asked for it.
  const isThere = (slot: KnownSlot) =>
    (slot.state === 'waiting' && !slot.isManual) ||
    ['held', 'elsewhere', 'orphan'].includes(String(fate(slot)));
  const known = slots.find((slot) => slot.slotMs === slotMs);
  const isOurs = known?.isManual === true && known.server === server && known.state === 'waiting';
  if (known !== undefined && isActive(known) && !isOurs && isThere(known))
    return { kind: 'refused', reason: `${slotText(slotMs)} of ${schedule.name} is ${known.state}` };
  const active = slots.filter((slot) => slot.slotMs !== slotMs && isActive(slot));
  const others = active.filter(isThere);
  const abandoned = active
    .filter((slot) => slot.state === 'waiting' && !isThere(slot))
    .map((slot) => abandonedSlot(withoutSilence(slot), nowMs));
  const slot = isOurs ? withoutSilence(known) : manualSlot(schedule, slotMs, known);
  // Its own turn comes before slots that wait, so that none waits for the other.
  const running = others.filter(({ state }) => state === 'running');
  const [first] = schedule.overlap === 'forbid' ? others : running;
  if (schedule.overlap === 'allow' || first === undefined) {
    const started = startedSlot(slot, server, nowMs);
    return { kind: 'start', slot: started, put: [...abandoned, started] };
  }
  if (schedule.overlap === 'forbid')
    return { kind: 'refused', reason: `${slotText(first.slotMs)} of ${schedule.name} has not ended` };
  const put = isOurs ? [] : [{ ...slot, server }];
  const stop = `replaced by ${slotText(slotMs)}`;
  const told =
    schedule.overlap === 'replace'
      ? running.filter((other) => other.stop === null).map((other) => ({ ...withoutSilence(other), stop }))
      : [];
  return { kind: 'wait', behind: slotText(first.slotMs), put: [...abandoned, ...put, ...told] };
}

export interface ManualMoment {
  readonly slotMs: number;
  /** The command that asks, as a holder. */
  readonly server: string;
  readonly nowMs: number;
  fate(slot: KnownSlot): Fate;
}

function manualSlot(schedule: Schedule, slotMs: number, known: KnownSlot | undefined): SlotRecord {
  const fresh = newSlot(schedule, slotMs, { isManual: true });
  return known === undefined ? fresh : { ...fresh, attempt: known.attempt };
}

function withoutSilence({ silentMs: _, ...slot }: KnownSlot): SlotRecord {
  return slot;
}
