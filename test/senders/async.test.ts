import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { Answer, Channel } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import { asyncSender } from '../../src/senders/async.js';
import { testRun } from '../setup/run.js';
import { ANSWERS, answer, drain, messagesOf, mostInASecond, playAsync } from './provider.js';

const SENT = answer('sent');

describe('concurrency', () => {
  test.each([1, 3, 64])('%i is reached and never passed', async (concurrency) => {
    const { clock, provider, report, counts } = await playAsync({ messages: 400, concurrency });
    await clock.advance(10_000);
    expect(provider.mostInFlight).toBe(concurrency);
    expect(report()).toEqual({ left: 0 });
    expect(counts).toMatchObject({ inFlight: 0, attempts: 400, retries: 0 });
  });

  test.each([1, 3, 64])(
    '%i holds with repeats, throttling and a provider that is down',
    async (concurrency) => {
      const cycle = [SENT, ANSWERS.serverError, ANSWERS.throttled, ANSWERS.unreachable, SENT];
      const { clock, provider, report } = await playAsync({
        messages: 400,
        concurrency,
        maxAttempts: 20,
        answers: (_, __, { index }) => cycle[index % cycle.length] ?? SENT,
      });
      await clock.advance(3_600_000);
      expect(provider.mostInFlight).toBe(concurrency);
      expect(report()).toEqual({ left: 0 });
    },
  );

  test('a full queue of results holds the sender back at exactly its capacity and its slots', async () => {
    const { clock, provider, results } = await playAsync({
      messages: 100,
      concurrency: 4,
      resultCapacity: 10,
    });
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(14);
    expect(await results.receiveMany(5)).toHaveLength(5);
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(19);
  });
});

describe('rate limit', () => {
  test.each([
    [0.5, 0],
    [10, 0],
    [10, 300],
    [250, 0],
    [250, 1_000],
  ])(
    'of %f a second, with repeats after up to %i ms, holds in every window of a second',
    async (rateLimit, backoffMs) => {
      const { clock, provider, report } = await playAsync({
        messages: Math.ceil(5 * rateLimit),
        concurrency: 1_000,
        rateLimit,
        answers: (_, attempt) => (backoffMs > 0 && attempt < 3 ? ANSWERS.serverError : SENT),
        ...(backoffMs > 0 && { backoffMs }),
        breakerFailures: 0,
        latencyMs: 0,
      });
      await clock.advance(120_000);
      expect(report()).toEqual({ left: 0 });
      const { requests } = provider;
      expect(requests).toHaveLength(Math.ceil(5 * rateLimit) * (backoffMs > 0 ? 3 : 1));
      expect(mostInASecond(requests)).toBeLessThanOrEqual(rateLimit + Math.max(1, rateLimit / 10));
      const durationS = ((requests.at(-1)?.atMs ?? 0) - (requests[0]?.atMs ?? 0)) / 1_000;
      expect((requests.length - 1) / durationS).toBeGreaterThan(0.85 * rateLimit);
    },
  );

  test('lets at most a tenth of a second in one burst after it had nothing to do', async () => {
    const answers = (_: string, attempt: number) =>
      attempt === 1 ? { ...ANSWERS.throttled, retryAfterMs: 5_000 } : SENT;
    const { clock, provider } = await playAsync({ messages: 100, concurrency: 100, rateLimit: 100, answers });
    await clock.advance(60_000);
    const { requests } = provider;
    const atOnce = requests.map(({ atMs }) => requests.filter((other) => other.atMs === atMs).length);
    expect(Math.max(...atOnce)).toBe(10);
  });
});

describe('repeats', () => {
  test('wait anywhere between nothing and a limit that doubles up to max_backoff', async () => {
    const waits: number[][] = [[], [], [], [], []];
    for (let seed = 0; seed < 200; seed++) {
      const { clock, provider } = await playAsync({
        seed,
        messages: 1,
        answers: () => ANSWERS.unlisted,
        maxAttempts: 6,
        backoffMs: 100,
        maxBackoffMs: 400,
        latencyMs: 0,
      });
      await clock.advance(10_000);
      const times = provider.timesOf('m0');
      for (const [index, each] of waits.entries()) each.push((times[index + 1] ?? 0) - (times[index] ?? 0));
    }
    for (const [index, limitMs] of [100, 200, 400, 400, 400].entries()) {
      const each = waits[index] ?? [];
      expect(Math.min(...each)).toBeLessThan(0.1 * limitMs);
      expect(Math.max(...each)).toBeGreaterThan(0.9 * limitMs);
      expect(Math.max(...each)).toBeLessThanOrEqual(limitMs + 1);
    }
  });

  test('end after max_attempts, and the message is logged as failed with what was last answered', async () => {
    const { clock, results, counts } = await playAsync({
      messages: 1,
      answers: () => ANSWERS.serverError,
      maxAttempts: 3,
    });
    await clock.advance(60_000);
    expect(await drain(results)).toMatchObject([
      { outcome: 'failed', attempts: 3, httpStatus: 503, errorCode: 'http_503', errorText: 'down' },
    ]);
    expect(counts).toMatchObject({ attempts: 3, retries: 2 });
  });

  test('end when max_elapsed would be passed, whatever attempts are left', async () => {
    const { clock, provider, results } = await playAsync({
      messages: 1,
      answers: () => ANSWERS.unlisted,
      maxAttempts: 100,
      maxElapsedMs: 5_000,
      backoffMs: 1_000,
      maxBackoffMs: 1_000,
    });
    await clock.advance(60_000);
    expect(provider.requests.length).toBeGreaterThan(5);
    expect(provider.requests.at(-1)?.atMs).toBeLessThanOrEqual(5_001);
    expect(await drain(results)).toMatchObject([{ outcome: 'failed', attempts: provider.requests.length }]);
  });

  test('that are asked for later than max_elapsed allows are not waited for', async () => {
    const { clock, results } = await playAsync({
      messages: 1,
      answers: () => ({ ...ANSWERS.throttled, retryAfterMs: 3_600_000 }),
    });
    await clock.advance(100);
    expect(await drain(results)).toMatchObject([{ outcome: 'failed', attempts: 1 }]);
  });

  test('come no earlier than Retry-After asks, and do not hold a slot while they wait', async () => {
    const answers = (id: string, attempt: number) =>
      id === 'm0' && attempt === 1 ? { ...ANSWERS.unlisted, retryAfterMs: 5_000 } : SENT;
    const { clock, provider, results } = await playAsync({ messages: 3, concurrency: 1, answers });
    await clock.advance(1_000);
    expect((await drain(results)).map(({ messageId }) => messageId)).toEqual(['m1', 'm2']);
    await clock.advance(5_000);
    expect(provider.timesOf('m0')).toEqual([0, 5_010]);
    expect(await drain(results)).toMatchObject([{ messageId: 'm0', attempts: 2 }]);
  });

  test('that wait in great number keep new messages in their queue', async () => {
    const { clock, queue, provider } = await playAsync({
      messages: 5_000,
      answers: (_, __, { index }) => (index === 0 ? SENT : { ...ANSWERS.unlisted, retryAfterMs: 60_000 }),
    });
    await clock.advance(30_000);
    expect(5_000 - queue.length).toBe(provider.requests.length);
    expect(provider.requests.length).toBeGreaterThanOrEqual(1_000);
    expect(provider.requests.length).toBeLessThanOrEqual(1_000 + 64);
  });
});

describe('throttling', () => {
  test.each([
    ['as long as Retry-After asks', 3_000, 3_000],
    ['for the pause that a repeat would take', null, 100],
  ])('holds back new messages too, %s', async (_, retryAfterMs, leastMs) => {
    const answers = (id: string, attempt: number) =>
      id === 'm0' && attempt === 1 ? { ...ANSWERS.throttled, retryAfterMs } : SENT;
    const { clock, provider, counts, report } = await playAsync({
      messages: 10,
      concurrency: 2,
      answers,
      latencyMs: ({ index }) => (index === 0 ? 10 : 11),
      backoffMs: 200,
    });
    await clock.advance(60_000);
    const times = provider.requests.map(({ atMs }) => atMs);
    expect(times.slice(0, 2)).toEqual([0, 0]);
    // The dice of this clock give 0.63 first.
    for (const atMs of times.slice(2)) expect(atMs).toBeGreaterThanOrEqual(10 + leastMs);
    expect(times).toHaveLength(11);
    expect(counts.throttled).toBe(1);
    expect(report()).toEqual({ left: 0 });
  });

  test('a shorter Retry-After does not cut a longer one short', async () => {
    const asked = [5_000, 1_000];
    const answers = (_: string, __: number, { index }: { index: number }) => {
      const retryAfterMs = asked[index];
      return retryAfterMs === undefined ? SENT : { ...ANSWERS.throttled, retryAfterMs };
    };
    const { clock, provider } = await playAsync({ messages: 10, concurrency: 2, answers });
    await clock.advance(60_000);
    for (const { atMs } of provider.requests.slice(2)) expect(atMs).toBeGreaterThanOrEqual(5_010);
  });
});

describe('outcomes', () => {
  test.each([
    ['sent', 'sent'],
    ['rejected', 'rejected'],
    ['in-doubt', 'unknown'],
  ] as const)('an answer that is %s is logged as %s after one attempt', async (answerClass, outcome) => {
    const { clock, results } = await playAsync({ messages: 1, answers: () => answer(answerClass) });
    await clock.advance(1_000);
    expect(await drain(results)).toMatchObject([
      { outcome, attempts: 1, channel: 'scripted', messageId: 'm0', position: 0 },
    ]);
  });

  test('a terminal answer stops: no request leaves after it, those in flight get their results', async () => {
    const { clock, provider, results, report, stopped, queue } = await playAsync({
      messages: 100,
      concurrency: 4,
      answers: (id) => answer(id === 'm1' ? 'terminal' : 'sent'),
      latencyMs: ({ index }) => (index === 1 ? 10 : 15),
    });
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(4);
    expect(stopped()).toMatchObject({ code: 'credentials' });
    const logged = (await drain(results)).map(({ messageId }) => messageId);
    expect(logged).toEqual(['m0', 'm2', 'm3']);
    expect(report()).toEqual({ left: 1 });
    expect(queue.length).toBe(96);
  });
});

describe('at Stop', () => {
  test('messages that wait for a repeat are left, and no repeat leaves', async () => {
    const { clock, provider, stop, report, results } = await playAsync({
      messages: 3,
      answers: () => ({ ...ANSWERS.unlisted, retryAfterMs: 1_000 }),
    });
    await clock.advance(500);
    stop.abort();
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(3);
    expect(report()).toEqual({ left: 3 });
    expect(results.length).toBe(0);
  });

  test('requests in flight finish and are logged', async () => {
    const { clock, stop, report, results } = await playAsync({
      messages: 10,
      concurrency: 3,
      latencyMs: 100,
    });
    await clock.advance(50);
    stop.abort();
    await clock.advance(10);
    expect(report()).toBeUndefined();
    await clock.advance(100);
    expect(report()).toEqual({ left: 0 });
    expect(results.length).toBe(3);
  });

  test('no request leaves once the latest time to send has passed', async () => {
    const playing = await playAsync({
      messages: 100,
      concurrency: 2,
      maySend(nowMs) {
        if (nowMs >= 95) playing.stop.abort();
        return nowMs < 95;
      },
    });
    await playing.clock.advance(10_000);
    expect(playing.provider.requests).toHaveLength(20);
    expect(playing.report()).toEqual({ left: 0 });
    expect(playing.queue.length).toBe(80);
  });

  const anyAnswer = fc.constantFrom<Answer>(
    SENT,
    SENT,
    ANSWERS.refused,
    ANSWERS.unlisted,
    ANSWERS.serverError,
    ANSWERS.unreachable,
    ANSWERS.throttled,
    { ...ANSWERS.throttled, retryAfterMs: 700 },
    ANSWERS.refresh,
    answer('in-doubt'),
  );

  test('at any moment, over any script, nothing is in flight and taken = results + left', async () => {
    const scenario = fc.record({
      script: fc.array(anyAnswer, { minLength: 1, maxLength: 20 }),
      latencies: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 7 }),
      messages: fc.integer({ min: 0, max: 120 }),
      concurrency: fc.integer({ min: 1, max: 40 }),
      rateLimit: fc.constantFrom(0, 5, 200),
      breakerFailures: fc.constantFrom(0, 1, 3, 20),
      maxAttempts: fc.integer({ min: 1, max: 6 }),
      adaptive: fc.boolean(),
      isRenewable: fc.boolean(),
      resultCapacity: fc.constantFrom(3, 1_000),
      stopAtMs: fc.integer({ min: 0, max: 4_000 }),
      seed: fc.integer(),
    });
    type Drawn = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
    const property = async ({ script, latencies, stopAtMs, isRenewable, ...options }: Drawn) => {
      const { clock, provider, queue, results, counts, stop, report } = await playAsync({
        ...options,
        answers: (_, __, { index }) => script[index % script.length] ?? SENT,
        latencyMs: ({ index }) => latencies[index % latencies.length] ?? 0,
        ...(isRenewable && { refresh: async () => true }),
      });
      const seen = new Set<string>();
      const take = async () => {
        for (const { messageId } of await drain(results)) {
          expect(seen).not.toContain(messageId);
          seen.add(messageId);
        }
      };
      await clock.advance(stopAtMs);
      stop.abort();
      const requests = provider.requests.length;
      for (let turn = 0; turn < 100 && report() === undefined; turn++) {
        await clock.advance(50);
        await take();
      }
      await take();
      expect(provider.requests).toHaveLength(requests);
      expect(provider.inFlight).toBe(0);
      expect(provider.mostInFlight).toBeLessThanOrEqual(options.concurrency);
      expect(counts.inFlight).toBe(0);
      expect(options.messages - queue.length).toBe(seen.size + (report()?.left ?? Number.NaN));
    };
    await fc.assert(fc.asyncProperty(scenario, property), { seed: 4, numRuns: 300 });
  });
});

test('a hundred thousand messages go through a queue of capacity 0, and their results through another', async () => {
  const count = 100_000;
  const sent = answer('sent');
  const sender = asyncSender({
    channel: { key: 'own', open: async () => {}, close: async () => {}, send: async () => sent },
  });
  await sender.open(testRun());
  const [messages, results] = [new Queue<Message>(0), new Queue<SendResult>(0)];
  const counts = newCounts();
  const sending = sender.send(messages, results, {
    counts,
    signal: new AbortController().signal,
    stop: (error) => {
      throw error;
    },
  });
  const feeding = messages.sendMany(messagesOf(count)).then(() => messages.close());
  const received = new Set<number>();
  while (received.size < count)
    for (const { position } of await results.receiveMany(100)) received.add(position);
  await feeding;
  expect(await sending).toEqual({ left: 0 });
  expect(counts.attempts).toBe(count);
});

describe('a channel that settles without promises', () => {
  test.each([1, 64])('answers at once, %i at a time, as many as there are', async (concurrency) => {
    const clock = new VirtualClock();
    const [messages, results] = [new Queue<Message>(20_000), new Queue<SendResult>(20_000)];
    messages.trySendMany(messagesOf(20_000));
    messages.close();
    const counts = newCounts();
    const channel: Channel = {
      key: 'fake',
      open: async () => {},
      send: async () => SENT,
      attempt: (_, settle) => settle(SENT),
      close: async () => {},
    };
    const sender = asyncSender({ channel, concurrency });
    await sender.open(testRun({ clock }));
    const control = { signal: new AbortController().signal, counts, stop: () => {} };
    expect(await sender.send(messages, results, control)).toEqual({ left: 0 });
    expect(results.length).toBe(20_000);
    expect(counts).toMatchObject({ inFlight: 0, attempts: 20_000 });
  });

  test('stops the run when it throws', async () => {
    const clock = new VirtualClock();
    const [messages, results] = [new Queue<Message>(10), new Queue<SendResult>(10)];
    messages.trySendMany(messagesOf(1));
    messages.close();
    const counts = newCounts();
    const channel: Channel = {
      key: 'fake',
      open: async () => {},
      send: async () => SENT,
      attempt: () => {
        throw new Error('broken');
      },
      close: async () => {},
    };
    const sender = asyncSender({ channel });
    await sender.open(testRun({ clock }));
    const said: string[] = [];
    const control = {
      signal: new AbortController().signal,
      counts,
      stop: (error: Error) => said.push(error.message),
    };
    expect(await sender.send(messages, results, control)).toEqual({ left: 1 });
    expect(said).toEqual(['broken']);
    expect(counts.inFlight).toBe(0);
  });
});
