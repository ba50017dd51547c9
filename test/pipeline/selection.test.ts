import { describe, expect, test } from 'vitest';
import type { Incoming } from '../../src/pipeline/record.js';
import { Selection, type SelectionOptions } from '../../src/pipeline/selection.js';

const INPUT = { key: 'id', recipient: 'to', row: {} };
const ROWS = 100_000;

const record = (position: number): Incoming => ({
  position,
  row: { id: `m${position}`, to: position % 1_000 },
});

function positions(options: SelectionOptions, operation = 'driver_push', input: object = INPUT): number[] {
  const selection = new Selection(input as typeof INPUT, operation, options);
  return selection
    .take(Array.from({ length: ROWS }, (_, position) => record(position)))
    .map(({ position }) => position);
}

describe('a sample', () => {
  test('takes about that share of the recipients, all rows of each', () => {
    const taken = positions({ sample: 0.1 });
    expect(taken.length / ROWS).toBeCloseTo(0.1, 1);
    const people = new Set(taken.map((position) => position % 1_000));
    expect(taken.length).toBe(people.size * 100);
  });

  test('takes the same people on every start, and those of 1% among those of 5%', () => {
    const small = positions({ sample: 0.01 });
    expect(positions({ sample: 0.01 })).toEqual(small);
    const large = new Set(positions({ sample: 0.05 }));
    expect(small.filter((position) => !large.has(position))).toEqual([]);
  });

  test('takes other people for another operation', () => {
    expect(positions({ sample: 0.01 }, 'user_push')).not.toEqual(positions({ sample: 0.01 }));
  });

  test('goes by the message id where the input names no recipient', () => {
    const taken = positions({ sample: 0.01 }, 'driver_push', { key: 'id', row: {} });
    expect(taken.length / ROWS).toBeCloseTo(0.01, 2);
    expect(new Set(taken.map((position) => position % 1_000)).size).toBeGreaterThan(500);
  });
});

test('--only takes these ids and tells which were not found', () => {
  const selection = new Selection(INPUT, 'x', { only: ['m7', 'm3', 'nobody'] });
  const malformed: Incoming = { position: 4, malformed: 'no JSON' };
  const taken = selection.take([record(3), malformed, record(7), record(8), record(7)]);
  expect(taken.map(({ position }) => position)).toEqual([3, 7, 7]);
  expect(selection.missing).toEqual(['nobody']);
});

test('--limit counts what the others let through', () => {
  expect(positions({ limit: 3 })).toEqual([0, 1, 2]);
  const sample = positions({ sample: 0.05 });
  expect(positions({ sample: 0.05, limit: 10 })).toEqual(sample.slice(0, 10));
});

test.each<[SelectionOptions, number | undefined, number | undefined]>([
  [{ limit: 10 }, 5, 5],
  [{ limit: 10 }, undefined, 10],
  [{ sample: 0.01 }, 12_345, 124],
  [{ sample: 0.01 }, undefined, undefined],
  [{ sample: 0.5, limit: 10 }, 1_000, 10],
  [{ only: ['a', 'b'] }, 1_000, 2],
])('%j of %s rows are expected to be %s', (options, total, expected) => {
  expect(new Selection(INPUT, 'x', options).expected(total)).toBe(expected);
});
