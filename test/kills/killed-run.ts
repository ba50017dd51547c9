import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualClock } from '../../src/clock.js';
import type { Counts } from '../../src/pipeline/counts.js';
import { Receipts } from './provider.js';
import { type InputRow, inputRows, isSendable } from './rows.js';
import { type Ended, type Shape, startRunner } from './start.js';
import type { LoggedRow, RunPlace, Store } from './stores/store.js';

export interface KilledRun {
  readonly name: string;
  readonly store: Store;
  readonly shape: Shape;
  readonly rows: number;
  readonly mostKills: number;
  /** A folder of the run's own. */
  readonly folder: string;
  readonly dice: VirtualClock;
}

/** All that is known of a run that was killed and started again until it ended. */
export interface Facts {
  readonly shape: Shape;
  readonly rows: readonly InputRow[];
  readonly effects: ReadonlyMap<string, number>;
  readonly cutOff: ReadonlySet<string>;
  readonly logged: readonly LoggedRow[];
  /** Positions claimed and not done, at the end. */
  readonly open: readonly number[];
  readonly kills: number;
  /** After some of the kills: the positions that were in doubt. */
  readonly doubts: readonly ReadonlySet<number>[];
  /** Kills after which nobody looked, so that the next start met what was still under way. */
  readonly unseen: number;
  readonly last: { readonly code: number | null; readonly counts: Counts };
  /** What a start after the end came to, and how many requests it made. */
  readonly again: { readonly code: number | null; readonly requests: number };
}

/** When a start is killed: at a time of its start-up, or after its first request, or once nothing is left to send. */
interface Moment {
  readonly kind: 'start-up' | 'first' | 'middle' | 'end';
  readonly delayMs: number;
}

const START_UP_MS = 700;
const MIDDLE_MS = 1_200;
const END_MS = 300;

/** Starts a run again and again under the same input, killing it at random times, until it has come to its end. */
export async function killRun({ name, store, shape, rows: count, mostKills, folder, dice }: KilledRun) {
  const rows = inputRows(name, count);
  mkdirSync(folder, { recursive: true });
  const place = await store.place(name, rows, folder);
  const seed = Math.floor(dice.random() * 2 ** 31);
  const provider = new Receipts({ isIdempotent: shape.isIdempotent, seed });
  const endpoint = await provider.start();
  const summary = join(folder, 'summary.json');
  const flags = ['--recipients', place.input, '--log', place.log, '--endpoint', endpoint];
  flags.push('--state-dir', join(folder, 'state'), '--summary', summary);
  // Half of the runs have a name, the others are known by their input.
  if (dice.random() < 0.5) flags.push('--run-id', `named-${name}`);
  const start = () => startRunner(shape, flags, place.environment);
  try {
    const sendable = rows.filter(isSendable).length;
    const { ended, ...killed } = await untilEnded(start, place, provider, { dice, mostKills, sendable });
    if (ended.code !== 0 && ended.code !== 65)
      throw new Error(`ended with ${ended.code ?? ended.signal}:\n${ended.output}`);
    const { counts } = JSON.parse(readFileSync(summary, 'utf8')) as { counts: Counts };
    await provider.quiet();
    const before = provider.requests;
    const { code } = await start().ended;
    const facts: Facts = {
      ...killed,
      shape,
      rows,
      effects: provider.effects,
      cutOff: provider.cutOff,
      logged: await place.logged(),
      open: await place.doubts(),
      last: { code: ended.code, counts },
      again: { code, requests: provider.requests - before },
    };
    return facts;
  } finally {
    await provider.close();
  }
}

async function untilEnded(
  start: () => ReturnType<typeof startRunner>,
  place: RunPlace,
  provider: Receipts,
  { dice, mostKills, sendable }: { dice: VirtualClock; mostKills: number; sendable: number },
): Promise<Pick<Facts, 'kills' | 'doubts' | 'unseen'> & { ended: Ended }> {
  const doubts: ReadonlySet<number>[] = [];
  for (let [kills, unseen] = [0, 0]; ; ) {
    const running = start();
    const isNearEnd = provider.effects.size > 0.9 * sendable;
    if (kills < mostKills) await kill(running, momentOf(dice, isNearEnd), provider, sendable);
    const ended = await running.ended;
    if (ended.signal !== 'SIGKILL') return { kills, unseen, doubts, ended };
    kills++;
    if (dice.random() < 0.5) unseen++;
    else {
      await place.settled();
      doubts.push(new Set(await place.doubts()));
    }
  }
}

function momentOf(dice: VirtualClock, isNearEnd: boolean): Moment {
  const lot = dice.random();
  if (lot < 0.15) return { kind: 'start-up', delayMs: dice.random() * START_UP_MS };
  if (lot < 0.3) return { kind: 'first', delayMs: dice.random() * 20 };
  if (isNearEnd && lot < 0.8) return { kind: 'end', delayMs: dice.random() * END_MS };
  return { kind: 'middle', delayMs: dice.random() * MIDDLE_MS };
}

/** Kills the process at that moment, unless it has ended before. */
async function kill(
  { child, ended }: ReturnType<typeof startRunner>,
  { kind, delayMs }: Moment,
  provider: Receipts,
  sendable: number,
): Promise<void> {
  const before = provider.requests;
  const reached = () =>
    kind === 'end' ? provider.effects.size >= sendable : kind === 'start-up' || provider.requests > before;
  await Promise.race([ended, provider.until(reached)]);
  if (child.exitCode !== null || child.signalCode !== null) return;
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, delayMs))]);
  child.kill('SIGKILL');
}
