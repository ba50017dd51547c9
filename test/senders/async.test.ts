import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, AnswerClass, Channel } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import { type AsyncSenderOptions, asyncSender } from '../../src/senders/async.js';
import { testRun } from '../setup/run.js';

function answer(answerClass: AnswerClass, retryAfterMs: number | null = null): Answer {
  const error = answerClass === 'terminal' ? { error: new RtnError('credentials', 'refused') } : {};
  return {
    class: answerClass,
    httpStatus: null,
    providerId: null,
    errorCode: null,
    errorText: null,
    retryAfterMs,
    ...error,
  };
}

interface Scenario extends Partial<Omit<AsyncSenderOptions, 'channel'>> {
  readonly messages: number;
  readonly resultCapacity?: number;
  /** What the provider answers to the given attempt (from 1) of a message, after `latencyMs`. */
  readonly answers?: (id: string, attempt: number) => Answer;
  readonly latencyMs?: number;
}

/** A sender in virtual time over a provider that follows a script; `sent` holds when each request left. */
async function play({
  messages,
  answers = () => answer('sent'),
  latencyMs = 10,
  resultCapacity = 10_000,
  ...options
}: Scenario) {
  const clock = new VirtualClock();
  const run = testRun({ clock });
  const attempts = new Map<string, number>();
  const sent: { id: string; atMs: number }[] = [];
  const watch = { inFlight: 0, most: 0 };
  const channel: Channel = {
    key: 'scripted',
    open: async () => {},
    close: async () => {},
    send({ id }) {
      const attempt = (attempts.get(id) ?? 0) + 1;
      attempts.set(id, attempt);
      sent.push({ id, atMs: clock.monotonic() });
      watch.most = Math.max(watch.most, ++watch.inFlight);
      return new Promise((resolve) => {
        clock.schedule(latencyMs, () => {
          watch.inFlight--;
          resolve(answers(id, attempt));
        });
      });
    },
  };
  const sender = asyncSender({ channel, ...options });
  await sender.open(run);
  const queue = new Queue<Message>(messages);
  queue.trySendMany(
    Array.from({ length: messages }, (_, position) => ({
      id: `m${position}`,
      position,
      recipient: null,
      row: {},
    })),
  );
  queue.close();
  const results = new Queue<SendResult>(resultCapacity);
  const stop = new AbortController();
  const counts = newCounts();
  let stopped: Error | undefined;
  const control = {
    signal: stop.signal,
    counts,
    stop(error: Error) {
      stopped ??= error;
      stop.abort();
    },
  };
  let report: { left: number } | undefined;
  void sender.send(queue, results, control).then((value) => {
    report = value;
  });
  return { clock, sent, watch, results, stop, counts, queue, report: () => report, stopped: () => stopped };
}

async function drain(results: Queue<SendResult>): Promise<SendResult[]> {
  return results.length === 0 ? [] : results.receiveMany(100_000);
}

describe('concurrency', () => {
  test.each([1, 3, 64])('%i is reached and never passed', async (concurrency) => {
    const { clock, watch, report } = await play({ messages: 200, concurrency });
    await clock.advance(10_000);
    expect(watch.most).toBe(concurrency);
    expect(report()).toEqual({ left: 0 });
  });

  test('a full queue of results holds the sender back at exactly its capacity and its slots', async () => {
    const { clock, sent, results } = await play({ messages: 100, concurrency: 4, resultCapacity: 10 });
    await clock.advance(60_000);
    expect(sent).toHaveLength(14);
    expect(await results.receiveMany(5)).toHaveLength(5);
    await clock.advance(60_000);
    expect(sent).toHaveLength(19);
  });
});

describe('rate limit', () => {
  test.each([
    [10, 0],
    [10, 300],
    [250, 0],
  ])(
    'of %i a second, with every answer a retry %i ms later, holds in every one-second window',
    async (rateLimit, backoffMs) => {
      const answers = (_: string, attempt: number) => answer(backoffMs > 0 && attempt < 3 ? 'retry' : 'sent');
      const { clock, sent, report } = await play({
        messages: 5 * rateLimit,
        concurrency: 1_000,
        rateLimit,
        answers,
        ...(backoffMs > 0 && { backoffMs }),
      });
      await clock.advance(60_000);
      expect(report()).toEqual({ left: 0 });
      const burst = Math.max(1, rateLimit / 10);
      for (const [index, { atMs }] of sent.entries()) {
        const inWindow = sent.slice(index).filter((request) => request.atMs < atMs + 1_000).length;
        expect(inWindow).toBeLessThanOrEqual(rateLimit + burst);
      }
      const durationS = ((sent.at(-1)?.atMs ?? 0) - (sent[0]?.atMs ?? 0)) / 1_000;
      expect(sent.length / durationS).toBeGreaterThan(0.85 * rateLimit);
    },
  );
});

describe('retries', () => {
  test('grow their pauses, with full jitter below the doubled limit', async () => {
    const { clock, sent } = await play({
      messages: 1,
      answers: () => answer('retry'),
      maxAttempts: 6,
      backoffMs: 100,
      maxBackoffMs: 400,
      latencyMs: 0,
    });
    await clock.advance(60_000);
    const pauses = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
    expect(pauses).toHaveLength(5);
    for (const [index, limitMs] of [100, 200, 400, 400, 400].entries())
      expect(pauses[index]).toBeLessThanOrEqual(limitMs + 1);
  });

  test('end after max_attempts, and the message is logged as failed with what was last answered', async () => {
    const last = { ...answer('retry'), httpStatus: 503, errorCode: 'http_503', errorText: 'down' };
    const { clock, results, counts } = await play({ messages: 1, answers: () => last, maxAttempts: 3 });
    await clock.advance(60_000);
    expect(await drain(results)).toMatchObject([
      { outcome: 'failed', attempts: 3, httpStatus: 503, errorCode: 'http_503', errorText: 'down' },
    ]);
    expect(counts).toMatchObject({ attempts: 3, retries: 2 });
  });

  test('do not hold a slot while they wait', async () => {
    const answers = (id: string, attempt: number) =>
      answer(id === 'm0' && attempt === 1 ? 'retry' : 'sent', 5_000);
    const { clock, results } = await play({ messages: 3, concurrency: 1, answers });
    await clock.advance(1_000);
    expect((await drain(results)).map(({ messageId }) => messageId)).toEqual(['m1', 'm2']);
    await clock.advance(5_000);
    expect((await drain(results)).map(({ messageId, attempts }) => [messageId, attempts])).toEqual([
      ['m0', 2],
    ]);
  });

  test('that wait in great number keep new messages in their queue', async () => {
    const { clock, queue } = await play({
      messages: 5_000,
      concurrency: 64,
      answers: () => answer('retry', 60_000),
    });
    await clock.advance(30_000);
    expect(queue.length).toBeGreaterThanOrEqual(5_000 - 1_000 - 64);
  });
});

describe('throttling', () => {
  test('holds back every request of the endpoint for as long as Retry-After asks', async () => {
    const answers = (id: string, attempt: number) =>
      answer(id === 'm0' && attempt === 1 ? 'throttled' : 'sent', id === 'm0' ? 3_000 : null);
    const { clock, sent, counts, report } = await play({ messages: 10, concurrency: 2, answers });
    await clock.advance(2_900);
    expect(sent.map(({ id }) => id)).toEqual(['m0', 'm1']);
    await clock.advance(10_000);
    expect(sent).toHaveLength(11);
    expect(sent.slice(2).every(({ atMs }) => atMs >= 3_000)).toBe(true);
    expect(counts.throttled).toBe(1);
    expect(report()).toEqual({ left: 0 });
  });
});

describe('outcomes', () => {
  test.each([
    ['sent', 'sent'],
    ['rejected', 'rejected'],
    ['in-doubt', 'unknown'],
  ] as const)('an answer that is %s is logged as %s after one attempt', async (answerClass, outcome) => {
    const { clock, results } = await play({ messages: 1, answers: () => answer(answerClass) });
    await clock.advance(1_000);
    expect(await drain(results)).toMatchObject([
      { outcome, attempts: 1, channel: 'scripted', messageId: 'm0', position: 0 },
    ]);
  });

  test('a terminal answer stops: no request leaves after it, those in flight get their results', async () => {
    const answers = (id: string) => answer(id === 'm1' ? 'terminal' : 'sent');
    const { clock, sent, results, report, stopped, queue } = await play({
      messages: 100,
      concurrency: 4,
      answers,
    });
    await clock.advance(60_000);
    expect(sent.length).toBeLessThanOrEqual(4 + 1);
    expect(stopped()).toMatchObject({ code: 'credentials' });
    const logged = await drain(results);
    expect(logged.map(({ messageId }) => messageId)).not.toContain('m1');
    expect(logged.length + (report()?.left ?? 0) + queue.length).toBe(100);
  });
});

describe('at Stop', () => {
  test('messages that wait for a retry are left, and no retry leaves', async () => {
    const { clock, sent, stop, report, results } = await play({
      messages: 3,
      answers: () => answer('retry', 1_000),
      latencyMs: 1,
    });
    await clock.advance(500);
    stop.abort();
    await clock.advance(60_000);
    expect(sent).toHaveLength(3);
    expect(report()).toEqual({ left: 3 });
    expect(results.length).toBe(0);
  });

  test('requests in flight finish and are logged', async () => {
    const { clock, stop, report, results } = await play({ messages: 10, concurrency: 3, latencyMs: 100 });
    await clock.advance(50);
    stop.abort();
    await clock.advance(10);
    expect(report()).toBeUndefined();
    await clock.advance(100);
    expect(report()).toEqual({ left: 0 });
    expect(results.length).toBe(3);
  });
});
