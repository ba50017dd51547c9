import type { VirtualClock } from '../../src/clock.js';
import { Arena, type ArenaOptions, type Facts } from './arena.js';
import type { Receipts } from './provider.js';
import { isSendable } from './rows.js';
import type { Ended, Started } from './start.js';

/** When a start is killed: at a time of its start-up, or after its first request, or once nothing is left to send. */
interface Moment {
  readonly kind: 'start-up' | 'first' | 'middle' | 'end';
  readonly delayMs: number;
}

const START_UP_MS = 700;
const MIDDLE_MS = 1_200;
const END_MS = 300;

/** Starts a run again and again under the same input, killing it at random times, until it has come to its end. */
export async function killRun(
  options: Omit<ArenaOptions, 'seed' | 'runId'>,
  { mostKills, dice }: { readonly mostKills: number; readonly dice: VirtualClock },
): Promise<Facts> {
  const seed = Math.floor(dice.random() * 2 ** 31);
  // Half of the runs have a name, the others are known by their input.
  const runId = dice.random() < 0.5 ? `named-${options.name}` : undefined;
  const arena = await Arena.open({ ...options, seed, runId });
  try {
    const { ended, ...killed } = await untilEnded(arena, mostKills, dice);
    return await arena.facts(ended, killed);
  } finally {
    await arena.close();
  }
}

async function untilEnded(
  arena: Arena,
  mostKills: number,
  dice: VirtualClock,
): Promise<Pick<Facts, 'kills' | 'doubts' | 'unseen'> & { ended: Ended }> {
  const { provider, place } = arena;
  const sendable = arena.rows.filter(isSendable).length;
  const doubts: ReadonlySet<number>[] = [];
  for (let [kills, unseen] = [0, 0]; ; ) {
    const started = arena.start();
    const isNearEnd = provider.effects.size > 0.9 * sendable;
    if (kills < mostKills) await kill(started, momentOf(dice, isNearEnd), provider, sendable);
    const ended = await started.ended;
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
  { child, ended }: Started,
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
