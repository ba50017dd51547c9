import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEGMENT_SIZE } from '../../src/pipeline/claims.js';
import { testRun } from '../setup/run.js';
import { positionsOf, result, Start, type Store } from './ledger-start.js';

/** Any steps on any store, against two sets of positions. */
export function ledgerModel(store: Store): void {
  test('whatever is claimed, logged, taken over and ended: the store knows what a model knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => replay(store, steps)),
      {
        numRuns: 25,
      },
    );
  });
}

type Step =
  | { readonly kind: 'claim' | 'log'; readonly positions: readonly number[] }
  | { readonly kind: 'die' | 'end' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('claim' as const, 'log' as const),
      positions: fc.uniqueArray(fc.integer({ min: 0, max: 2 * SEGMENT_SIZE }), {
        minLength: 1,
        maxLength: 40,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('die' as const, 'end' as const) }) },
);

/** Does the steps on a new run, and looks after each. */
async function replay(store: Store, steps: readonly Step[]): Promise<void> {
  const run = testRun();
  let start = await Start.take(store, run);
  const open = new Set<number>();
  const done = new Set<number>();
  for (const step of steps) {
    if (step.kind === 'claim') {
      const free = step.positions.filter((position) => !done.has(position));
      await start.claim(...free);
      for (const position of free) open.add(position);
    } else if (step.kind === 'log') {
      const fresh = step.positions.filter((position) => !done.has(position));
      if (fresh.length > 0) await start.log(...fresh.map((position) => result(position)));
      for (const position of fresh) done.add(position);
    } else {
      if (step.kind === 'end') {
        await start.end({ state: 'stopped' });
        open.clear();
      }
      await start.close();
      start = await Start.take(store, run);
    }
    for (const position of done) open.delete(position);
    const ascending = (positions: Iterable<number>) => [...positions].sort((a, b) => a - b);
    expect(positionsOf(await start.ledger.load())).toEqual({ done: ascending(done), open: ascending(open) });
  }
  await start.close();
  expect((await store.logged(run.id)).sort((a, b) => a - b)).toEqual([...done].sort((a, b) => a - b));
}
