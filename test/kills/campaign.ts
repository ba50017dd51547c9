import { join } from 'node:path';
import { VirtualClock } from '../../src/clock.js';
import { killRun } from './killed-run.js';
import { type Figures, judge } from './laws.js';
import type { Shape } from './start.js';
import type { Store } from './stores/store.js';

/** So many kills, over as many runs as they take. */
export interface Campaign {
  readonly store: Store;
  readonly shape: Shape;
  readonly rows: number;
  readonly kills: number;
  readonly seed: number;
  readonly folder: string;
}

export interface Outcome extends Figures {
  readonly runs: number;
  readonly seconds: number;
  readonly broken: readonly string[];
}

/** Kills runs of one shape until there were enough kills; the same seed draws the same times. */
export async function runCampaign({ store, shape, rows, kills, seed, folder }: Campaign): Promise<Outcome> {
  const dice = new VirtualClock({ seed });
  const startedMs = performance.now();
  const total = { kills: 0, lost: 0, doubles: 0, unknown: 0, held: 0 };
  const broken: string[] = [];
  let runs = 0;
  for (; total.kills < kills; runs++) {
    const name = `killed_${seed}_${shape.sender}_${shape.isIdempotent ? 'keys' : shape.inDoubt}_${runs}`;
    const options = { name, store, shape, rows, folder: join(folder, name) };
    const judged = judge(await killRun(options, { mostKills: kills - total.kills, dice }));
    for (const figure of Object.keys(total) as (keyof typeof total)[])
      total[figure] += judged.figures[figure];
    broken.push(...judged.broken.map((law) => `${name}: ${law}`));
    if (broken.length > 0) break;
  }
  return {
    ...total,
    runs: runs + (broken.length > 0 ? 1 : 0),
    seconds: (performance.now() - startedMs) / 1_000,
    broken,
  };
}

/** One line of figures. */
export function outcomeText(store: string, shape: Shape, { seconds, ...outcome }: Outcome): string {
  const provider = shape.isIdempotent ? 'idempotent' : 'forgetful';
  const { kills, runs, lost, doubles, unknown, held } = outcome;
  return `${store} ${shape.sender} ${provider} ${shape.inDoubt}: ${kills} kills in ${runs} runs, ${lost} lost, ${doubles} doubles, ${unknown} unknown, ${held} held, ${seconds.toFixed(0)} s`;
}
