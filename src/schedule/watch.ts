import type { SlotFinding, Standing, WatchMemory } from './history.js';
import { type Schedule, timingOf } from './schedule.js';
import { slotText } from './slot.js';
import type { Trouble, Verdict } from './verdict.js';

/** So many of the slots since the last look are looked at, the newest; so many findings are remembered. */
const MOST_SLOTS = 100;

/** What one look at a schedule is about. */
export interface Look {
  /** What the looks before have left; of a schedule that is new, or due at other times than before, from now on. */
  readonly memory: WatchMemory;
  /** Nobody has looked at the schedule before. */
  readonly isNew: boolean;
  /** The slots to judge, ascending. */
  readonly slots: readonly number[];
  /** How many slots since the last look are not looked at any more. */
  readonly passedOver: number;
}

/** What a look has found, and what is to be remembered of it. */
export interface Looked {
  readonly memory: WatchMemory;
  readonly isTroubled: boolean;
  /** What has happened since the last look, in the order of slots. */
  readonly news: readonly SlotFinding[];
}

/** Which slots of a schedule a look at this moment is about. `slots` gives those after the one and up to the other time. */
export function beginLook(
  schedule: Schedule,
  { watch, isPaused, isTroubled }: Standing,
  nowMs: number,
  slots: (afterMs: number, untilMs: number) => Iterable<number>,
): Look {
  const timing = timingOf(schedule);
  const fromMs = watch?.timing === timing ? watch.toMs : nowMs;
  const isStill = isPaused || schedule.isPaused;
  const since = isStill ? [] : [...slots(fromMs, nowMs)];
  const fresh = since.slice(-MOST_SLOTS);
  const open = watch?.open ?? [];
  // Whoever has seen a success meanwhile has told it.
  const troubles = isTroubled ? (watch?.troubles ?? []) : [];
  return {
    memory: { timing, toMs: nowMs, open, troubles, unsent: watch?.unsent ?? [] },
    isNew: watch === undefined,
    slots: [...new Set([...troubles.map(({ slotMs }) => slotMs), ...open, ...fresh])].sort((a, b) => a - b),
    passedOver: since.length - fresh.length,
  };
}

interface Judged {
  readonly slotMs: number;
  readonly verdict: Verdict;
  /** The first of several slots that were missed for one reason, and how many they are. */
  readonly since?: { readonly slotMs: number; readonly count: number };
}

/** What follows from what became of the slots of a look. */
export function endLook(
  schedule: Schedule,
  look: Look,
  verdicts: ReadonlyMap<number, Verdict>,
  wasTroubled: boolean,
): Looked {
  let { troubles } = look.memory;
  let isTroubled = wasTroubled;
  const open: number[] = [];
  const news: SlotFinding[] = [];
  for (const each of newsworthy(schedule, look, verdicts)) {
    const { slotMs, verdict } = each;
    if (verdict.kind === 'open') open.push(slotMs);
    else if (verdict.kind === 'ran') {
      troubles = troubles.filter((trouble) => trouble.slotMs > slotMs);
      // A server tells of what it has seen itself.
      if (verdict.isTold || !isTroubled || troubles.length > 0) continue;
      isTroubled = false;
      news.push({ slotMs, event: 'recovered', reason: null, exitCode: 0, version: verdict.version });
    } else if (verdict.kind !== 'none') {
      const finding = findingOf(each, verdict);
      troubles = [...troubles, finding];
      if (verdict.isTold) continue;
      isTroubled = true;
      news.push(finding);
    }
  }
  const toSend = news.filter(({ event }) => schedule.alert?.events.includes(event) === true);
  return {
    memory: {
      ...look.memory,
      open: open.slice(-MOST_SLOTS),
      troubles: troubles.slice(-MOST_SLOTS),
      unsent: [...look.memory.unsent, ...toSend].slice(-MOST_SLOTS),
    },
    isTroubled,
    news,
  };
}

/** The slots of a look without what is known, or made up for by a later run; slots missed in one stretch are one. */
function newsworthy(
  { catchUp }: Schedule,
  { memory, slots }: Look,
  verdicts: ReadonlyMap<number, Verdict>,
): Judged[] {
  const all = slots.map((slotMs): Judged => ({ slotMs, verdict: verdicts.get(slotMs) ?? { kind: 'none' } }));
  const lastRunMs = all.findLast(({ verdict }) => hasRun(verdict))?.slotMs ?? Number.NEGATIVE_INFINITY;
  const known = new Set(memory.troubles.map(({ slotMs }) => slotMs));
  const kept = all.filter(
    ({ slotMs, verdict: { kind } }) =>
      !(known.has(slotMs) && kind !== 'ran') &&
      !(kind === 'missed' && catchUp === 'latest' && slotMs < lastRunMs),
  );
  const grouped: Judged[] = [];
  for (const each of kept) {
    const before = grouped.at(-1);
    if (before === undefined || !isOneStretch(before.verdict, each.verdict)) grouped.push(each);
    else {
      const { slotMs, count } = before.since ?? { slotMs: before.slotMs, count: 1 };
      grouped[grouped.length - 1] = { ...each, since: { slotMs, count: count + 1 } };
    }
  }
  return grouped;
}

function isOneStretch(before: Verdict, now: Verdict): boolean {
  return (
    before.kind === 'missed' &&
    now.kind === 'missed' &&
    !before.isTold &&
    !now.isTold &&
    before.reason === now.reason
  );
}

function hasRun(verdict: Verdict): boolean {
  return verdict.kind === 'open' ? verdict.hasRun : verdict.kind === 'ran' || verdict.kind === 'failed';
}

function findingOf({ slotMs, since }: Judged, { kind, reason, exitCode, version }: Trouble): SlotFinding {
  const range = since === undefined ? '' : ` (${since.count} slots since ${slotText(since.slotMs)})`;
  return { slotMs, event: kind, reason: `${reason}${range}`, exitCode, version };
}
