import type { Ranges, StoredClaims, Unsent } from '../pipeline/claims.js';
import { rangesOf } from '../pipeline/claims.js';
import type { StartRecord } from '../pipeline/ledger.js';
import { type Entry, type LogMark, readEntries, type UnsentRanges } from './file-journal.js';
import type { RunFiles } from './file-names.js';
import { PositionBits } from './position-bits.js';

/** What the journals of a shard come to. */
export interface History {
  readonly starts: readonly StartRecord[];
  readonly claims: StoredClaims;
  readonly unsent: readonly Unsent[];
  /** The log that was last written to; undefined where there is none, or it was gone. */
  readonly log: LogMark | undefined;
  /** Whether results have ever had a log: then its name is not used again, wherever the file is now. */
  readonly hadLog: boolean;
  /** That log ends there: another has to be begun. */
  readonly isSealed: boolean;
  /** Journals that no later start has sealed. */
  readonly unsealed: readonly { readonly start: StartRecord; readonly size: number }[];
}

/** Reads the journals of a shard, those of tokens below `before`; changes nothing. */
export async function readHistory(
  files: RunFiles,
  shard: number,
  before = Number.POSITIVE_INFINITY,
): Promise<History> {
  const tokens = (await files.tokens(shard)).filter((token) => token < before);
  const seals = await sealsOf(files, shard, tokens);
  const replay = new Replay(shard);
  const sizes = new Map<number, number>();
  for (const token of tokens) {
    for await (const { entry, end } of readEntries(files.journal(shard, token), seals.get(token))) {
      replay.apply(entry);
      sizes.set(token, end);
    }
  }
  const { starts, bits, unsent, log, hadLog, isSealed } = replay;
  return {
    starts,
    claims: bits.stored(),
    unsent: [...unsent].map(([position, reason]) => ({ position, reason })).sort(byPosition),
    log,
    hadLog,
    isSealed,
    unsealed: starts
      .filter(({ token }) => !seals.has(token))
      .map((start) => ({ start, size: sizes.get(start.token) ?? 0 })),
  };
}

/**
 * How much of each journal counts. From the newest down: what a takeover says only counts where it is not itself behind
 * a seal, and it is a journal's second line or not there.
 */
async function sealsOf(
  files: RunFiles,
  shard: number,
  tokens: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const seals = new Map<number, number>();
  for (const token of tokens.toReversed()) {
    let count = 0;
    for await (const { entry } of readEntries(files.journal(shard, token), seals.get(token))) {
      if (entry.kind === 'takeover') for (const [earlier, size] of entry.journals) seals.set(earlier, size);
      if (++count === 2) break;
    }
  }
  return seals;
}

class Replay {
  readonly starts: StartRecord[] = [];
  readonly bits = new PositionBits();
  readonly unsent = new Map<number, string>();
  log: LogMark | undefined;
  hadLog = false;
  isSealed = false;
  readonly #shard: number;

  constructor(shard: number) {
    this.#shard = shard;
  }

  apply(entry: Entry): void {
    switch (entry.kind) {
      case 'start':
        this.#begin(entry);
        break;
      case 'takeover':
        this.#finish(entry.done, entry.unsent);
        this.log = entry.log ?? undefined;
        this.isSealed = entry.isSealed;
        break;
      case 'log':
        this.log = { file: entry.file, size: 0 };
        this.hadLog = true;
        this.isSealed = false;
        break;
      case 'claim':
        this.bits.claim(entry.ranges);
        break;
      case 'release':
        this.bits.release(entry.ranges);
        break;
      case 'done':
        this.#finish(entry.ranges, entry.unsent);
        if (this.log !== undefined) this.log = { ...this.log, size: entry.size };
        this.#amend({ counts: entry.counts });
        break;
      case 'counts':
        this.#amend({ counts: entry.counts });
        break;
      case 'end': {
        const { state, counts, exitCode, error, at } = entry;
        this.#amend({ state, counts, exitCode, error, endedAt: at });
        break;
      }
    }
  }

  /** A start without an end that another follows has died. */
  #begin({ token, holder, at }: Extract<Entry, { kind: 'start' }>): void {
    if (this.starts.at(-1)?.state === 'running')
      this.#amend({ state: 'stopped', endedAt: at, error: 'its process died' });
    this.starts.push({
      shard: this.#shard,
      token,
      holder,
      startedAt: at,
      endedAt: null,
      state: 'running',
      counts: null,
      exitCode: null,
      error: null,
    });
  }

  #amend(change: Partial<StartRecord>): void {
    const last = this.starts.pop();
    if (last !== undefined) this.starts.push({ ...last, ...change });
  }

  #finish(ranges: Ranges, unsent: UnsentRanges): void {
    this.bits.finish(ranges);
    for (const [reason, positions] of unsent)
      for (const [first, last] of positions)
        for (let position = first; position <= last; position++)
          if (!this.unsent.has(position)) this.unsent.set(position, reason);
  }
}

function byPosition(a: Unsent, b: Unsent): number {
  return a.position - b.position;
}

/** As a journal keeps them: few reasons, many positions. */
export function unsentRanges(unsent: readonly Unsent[]): UnsentRanges {
  const byReason = new Map<string, number[]>();
  for (const { position, reason } of unsent) {
    const positions = byReason.get(reason);
    if (positions === undefined) byReason.set(reason, [position]);
    else positions.push(position);
  }
  return [...byReason].map(([reason, positions]) => [reason, rangesOf(positions)]);
}
