import { type Counts, loggedTotal, newCounts } from './counts.js';
import { isHolderGone } from './holder.js';
import type { RunRecord, StartRecord } from './ledger.js';

/** What all starts of a run, of all its shards, come to. */
export interface RunTally {
  /** Sums over the starts; `held` and `left` are as the last start of each shard left them. */
  readonly counts: Counts;
  /** Durable results, whatever their outcome. */
  readonly results: number;
  /** How long at least one process was at it, in milliseconds. */
  readonly activeMs: number;
  /** Durable results a second of that time, of a task what it counts; 0 while there is none. */
  readonly perSecond: number;
  /** What the starts of a task have done; undefined where none has told. */
  readonly work: { readonly done: number; readonly unit: string } | undefined;
  /** Starts that have not ended. */
  readonly running: readonly StartRecord[];
}

/**
 * How a run stands, for a person: a `running` one may be `paused`, be `stopping`, or have `died` with its processes, as
 * far as that can be seen from this machine.
 */
export type RunStanding = 'running' | 'paused' | 'stopping' | 'died' | 'finished' | 'stopped';

export function tallyOf(starts: readonly StartRecord[], nowMs: number): RunTally {
  const counts = newCounts();
  for (const start of starts) if (start.counts !== null) addCounts(counts, start.counts);
  for (const { counts: last } of lastByShard(starts)) {
    counts.held += last?.held ?? 0;
    counts.left += last?.left ?? 0;
  }
  const results = loggedTotal(counts);
  const activeMs = activeTime(starts, nowMs);
  const running = starts.filter(({ state }) => state === 'running');
  const work = workOf(starts);
  const perSecond = activeMs > 0 ? ((work?.done ?? results) * 1_000) / activeMs : 0;
  return { counts, results, activeMs, perSecond, work, running };
}

export function standingOf({ state, control }: RunRecord, { running }: RunTally): RunStanding {
  if (state !== 'running') return state;
  if (running.length > 0 && running.every(({ holder }) => isHolderGone(holder))) return 'died';
  if (control.isStopped) return 'stopping';
  return control.isPaused ? 'paused' : 'running';
}

function workOf(starts: readonly StartRecord[]): RunTally['work'] {
  const told = starts.flatMap(({ work }) => work ?? []);
  const [first] = told;
  return first && { done: told.reduce((sum, { done }) => sum + done, 0), unit: first.unit };
}

function addCounts(sum: Counts, counts: Counts): void {
  for (const outcome of ['sent', 'rejected', 'failed', 'skipped', 'unknown'] as const)
    sum.logged[outcome] += counts.logged[outcome];
  sum.read += counts.read;
  sum.spilled += counts.spilled;
  sum.lost += counts.lost;
  sum.recovered += counts.recovered;
  sum.suppressed += counts.suppressed;
  sum.attempts += counts.attempts;
  sum.retries += counts.retries;
  sum.throttled += counts.throttled;
  sum.breakerPauses += counts.breakerPauses;
}

/** The last start of each shard. */
export function lastByShard(starts: readonly StartRecord[]): readonly StartRecord[] {
  const last = new Map<number, StartRecord>();
  for (const start of starts) {
    const known = last.get(start.shard);
    if (known === undefined || known.token < start.token) last.set(start.shard, start);
  }
  return [...last.values()];
}

/** Shards run side by side: time that several of them share counts once. */
function activeTime(starts: readonly StartRecord[], nowMs: number): number {
  const spans = starts
    .map(({ startedAt, endedAt }): [number, number] => [
      Date.parse(startedAt),
      endedAt === null ? nowMs : Date.parse(endedAt),
    ])
    .sort(([a], [b]) => a - b);
  let [total, coveredTo] = [0, Number.NEGATIVE_INFINITY];
  for (const [from, to] of spans) {
    total += Math.max(0, to - Math.max(from, coveredTo));
    coveredTo = Math.max(coveredTo, to);
  }
  return total;
}
