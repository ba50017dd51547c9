import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { Answer, BatchAnswer, Channel } from '../../src/pipeline/contract.js';
import type { Message } from '../../src/pipeline/record.js';
import { ANSWERS, answer, drain, Provider, playAsync, playBatch, type SeenRequest } from './provider.js';

// What throttling may cost. A rate that is found out is only worth having where the throttling depends on it.

const SENT = answer('sent');
const LATENCY_MS = 20;

/** Sends 20,000 messages in batches of a hundred to the end; `throttles` decides when a request comes. */
async function sendBatches(throttles: (request: SeenRequest) => Answer | undefined) {
  const clock = new VirtualClock();
  const provider = new Provider(clock, { latencyMs: LATENCY_MS });
  const channel: Channel = {
    key: 'scripted',
    open: async () => {},
    close: async () => {},
    send: () => Promise.reject(new Error('a batch sender sends no single messages')),
    batches: {
      bytesOf: () => 10,
      matchOf: () => null,
      send: (messages) =>
        provider.take<BatchAnswer>(
          messages.map(({ id }) => id),
          (request) => {
            const throttled = throttles(request);
            return throttled ? { whole: throttled } : { whole: SENT, items: messages.map(() => SENT) };
          },
        ),
    },
  };
  const played = await playBatch({ messages: 20_000, maxItems: 100 }, { clock, provider, channel });
  while (played.report() === undefined && clock.monotonic() < 600_000) await clock.advance(100);
  expect(played.report()).toEqual({ left: 0 });
  const results = await drain(played.results);
  const failed = results.filter(({ outcome }) => outcome !== 'sent').length;
  return { tookMs: clock.monotonic(), provider, failed, throttled: played.counts.throttled };
}

/** Throttles every so many first attempts, at whatever rate they come. */
function everySoMany(every: number, retryAfterMs: number | null) {
  const seen = new Set<string>();
  return ({ ids: [id = ''] }: SeenRequest) => {
    if (seen.has(id)) return undefined;
    seen.add(id);
    return seen.size % every === 0 ? { ...ANSWERS.throttled, retryAfterMs } : undefined;
  };
}

describe('batches that are throttled', () => {
  test.each([
    [17, 1_000],
    [7, 1_000],
    [17, null],
    [7, null],
    [5, null],
  ])(
    'one in %i at any rate, with Retry-After %s, lose their pauses and no more',
    async (every, retryAfterMs) => {
      const { tookMs, provider, failed, throttled } = await sendBatches(everySoMany(every, retryAfterMs));
      expect(failed).toBe(0);
      expect(throttled).toBe(Math.floor(200 / every));
      // Without Retry-After the first pause is up to 200 ms, for a hundred messages nearly that.
      const pausesMs = throttled * (retryAfterMs ?? 200);
      expect(tookMs).toBeLessThan(1.1 * (provider.requests.length * LATENCY_MS + pausesMs) + 100);
    },
  );

  test.each([
    [2, 1.75],
    [10, 1.2],
  ])('above %i a second find that rate out, and take at most %f times as long', async (perSecond, most) => {
    let tokens = 1;
    let sinceMs = 0;
    const { tookMs, failed, throttled, provider } = await sendBatches(({ atMs }) => {
      tokens = Math.min(1, tokens + ((atMs - sinceMs) / 1_000) * perSecond);
      sinceMs = atMs;
      if (tokens < 1) return ANSWERS.throttled;
      tokens--;
      return undefined;
    });
    expect(failed).toBe(0);
    expect(tookMs).toBeLessThan(most * (200 / perSecond) * 1_000);
    expect(throttled / provider.requests.length).toBeLessThan(0.1);
  });
});

test('a stream that is throttled while it is quiet is sent at full speed when it is busy', async () => {
  const { clock, provider, queue, results } = await playAsync({
    messages: 1,
    isOpen: true,
    answers: (_, __, { index }) => (index === 0 ? ANSWERS.throttled : SENT),
  });
  await clock.advance(60_000);
  const messages = Array.from(
    { length: 100 },
    (_, index): Message => ({ id: `later${index}`, position: 1 + index, recipient: null, row: {} }),
  );
  queue.trySendMany(messages);
  await clock.advance(2_000);
  expect(provider.requests).toHaveLength(102);
  expect(await drain(results)).toHaveLength(101);
});
