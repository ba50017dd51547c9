import { expect, test } from 'vitest';
import type { Outcome, SendResult } from '../../src/pipeline/record.js';
import { Thresholds } from '../../src/pipeline/thresholds.js';

function result(outcome: Outcome, errorCode: string | null = null): SendResult {
  return {
    outcome,
    messageId: 'm',
    position: 0,
    recipient: null,
    channel: 'http',
    attempts: 1,
    httpStatus: null,
    providerId: null,
    errorCode,
    errorText: null,
    suppress: false,
    startedAtMs: 0,
    finishedAtMs: 0,
  };
}

const many = (count: number, outcome: Outcome, errorCode?: string) =>
  Array.from({ length: count }, () => result(outcome, errorCode));

test.each<[string, SendResult[], string | undefined]>([
  ['fewer than a hundred results say nothing', many(99, 'failed'), undefined],
  ['exactly the ratio is allowed', [...many(80, 'sent'), ...many(20, 'failed')], undefined],
  ['beyond it the run stops', [...many(79, 'sent'), ...many(21, 'failed', 'http_503')], 'unavailable'],
  ['what is in doubt counts as failed', [...many(79, 'sent'), ...many(21, 'unknown')], 'unavailable'],
  ['rejected results have a ratio of their own', [...many(69, 'sent'), ...many(31, 'rejected')], 'data'],
  ['what is skipped counts as neither', many(5_000, 'skipped'), undefined],
  [
    'a hundred failures are too few among the last thousand',
    [...many(1_000, 'sent'), ...many(200, 'failed')],
    undefined,
  ],
  [
    'failures from before the window are forgotten',
    [...many(20, 'failed'), ...many(2_000, 'sent'), ...many(190, 'failed')],
    undefined,
  ],
  ['the window slides', [...many(2_000, 'sent'), ...many(201, 'failed')], 'unavailable'],
])('%s', (_, results, code) => {
  const thresholds = new Thresholds({ maxFailedRatio: 0.2, maxRejectedRatio: 0.3 });
  expect(thresholds.note(results)?.code).toBe(code);
});

test('it does not matter in which batches results become durable', () => {
  const results = [...many(500, 'sent'), ...many(300, 'failed'), ...many(500, 'sent')];
  const at = (size: number) => {
    const thresholds = new Thresholds({ maxFailedRatio: 0.2 });
    for (let index = 0; index < results.length; index += size)
      if (thresholds.note(results.slice(index, index + size)) !== undefined) return true;
    return false;
  };
  expect([1, 7, 100, 5_000].map(at)).toEqual([true, true, true, true]);
});

test('the message tells ratio, window, limit and the most frequent error codes', () => {
  const thresholds = new Thresholds({ maxFailedRatio: 0.2 });
  const results = [
    ...many(700, 'sent'),
    ...many(120, 'failed', 'http_503'),
    ...many(40, 'failed', 'timeout'),
    ...many(20, 'failed', 'http_500'),
    ...many(100, 'failed', 'http_502'),
  ];
  const error = thresholds.note(results);
  expect(error?.message).toMatch(
    /^20\.\d % of the last \d+ results failed, more than the 20 % of max_failed_ratio: http_503 \(120\), timeout \(40\), http_500 \(\d+\)$/,
  );
  expect(error?.details).toMatchObject({ ratio: expect.any(Number), errorCodes: { http_503: 120 } });
});

test('without a ratio nothing stops the run', () => {
  expect(new Thresholds({}).note([...many(5_000, 'failed'), ...many(5_000, 'rejected')])).toBeUndefined();
});
