import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, BatchAnswer, BatchChannel, Channel } from '../../src/pipeline/contract.js';
import { batchSender } from '../../src/senders/batch.js';
import { testRun } from '../setup/run.js';
import {
  ANSWERS,
  answer,
  type BatchScenario,
  drain,
  mostInASecond,
  Provider,
  playBatch,
  type SeenRequest,
} from './provider.js';

const SENT = answer('sent', { httpStatus: 200 });

interface Script extends Partial<Omit<BatchChannel, 'send'>> {
  /** What the provider answers to a batch; `tries` holds how often each message has come, this time counted. */
  readonly reply?: (request: SeenRequest, tries: ReadonlyMap<string, number>) => BatchAnswer;
  readonly latencyMs?: number;
  readonly refresh?: () => Promise<boolean>;
}

/** A batch sender in virtual time; rows are empty, so that each adds 10 bytes. */
async function play({
  reply,
  latencyMs = 10,
  refresh,
  bytesOf,
  matchOf,
  ...scenario
}: Script & BatchScenario) {
  const clock = new VirtualClock({ seed: scenario.seed ?? 1 });
  const provider = new Provider(clock, { latencyMs });
  const tries = new Map<string, number>();
  const channel: Channel = {
    key: 'scripted',
    open: async () => {},
    close: async () => {},
    send: () => Promise.reject(new Error('a batch sender sends no single messages')),
    batches: {
      bytesOf: bytesOf ?? (() => 10),
      matchOf: matchOf ?? (() => null),
      send(messages) {
        const ids = messages.map(({ id }) => id);
        for (const id of ids) tries.set(id, (tries.get(id) ?? 0) + 1);
        return provider.take(
          ids,
          (request) => reply?.(request, tries) ?? { whole: SENT, items: ids.map(() => SENT) },
        );
      },
    },
    ...(refresh !== undefined && { refresh }),
  };
  return playBatch(scenario, { clock, provider, channel });
}

/** An answer for each message of the request. */
function each(request: SeenRequest, answerTo: (id: string) => Answer | undefined): BatchAnswer {
  return { whole: SENT, items: request.ids.map(answerTo) };
}

const sizes = ({ requests }: Provider) => requests.map(({ ids }) => ids.length);
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `m${from + index}`);

test('a channel that cannot carry batches is refused when the sender opens', async () => {
  const channel: Channel = {
    key: 'single',
    open: async () => {},
    close: async () => {},
    send: async () => SENT,
  };
  const opening = async () => batchSender({ channel }).open(testRun());
  await expect(opening).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('single'),
  });
});

describe('a batch is sent', () => {
  test.each([
    ['when it is full by items', { maxItems: 4 }, [4, 4, 2]],
    ['when one more would pass its bytes', { maxBytes: 35 }, [3, 3, 3, 1]],
    ['when it is full by bytes to the last one', { maxBytes: 40 }, [4, 4, 2]],
    ['alone when it is larger than the bytes allow', { maxBytes: 5 }, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    ['at once at the End, half full', {}, [10]],
  ])('%s', async (_, options, expected) => {
    const { clock, provider, report } = await play({ messages: 10, lingerMs: 60_000, ...options });
    await clock.advance(1_000);
    expect(sizes(provider)).toEqual(expected);
    expect(provider.requests.flatMap((request) => request.ids)).toEqual(ids(0, 10));
    expect(provider.requests[0]?.atMs).toBe(0);
    expect(report()).toEqual({ left: 0 });
  });

  test('when its first message has lingered, and at the End at once', async () => {
    const { clock, provider, queue, report } = await play({
      messages: 0,
      isOpen: true,
      lingerMs: 200,
      maxItems: 100,
    });
    const send = (id: string) => queue.trySend({ id, position: 0, recipient: null, row: {} });
    await clock.advance(1_000);
    send('a');
    await clock.advance(150);
    send('b');
    await clock.advance(49);
    expect(provider.requests).toHaveLength(0);
    await clock.advance(1);
    expect(provider.requests).toMatchObject([{ ids: ['a', 'b'], atMs: 1_200 }]);
    await clock.advance(1_000);
    send('c');
    await clock.advance(20);
    queue.close();
    await clock.advance(10);
    expect(provider.requests[1]).toMatchObject({ ids: ['c'], atMs: 2_220 });
    expect(report()).toEqual({ left: 0 });
  });

  test('when it is full to the last byte, without waiting for one that does not fit', async () => {
    const { clock, provider } = await play({ messages: 4, isOpen: true, maxBytes: 40, lingerMs: 60_000 });
    await clock.advance(1);
    expect(sizes(provider)).toEqual([4]);
  });

  test('half full at the End though messages wait to be tried again', async () => {
    const { clock, provider } = await play({
      messages: 3,
      maxItems: 2,
      lingerMs: 60_000,
      reply: (request) =>
        each(request, (id) =>
          id === 'm0' && request.index === 0 ? { ...ANSWERS.unlisted, retryAfterMs: 5_000 } : SENT,
        ),
    });
    await clock.advance(60_000);
    expect(provider.requests).toMatchObject([
      { ids: ['m0', 'm1'], atMs: 0 },
      { ids: ['m2'], atMs: 10 },
      { ids: ['m0'], atMs: 5_010 },
    ]);
  });

  test('and no other while it is under way', async () => {
    const { clock, provider } = await play({ messages: 500, maxItems: 7, latencyMs: 100 });
    await clock.advance(60_000);
    expect(provider.requests.length).toBe(72);
    expect(provider.mostInFlight).toBe(1);
  });

  test('only as results find room', async () => {
    const { clock, provider, results } = await play({ messages: 100, maxItems: 10, resultCapacity: 15 });
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(2);
    expect(await results.receiveMany(5)).toHaveLength(5);
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(3);
  });

  test('without twins: those that one answer could not tell apart go in the next one', async () => {
    const { clock, provider } = await play({
      messages: 6,
      matchOf: ({ position }) => (position < 3 ? `r${position}` : `r${position - 3}`),
    });
    await clock.advance(1_000);
    expect(provider.requests.map((request) => request.ids)).toEqual([ids(0, 3), ids(3, 6)]);
  });

  test('without a message that makes no request, which alone is rejected', async () => {
    const { clock, provider, results } = await play({
      messages: 5,
      bytesOf({ id }) {
        if (id === 'm2') throw new RtnError('data', 'the row has no title');
        return 10;
      },
    });
    await clock.advance(1_000);
    expect(provider.requests.map((request) => request.ids)).toEqual([['m0', 'm1', 'm3', 'm4']]);
    const rejected = (await drain(results)).filter(({ outcome }) => outcome === 'rejected');
    expect(rejected).toMatchObject([
      { messageId: 'm2', attempts: 0, errorCode: 'unsendable_row', errorText: 'the row has no title' },
    ]);
  });

  test('and a message that makes no request is rejected without waiting for others', async () => {
    const bytesOf = () => {
      throw new RtnError('data', 'the row has no title');
    };
    const { clock, results } = await play({ messages: 1, isOpen: true, lingerMs: 60_000, bytesOf });
    await clock.advance(1);
    expect(await drain(results)).toMatchObject([{ messageId: 'm0', outcome: 'rejected' }]);
  });
});

describe('each message of a batch that was taken has its own outcome', () => {
  test('by its own answer; one that the answer does not tell of is failed', async () => {
    const outcomes: Record<string, Answer | undefined> = {
      m0: answer('sent', { providerId: 'p0' }),
      m1: ANSWERS.refused,
      m2: answer('in-doubt'),
      m3: undefined,
    };
    const { clock, results } = await play({
      messages: 4,
      reply: (request) => each(request, (id) => outcomes[id]),
    });
    await clock.advance(1_000);
    expect(await drain(results)).toMatchObject([
      { messageId: 'm0', outcome: 'sent', providerId: 'p0', attempts: 1 },
      { messageId: 'm1', outcome: 'rejected', errorCode: 'http_400' },
      { messageId: 'm2', outcome: 'unknown' },
      { messageId: 'm3', outcome: 'failed', errorCode: 'missing_in_answer' },
    ]);
  });

  test('by the answer as a whole where it tells of none', async () => {
    const { clock, results } = await play({ messages: 3, reply: () => ({ whole: SENT }) });
    await clock.advance(1_000);
    expect((await drain(results)).map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent']);
  });

  test('only those to be tried again go again, together, in order, as often as max_attempts allows each', async () => {
    const isBad = (id: string) => Number(id.slice(1)) % 3 === 0;
    const { clock, provider, results } = await play({
      messages: 10,
      maxAttempts: 3,
      reply: (request) => each(request, (id) => (isBad(id) ? ANSWERS.unlisted : SENT)),
    });
    await clock.advance(60_000);
    const again = ['m0', 'm3', 'm6', 'm9'];
    expect(provider.requests.map((request) => request.ids)).toEqual([ids(0, 10), again, again]);
    for (const { messageId, outcome, attempts } of await drain(results))
      expect([outcome, attempts]).toEqual(isBad(messageId) ? ['failed', 3] : ['sent', 1]);
  });

  test('those that go again share their batch with new ones, and keep their own count', async () => {
    const { clock, provider, results } = await play({
      messages: 8,
      maxItems: 4,
      backoffMs: 1,
      reply: (request, tries) =>
        each(request, (id) => (id === 'm1' && tries.get(id) === 1 ? ANSWERS.unlisted : SENT)),
    });
    await clock.advance(60_000);
    expect(provider.requests.map((request) => request.ids)).toEqual([
      ids(0, 4),
      expect.arrayContaining(ids(4, 7)),
      expect.anything(),
    ]);
    expect(provider.requests.flatMap((request) => request.ids).filter((id) => id === 'm1')).toHaveLength(2);
    for (const { messageId, attempts } of await drain(results))
      expect(attempts).toBe(messageId === 'm1' ? 2 : 1);
  });
});

describe('a batch that was refused as a whole', () => {
  test.each([
    [1_024, [700]],
    [1_024, [0, 1_023]],
    [500, [250]],
    [37, [3, 4, 5]],
  ])(
    'of %i with poison at %j is halved until that stands alone; the others are sent once',
    async (count, poison) => {
      const isPoison = (id: string) => poison.includes(Number(id.slice(1)));
      const { clock, provider, results, report } = await play({
        messages: count,
        maxItems: count,
        reply: (request) =>
          request.ids.some(isPoison) ? { whole: ANSWERS.refused } : each(request, () => SENT),
      });
      await clock.advance(60_000);
      expect(report()).toEqual({ left: 0 });
      const outcomes = await drain(results);
      expect(outcomes).toHaveLength(count);
      for (const { messageId, outcome } of outcomes)
        expect(outcome).toBe(isPoison(messageId) ? 'rejected' : 'sent');
      const accepted = provider.requests.filter((request) => !request.ids.some(isPoison));
      expect(accepted.flatMap((request) => request.ids)).toHaveLength(count - poison.length);
      expect(provider.requests.length).toBeLessThanOrEqual(
        1 + 2 * Math.ceil(Math.log2(count)) * poison.length,
      );
    },
  );

  test('is halved at the cost of no attempt', async () => {
    const { clock, results } = await play({
      messages: 64,
      maxAttempts: 2,
      backoffMs: 1,
      reply(request) {
        if (request.ids.length > 1) return { whole: ANSWERS.refused };
        return each(request, () =>
          request.attempt < 8 && request.ids[0] === 'm0' ? ANSWERS.unlisted : SENT,
        );
      },
    });
    await clock.advance(60_000);
    const [first] = (await drain(results)).filter(({ messageId }) => messageId === 'm0');
    expect(first).toMatchObject({ outcome: 'sent', attempts: 8 });
  });
});

describe('a batch that is to be repeated', () => {
  test.each([
    ['for a server error', ANSWERS.serverError],
    ['for throttling', ANSWERS.throttled],
    ['for a network error', ANSWERS.unreachable],
  ])('%s goes again with the same messages in the same order, before any other', async (_, whole) => {
    const { clock, provider, report } = await play({
      messages: 30,
      maxItems: 10,
      reply: (request) => (request.index < 3 ? { whole } : each(request, () => SENT)),
    });
    await clock.advance(60_000);
    const first = ids(0, 10);
    expect(provider.requests.map((request) => request.ids)).toEqual([
      first,
      first,
      first,
      first,
      ids(10, 20),
      ids(20, 30),
    ]);
    expect(report()).toEqual({ left: 0 });
  });

  test('goes again whole while one of its messages has an attempt left, then all are failed', async () => {
    const { clock, provider, results } = await play({
      messages: 3,
      isOpen: true,
      maxItems: 2,
      maxAttempts: 3,
      backoffMs: 1,
      reply: ({ index }) =>
        index === 0 ? { whole: SENT, items: [ANSWERS.unlisted, SENT] } : { whole: ANSWERS.serverError },
    });
    await clock.advance(60_000);
    const together = ['m2', 'm0'];
    expect(provider.requests.map((request) => request.ids)).toEqual([
      ids(0, 2),
      together,
      together,
      together,
    ]);
    expect(await drain(results)).toMatchObject([
      { messageId: 'm1', outcome: 'sent', attempts: 1 },
      { messageId: 'm2', outcome: 'failed', attempts: 3 },
      { messageId: 'm0', outcome: 'failed', attempts: 4 },
    ]);
  });

  test('waits up to the growing pause, with full jitter', async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 100; seed++) {
      const { clock, provider } = await play({
        seed,
        messages: 100,
        backoffMs: 1_000,
        reply: (request) =>
          request.index === 0 ? { whole: ANSWERS.serverError } : each(request, () => SENT),
      });
      await clock.advance(10_000);
      waits.push((provider.requests[1]?.atMs ?? 0) - 10);
    }
    expect(Math.min(...waits)).toBeLessThan(100);
    expect(Math.max(...waits)).toBeGreaterThan(900);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_001);
  });

  test('is not when it is in doubt: each of its messages is unknown', async () => {
    const { clock, provider, results } = await play({
      messages: 3,
      reply: () => ({ whole: answer('in-doubt') }),
    });
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(1);
    expect((await drain(results)).map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
  });
});

describe('what all requests to a provider share holds for batches', () => {
  test('the rate limit, repeats included', async () => {
    const { clock, provider } = await play({
      messages: 60,
      maxItems: 2,
      rateLimit: 5,
      latencyMs: 0,
      reply: (request) =>
        request.index % 3 === 0
          ? { whole: { ...ANSWERS.unlisted, retryAfterMs: 0 } }
          : each(request, () => SENT),
    });
    await clock.advance(60_000);
    expect(provider.requests).toHaveLength(45);
    expect(mostInASecond(provider.requests)).toBeLessThanOrEqual(6);
  });

  test.each([
    [
      'the answer as a whole',
      (request: SeenRequest) =>
        request.index === 0
          ? { whole: { ...ANSWERS.throttled, retryAfterMs: 3_000 } }
          : each(request, () => SENT),
    ],
    [
      'one message in it',
      (request: SeenRequest) =>
        each(request, (id) =>
          request.index === 0 && id === 'm1' ? { ...ANSWERS.throttled, retryAfterMs: 3_000 } : SENT,
        ),
    ],
  ])('the cool-down that %s asks for', async (_, reply) => {
    const { clock, provider, counts } = await play({ messages: 10, maxItems: 5, reply });
    await clock.advance(60_000);
    expect(provider.requests[1]?.atMs).toBeGreaterThanOrEqual(3_010);
    expect(counts.throttled).toBe(1);
  });

  test('the circuit breaker; a provider that answers but fails single messages is not down', async () => {
    const down = await play({
      messages: 10,
      breakerFailures: 3,
      reply: (request) =>
        request.atMs < 60_000 ? { whole: ANSWERS.unreachable } : each(request, () => SENT),
    });
    await down.clock.advance(200_000);
    expect(down.run.warnings).toHaveLength(1);
    expect((await drain(down.results)).every(({ outcome }) => outcome === 'sent')).toBe(true);
    const failing = await play({
      messages: 100,
      breakerFailures: 3,
      reply: (request) => each(request, () => ANSWERS.serverError),
    });
    await failing.clock.advance(200_000);
    expect(failing.run.warnings).toEqual([]);
    expect(failing.report()).toEqual({ left: 0 });
  });

  test.each([
    [
      'twenty messages refused alike',
      (request: SeenRequest) => each(request, () => ANSWERS.refused),
      'configuration',
    ],
    ['batches refused alike', () => ({ whole: ANSWERS.refused }), 'configuration'],
    [
      'answers that tell of no message',
      (request: SeenRequest) => each(request, () => undefined),
      'configuration',
    ],
    [
      'one of the first batch sent',
      (request: SeenRequest) => each(request, (id) => (id === 'm30' ? SENT : ANSWERS.refused)),
      undefined,
    ],
    [
      'messages refused in two ways',
      (request: SeenRequest) => each(request, (id) => (id === 'm30' ? answer('rejected') : ANSWERS.refused)),
      undefined,
    ],
    [
      'server errors of messages',
      (request: SeenRequest) => each(request, () => ANSWERS.serverError),
      undefined,
    ],
  ])('the first answers: %s', async (_, reply, code) => {
    const { clock, stopped, queue, results, report } = await play({ messages: 200, maxItems: 50, reply });
    await clock.advance(600_000);
    expect((stopped() as RtnError | undefined)?.code).toBe(code);
    expect((await drain(results)).length + (report()?.left ?? 0) + queue.length).toBe(200);
  });

  test.each([
    [
      'of the whole',
      (request: SeenRequest): BatchAnswer => ({ whole: request.index === 0 ? ANSWERS.refresh : SENT }),
    ],
    [
      'of one message',
      (request: SeenRequest) =>
        each(request, (id) => (request.index === 0 && id === 'm1' ? ANSWERS.refresh : SENT)),
    ],
  ])('the renewal of credentials, once, at the cost of no attempt, for a refusal %s', async (_, reply) => {
    let renewals = 0;
    const refresh = async () => ++renewals > 0;
    const { clock, results, stopped } = await play({ messages: 3, maxAttempts: 1, reply, refresh });
    await clock.advance(60_000);
    expect(renewals).toBe(1);
    expect(stopped()).toBeUndefined();
    expect((await drain(results)).map(({ outcome }) => outcome)).toEqual(['sent', 'sent', 'sent']);
  });

  test('the end for credentials that are refused after their renewal', async () => {
    let renewals = 0;
    const refresh = async () => ++renewals > 0;
    const { clock, provider, stopped, report } = await play({
      messages: 3,
      refresh,
      reply: () => ({ whole: ANSWERS.refresh }),
    });
    await clock.advance(60_000);
    expect(renewals).toBe(1);
    expect(provider.requests).toHaveLength(2);
    expect(stopped()).toMatchObject({ code: 'credentials' });
    expect(report()).toEqual({ left: 3 });
  });
});

test('at Stop at any moment, over any script, nothing is in flight and taken = results + left', async () => {
  const anyAnswer = fc.constantFrom<Answer | undefined>(
    SENT,
    SENT,
    undefined,
    ANSWERS.refused,
    ANSWERS.unlisted,
    ANSWERS.serverError,
    ANSWERS.throttled,
    { ...ANSWERS.throttled, retryAfterMs: 700 },
    ANSWERS.refresh,
    answer('in-doubt'),
  );
  const scenario = fc.record({
    wholes: fc.array(anyAnswer, { minLength: 1, maxLength: 8 }),
    items: fc.array(anyAnswer, { minLength: 1, maxLength: 8 }),
    latencyMs: fc.integer({ min: 0, max: 200 }),
    messages: fc.integer({ min: 0, max: 120 }),
    maxItems: fc.integer({ min: 1, max: 40 }),
    maxBytes: fc.integer({ min: 5, max: 400 }),
    lingerMs: fc.constantFrom(0, 50, 1_000),
    rateLimit: fc.constantFrom(0, 5),
    breakerFailures: fc.constantFrom(0, 1, 3),
    maxAttempts: fc.integer({ min: 1, max: 6 }),
    isOpen: fc.boolean(),
    isRenewable: fc.boolean(),
    unsendable: fc.integer({ min: 0, max: 10 }),
    twins: fc.integer({ min: 1, max: 200 }),
    resultCapacity: fc.constantFrom(3, 1_000),
    stopAtMs: fc.integer({ min: 0, max: 4_000 }),
    seed: fc.integer(),
  });
  type Drawn = typeof scenario extends fc.Arbitrary<infer T> ? T : never;
  const property = async ({ wholes, items, stopAtMs, isRenewable, unsendable, twins, ...options }: Drawn) => {
    const { clock, provider, queue, results, counts, stop, report } = await play({
      ...options,
      reply: (request) => {
        const whole = wholes[request.index % wholes.length] ?? SENT;
        return { whole, items: request.ids.map((_, index) => items[(request.index + index) % items.length]) };
      },
      bytesOf({ position }) {
        if (position % 11 < unsendable) throw new RtnError('data', 'no title');
        return 10;
      },
      matchOf: ({ position }) => `r${position % twins}`,
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
    const { length } = provider.requests;
    for (let turn = 0; turn < 100 && report() === undefined; turn++) {
      await clock.advance(10);
      await take();
    }
    await take();
    expect(provider.requests).toHaveLength(length);
    expect(provider.inFlight).toBe(0);
    expect(provider.mostInFlight).toBeLessThanOrEqual(1);
    expect(counts.inFlight).toBe(0);
    expect(options.messages - queue.length).toBe(seen.size + (report()?.left ?? Number.NaN));
    for (const request of provider.requests) {
      expect(new Set(request.ids.map((id) => Number(id.slice(1)) % twins)).size).toBe(request.ids.length);
      expect(request.ids.length).toBeLessThanOrEqual(options.maxItems);
    }
  };
  await fc.assert(fc.asyncProperty(scenario, property), { seed: 4, numRuns: 300 });
});
