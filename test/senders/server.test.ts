import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { httpChannel } from '../../src/channels/http.js';
import type { BatchAnswer, Channel, Sender } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import { asyncSender } from '../../src/senders/async.js';
import { batchSender } from '../../src/senders/batch.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';
import { ANSWERS, answer, messagesOf, mostInASecond } from './provider.js';

/** A real server that counts, itself, how many requests it holds at once; `statusOf` is asked in order of arrival. */
async function countingServer(latencyMs: number, statusOf: (index: number) => number) {
  const seen = { atOnce: 0, mostAtOnce: 0, arrivals: [] as { readonly atMs: number }[] };
  const server = await httpServer(async (request, response) => {
    const index = seen.arrivals.push({ atMs: performance.now() }) - 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, ++seen.atOnce);
    await pause(latencyMs);
    seen.atOnce--;
    const ids: unknown = JSON.parse(request.body || 'null');
    reply(response, statusOf(index), Array.isArray(ids) ? { taken: ids } : {});
  });
  return { ...server, seen };
}

/** Sends so many messages to their end. */
async function sendAll(sender: Sender, count: number): Promise<SendResult[]> {
  await sender.open(testRun());
  const messages = new Queue<Message>(count);
  messages.trySendMany(messagesOf(count));
  messages.close();
  const results = new Queue<SendResult>(count);
  const control = { signal: new AbortController().signal, counts: newCounts(), stop: () => {} };
  expect(await sender.send(messages, results, control)).toEqual({ left: 0 });
  await sender.close();
  return results.receiveMany(count);
}

const OUTCOMES = { sent: [200], retry: ['5xx' as const], throttled: [429] };

describe('at a real server', () => {
  test('exactly as many requests as declared are in flight, repeats included', async () => {
    const { origin, seen } = await countingServer(5, (index) => (index % 10 === 9 ? 503 : 200));
    const channel = httpChannel({ url: `${origin}/send`, outcomes: OUTCOMES });
    const logged = await sendAll(asyncSender({ channel, concurrency: 32, backoffMs: 10 }), 600);
    expect(seen.mostAtOnce).toBe(32);
    expect(logged.filter(({ outcome }) => outcome === 'sent')).toHaveLength(600);
    expect(seen.arrivals.length).toBe(logged.reduce((sum, { attempts }) => sum + attempts, 0));
  });

  test('no window of a second has more than the rate and its burst', async () => {
    const { origin, seen } = await countingServer(2, (index) => (index % 10 === 9 ? 503 : 200));
    const channel = httpChannel({ url: `${origin}/send`, outcomes: OUTCOMES });
    await sendAll(asyncSender({ channel, concurrency: 32, rateLimit: 200, backoffMs: 10 }), 400);
    // A request may be under way some milliseconds longer than the next: so much more can arrive in a window.
    expect(mostInASecond(seen.arrivals)).toBeLessThanOrEqual((200 + 20) * 1.05);
  });

  test('exactly one batch is ever in flight, halves and repeats included', async () => {
    const { origin, seen, requests } = await countingServer(3, (index) => (index % 5 === 3 ? 503 : 200));
    const logged = await sendAll(batchSender({ channel: fetching(origin), maxItems: 20, backoffMs: 5 }), 300);
    expect(seen.mostAtOnce).toBe(1);
    expect(requests.length).toBeGreaterThan(15);
    for (const { messageId, outcome } of logged)
      expect(outcome).toBe(messageId === 'm77' ? 'rejected' : 'sent');
    const accepted = requests.filter((_, index) => index % 5 !== 3).flatMap(({ body }) => JSON.parse(body));
    for (const { messageId } of logged.filter(({ outcome }) => outcome === 'sent'))
      expect(accepted).toContain(messageId);
  });
});

/** A batch channel by `fetch`, to a server that refuses a batch with m77 in it as a whole. */
function fetching(origin: string): Channel {
  return {
    key: 'fetching',
    open: async () => {},
    close: async () => {},
    send: () => Promise.reject(new Error('a batch sender sends no single messages')),
    batches: {
      bytesOf: () => 10,
      matchOf: () => null,
      async send(messages): Promise<BatchAnswer> {
        const body = JSON.stringify(messages.map(({ id }) => id));
        const response = await fetch(`${origin}/batch`, { method: 'POST', body });
        const { taken } = (await response.json()) as { taken: string[] };
        if (response.status !== 200) return { whole: ANSWERS.serverError };
        if (taken.includes('m77')) return { whole: ANSWERS.refused };
        return {
          whole: answer('sent'),
          items: messages.map(({ id }) => (taken.includes(id) ? answer('sent') : undefined)),
        };
      },
    },
  };
}
