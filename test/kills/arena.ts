import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Counts } from '../../src/pipeline/counts.js';
import { Receipts } from './provider.js';
import { type InputRow, inputRows } from './rows.js';
import { type Ended, type Shape, type StartOptions, startRunner } from './start.js';
import type { LoggedRow, RunPlace, Store } from './stores/store.js';

export interface ArenaOptions {
  readonly name: string;
  readonly store: Store;
  readonly shape: Shape;
  readonly rows: number;
  /** A folder of the run's own. */
  readonly folder: string;
  /** Of the provider's troubles. */
  readonly seed: number;
  /** Undefined for one that is derived. */
  readonly runId?: string | undefined;
}

/** All that is known of a run once it has ended. */
export interface Facts {
  readonly shape: Shape;
  readonly rows: readonly InputRow[];
  readonly effects: ReadonlyMap<string, number>;
  readonly cutOff: ReadonlySet<string>;
  readonly logged: readonly LoggedRow[];
  /** Positions claimed and not done, at the end. */
  readonly open: readonly number[];
  /** Starts that died, or that a successor took for dead. */
  readonly kills: number;
  /** After some of the kills: the positions that were in doubt. */
  readonly doubts: readonly ReadonlySet<number>[];
  /** Kills after which nobody looked, so that the next start met what was still under way. */
  readonly unseen: number;
  readonly last: { readonly code: number | null; readonly counts: Counts };
  /** What a start after the end came to, and how many requests it made. */
  readonly again: { readonly code: number | null; readonly requests: number };
}

/** One run with its input, its provider and its place in a store. */
export class Arena {
  readonly rows: readonly InputRow[];
  readonly place: RunPlace;
  readonly provider: Receipts;
  readonly #shape: Shape;
  readonly #flags: readonly string[];
  readonly #folder: string;
  #starts = 0;

  static async open({ name, store, shape, rows: count, folder, seed, runId }: ArenaOptions): Promise<Arena> {
    const rows = inputRows(name, count);
    mkdirSync(folder, { recursive: true });
    const place = await store.place(name, rows, folder);
    const provider = new Receipts({ isIdempotent: shape.isIdempotent, seed });
    const flags = ['--recipients', place.input, '--log', place.log, '--endpoint', await provider.start()];
    flags.push('--state-dir', join(folder, 'state'), ...(runId === undefined ? [] : ['--run-id', runId]));
    return new Arena(rows, place, provider, shape, flags, folder);
  }

  private constructor(
    rows: readonly InputRow[],
    place: RunPlace,
    provider: Receipts,
    shape: Shape,
    flags: readonly string[],
    folder: string,
  ) {
    this.rows = rows;
    this.place = place;
    this.provider = provider;
    this.#shape = shape;
    this.#flags = flags;
    this.#folder = folder;
  }

  /** Starts the runner; later flags count. */
  start(flags: readonly string[] = [], options: StartOptions = {}): ReturnType<typeof startRunner> {
    const summary = join(this.#folder, `summary-${++this.#starts}.json`);
    const all = [...this.#flags, '--summary', summary, ...flags];
    return startRunner(this.#shape, all, this.place.environment, { ...options, summary });
  }

  /** What is known once the run has come to its end by the start that ended so. */
  async facts(ended: Ended, killed: Pick<Facts, 'kills' | 'doubts' | 'unseen'>): Promise<Facts> {
    if (ended.code !== 0 && ended.code !== 65)
      throw new Error(`ended with ${ended.code ?? ended.signal}:\n${ended.output}`);
    const { counts } = JSON.parse(readFileSync(ended.summary, 'utf8')) as { counts: Counts };
    const { provider, place, rows } = this;
    await provider.quiet();
    const before = provider.requests;
    const { code } = await this.start().ended;
    return {
      ...killed,
      shape: this.#shape,
      rows,
      effects: provider.effects,
      cutOff: provider.cutOff,
      logged: await place.logged(),
      open: await place.doubts(),
      last: { code: ended.code, counts },
      again: { code, requests: provider.requests - before },
    };
  }

  close(): Promise<void> {
    return this.provider.close();
  }
}
