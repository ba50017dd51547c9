import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { Answer, Channel } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import { asyncSender } from '../../src/senders/async.js';
import { testRun } from '../setup/run.js';
import { ANSWERS, answer, drain, mostInASecond, playAsync, type SeenRequest } from './provider.js';

interface Model {
  readonly concurrency?: number;
  readonly rateLimit?: number;
  /** How long an answer takes with so many in flight. */
  latencyMs(inFlight: number, clock: VirtualClock): number;
  /** Whether the request is throttled, and if so with which answer. */
  throttles?(nowMs: number): Answer | undefined;
}

/** What the provider saw between two times. */
interface Settled {
  /** Accepted a second. */
  readonly goodput: number;
  readonly throttledShare: number;
  readonly meanInFlight: number;
  readonly mostInFlight: number;
  readonly mostInASecond: number;
}

/** Sends without end to a model of a provider; `until` goes on to that second and tells what was seen since `from`. */
async function adapt({ concurrency = 64, rateLimit = 0, latencyMs, throttles }: Model) {
  const clock = new VirtualClock();
  let inFlight = 0;
  const seen: { readonly atMs: number; readonly inFlight: number; readonly isThrottled: boolean }[] = [];
  const channel: Channel = {
    key: 'model',
    open: async () => {},
    close: async () => {},
    send() {
      inFlight++;
      const throttled = throttles?.(clock.monotonic());
      seen.push({ atMs: clock.monotonic(), inFlight, isThrottled: throttled !== undefined });
      return new Promise((resolve) => {
        clock.schedule(latencyMs(inFlight, clock), () => {
          inFlight--;
          resolve(throttled ?? SENT);
        });
      });
    },
  };
  const sender = asyncSender({ channel, concurrency, rateLimit, adaptive: true, maxAttempts: 100 });
  await sender.open(testRun({ clock }));
  const messages = new Queue<Message>(1_024);
  const results = new Queue<SendResult>(8_192);
  const stop = new AbortController();
  const control = { signal: stop.signal, counts: newCounts(), stop: () => stop.abort() };
  void feed(messages, stop.signal);
  void discard(results, stop.signal);
  void sender.send(messages, results, control);
  let nowS = 0;
  return {
    async until(untilS: number, fromS: number): Promise<Settled> {
      await clock.advance((untilS - nowS) * 1_000);
      nowS = untilS;
      const window = seen.filter(({ atMs }) => atMs >= fromS * 1_000 && atMs < untilS * 1_000);
      const throttled = window.filter(({ isThrottled }) => isThrottled).length;
      const atOnce = window.map((request) => request.inFlight);
      return {
        goodput: (window.length - throttled) / (untilS - fromS),
        throttledShare: throttled / window.length,
        meanInFlight: atOnce.reduce((sum, count) => sum + count, 0) / atOnce.length,
        mostInFlight: atOnce.reduce((most, count) => Math.max(most, count)),
        mostInASecond: mostInASecond(window),
      };
    },
    async end() {
      stop.abort();
      await clock.advance(10_000);
      expect(inFlight).toBe(0);
    },
  };
}

const SENT = answer('sent');

async function feed(messages: Queue<Message>, signal: AbortSignal): Promise<void> {
  const message = { id: 'm', position: 0, recipient: null, row: {} };
  const batch = new Array<Message>(256).fill(message);
  while (!signal.aborted) await messages.sendMany(batch, signal);
}

async function discard(results: Queue<SendResult>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await results.receiveMany(1_000, signal);
}

/** A provider that serves `knee` at once and makes the others wait: latency grows in proportion. */
const knee = (atOnce: number, unloadedMs: () => number) => (inFlight: number) =>
  unloadedMs() * Math.max(1, inFlight / atOnce);

/** Throttles what is above a rate, by a token bucket that holds `bucketS` seconds' worth. */
function above(perSecond: () => number, savedS: number, retryAfterMs: number | null) {
  let tokens = perSecond() * savedS;
  let sinceMs = 0;
  return (nowMs: number): Answer | undefined => {
    tokens = Math.min(perSecond() * savedS, tokens + ((nowMs - sinceMs) / 1_000) * perSecond());
    sinceMs = nowMs;
    if (tokens < 1) return { ...ANSWERS.throttled, retryAfterMs };
    tokens--;
    return undefined;
  };
}

describe('how many are in flight', () => {
  const jitter = (_: number, clock: VirtualClock) => 50 + 100 * clock.random();
  test.each([
    ['a constant link', () => 50, 50],
    ['a slow link', () => 2_000, 2_000],
    ['jitter', jitter, 100],
  ])('reaches the concurrency on %s, and never passes it', async (_, latencyMs, meanMs) => {
    const { until, end } = await adapt({ concurrency: 64, latencyMs });
    const settled = await until(120, 60);
    expect(settled.mostInFlight).toBe(64);
    expect(settled.meanInFlight).toBeGreaterThan(0.95 * 64);
    expect(settled.goodput).toBeGreaterThan(0.95 * 64 * (1_000 / meanMs));
    await end();
  });

  test.each([
    [10, 20],
    [10, 200],
    [40, 100],
    [100, 50],
  ])('rests a little above a knee at %i with %i ms, at full goodput', async (atOnce, unloadedMs) => {
    const { until, end } = await adapt({ concurrency: 500, latencyMs: knee(atOnce, () => unloadedMs) });
    const settled = await until(120, 60);
    expect(settled.goodput).toBeGreaterThan(0.95 * atOnce * (1_000 / unloadedMs));
    expect(settled.meanInFlight).toBeGreaterThan(atOnce);
    expect(settled.mostInFlight).toBeLessThanOrEqual(1.3 * atOnce);
    await end();
  });

  test.each([
    ['without a knee', 1_000, 64],
    ['with a knee', 20, 20],
  ])('follows a link that becomes slower and faster for good, %s', async (_, atOnce, most) => {
    let unloadedMs = 50;
    const { until, end } = await adapt({ concurrency: 64, latencyMs: knee(atOnce, () => unloadedMs) });
    for (const [index, nextMs] of [50, 200, 300, 50, 70].entries()) {
      unloadedMs = nextMs;
      const untilS = 60 * (index + 1);
      const settled = await until(untilS, untilS - 30);
      expect(settled.goodput, `at ${nextMs} ms`).toBeGreaterThan(0.95 * most * (1_000 / nextMs));
      expect(settled.mostInFlight, `at ${nextMs} ms`).toBeLessThanOrEqual(1.3 * most);
    }
    await end();
  });
});

describe('a provider that throttles above a rate', () => {
  const rows = [20, 200, 2_000].flatMap((perSecond) =>
    [20, 200].flatMap((latencyMs) =>
      [0.1, 1].flatMap((savedS) =>
        [null, 1_000].map((retryAfterMs) => ({ perSecond, latencyMs, savedS, retryAfterMs })),
      ),
    ),
  );
  test.each(rows)(
    'of $perSecond a second with $latencyMs ms, $savedS s saved up and Retry-After $retryAfterMs gives 90 % of it with less than 5 % throttled',
    async ({ perSecond, latencyMs, savedS, retryAfterMs }) => {
      const throttles = above(() => perSecond, savedS, retryAfterMs);
      const { until, end } = await adapt({ concurrency: 500, latencyMs: () => latencyMs, throttles });
      const settled = await until(130, 60);
      expect(settled.goodput).toBeGreaterThan(0.9 * perSecond);
      expect(settled.throttledShare).toBeLessThan(0.05);
      expect(settled.mostInFlight).toBeLessThanOrEqual(500);
      await end();
    },
  );

  test('is followed when its rate falls to a tenth and comes back', async () => {
    let perSecond = 500;
    const throttles = above(() => perSecond, 0.1, null);
    const { until, end } = await adapt({ concurrency: 100, latencyMs: () => 50, throttles });
    for (const [untilS, next] of [
      [60, 500],
      [120, 50],
      [420, 500],
    ] as const) {
      perSecond = next;
      const settled = await until(untilS, untilS - 30);
      expect(settled.goodput, `at ${next} a second`).toBeGreaterThan(0.9 * next);
      expect(settled.throttledShare, `at ${next} a second`).toBeLessThan(0.05);
    }
    await end();
  });

  test.each(
    [20, 100].flatMap((perSecond) =>
      [0.1, 1].flatMap((savedS) => [null, 1_000].map((ms) => [perSecond, savedS, ms] as const)),
    ),
  )(
    'of %i a second, %f s saved up and Retry-After %s fails no message without adaptive, with default settings',
    async (perSecond, savedS, retryAfterMs) => {
      const throttles = above(() => perSecond, savedS, retryAfterMs);
      const said = new Map<SeenRequest, Answer>();
      const { clock, results, report } = await playAsync({
        messages: 40 * perSecond,
        latencyMs(request) {
          said.set(request, throttles(request.atMs) ?? SENT);
          return 50;
        },
        answers: (_, __, request) => said.get(request) ?? SENT,
      });
      await clock.advance(90_000);
      expect(report()).toEqual({ left: 0 });
      expect((await drain(results)).every(({ outcome }) => outcome === 'sent')).toBe(true);
    },
  );

  test('now and then, for single recipients, is not slowed down', async () => {
    const throttles = (index: number) => (index % 200 === 150 ? ANSWERS.throttled : undefined);
    let count = 0;
    const { until, end } = await adapt({
      concurrency: 64,
      latencyMs: () => 50,
      throttles: () => throttles(count++),
    });
    const settled = await until(60, 30);
    expect(settled.goodput).toBeGreaterThan(0.95 * 64 * 20);
    await end();
  });

  test('for give_up_after and takes nothing ends the run, to be started again', async () => {
    const { clock, stopped, report, results, queue } = await playAsync({
      messages: 10_000,
      answers: () => ANSWERS.throttled,
      giveUpAfterMs: 60_000,
    });
    await clock.advance(59_000);
    expect(stopped()).toBeUndefined();
    await clock.advance(60_000);
    expect(stopped()).toMatchObject({ code: 'temporary' });
    expect(results.length + (report()?.left ?? 0) + queue.length).toBe(10_000);
  });

  test('longer than give_up_after, but takes something in between, does not end the run', async () => {
    const { clock, stopped, report, counts } = await playAsync({
      messages: 400,
      concurrency: 1,
      latencyMs: 200,
      giveUpAfterMs: 5_000,
      answers: (_, __, { index }) => (index % 20 === 10 ? ANSWERS.throttled : SENT),
    });
    await clock.advance(600_000);
    expect(counts.throttled).toBeGreaterThan(10);
    expect(stopped()).toBeUndefined();
    expect(report()).toEqual({ left: 0 });
  });

  test.each([50, 90])(
    'is not disturbed by a declared rate of %i, which holds from the first second',
    async (rateLimit) => {
      const throttles = above(() => 100, 1, null);
      const { until, end } = await adapt({ concurrency: 64, latencyMs: () => 50, rateLimit, throttles });
      const seen = await until(60, 0);
      expect(seen.throttledShare).toBe(0);
      expect(seen.mostInASecond).toBeLessThanOrEqual(1.1 * rateLimit);
      expect(seen.goodput).toBeGreaterThan(0.95 * rateLimit);
      await end();
    },
  );
});
