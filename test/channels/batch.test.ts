import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpChannelOptions, httpChannel } from '../../src/channels/http.js';
import type { BatchAnswer, BatchChannel } from '../../src/pipeline/contract.js';
import type { Message, Row } from '../../src/pipeline/record.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';

const RESULTS = {
  at: '/results',
  match: { row: 'coupon', answer: '/id' },
  code: '/status',
  provider_id: '/ref',
  error_text: '/why',
  outcomes: { sent: ['ok', 1], rejected: ['expired', 'gone'], retry: ['busy'], terminal: ['closed'] },
  suppress: ['gone'],
} as const;

const BASE = {
  outcomes: { sent: [200, 207], rejected: [400], throttled: [429], retry: ['5xx'] },
  idempotencyKey: 'Idempotency-Key',
  body: (items: unknown) => ({ list: 'a', data: { items } }),
  each: (row: Row) => ({ coupon: row.coupon }),
} as const;

const messages = (...coupons: string[]): Message[] =>
  coupons.map((coupon, position) => ({ id: `m${position}`, position, recipient: null, row: { coupon } }));

/** An open channel of batches. */
async function batches({
  url,
  ...options
}: Partial<HttpChannelOptions> & Pick<HttpChannelOptions, 'url'>): Promise<BatchChannel> {
  const channel = httpChannel({ ...BASE, ...options, url });
  await channel.open(testRun({ id: 'run-1' }), 1);
  onTestFinished(() => channel.close());
  if (channel.batches === undefined) throw new Error('no batches');
  return channel.batches;
}

/** What a batch comes to when the provider answers so. */
async function answerTo(
  sent: readonly Message[],
  body: unknown,
  options: Partial<HttpChannelOptions> = {},
  status = 200,
): Promise<BatchAnswer> {
  const server = await httpServer((_, response) =>
    typeof body === 'string' ? response.writeHead(status).end(body) : reply(response, status, body),
  );
  return (await batches({ url: server.origin, results: RESULTS, ...options })).send(sent);
}

const classes = ({ items }: BatchAnswer) => items?.map((item) => item?.class ?? 'missing');

describe('a batch', () => {
  test('is one body: the frame with the list of what each row makes', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    await (await batches({ url: server.origin })).send(messages('a', '"b"', 'ё\u2028\ud800'));
    expect(server.requests.map(({ body }) => body)).toEqual([
      '{"list":"a","data":{"items":[{"coupon":"a"},{"coupon":"\\"b\\""},{"coupon":"ё\u2028\\ud800"}]}}',
    ]);
  });

  test('may be nothing but the list, and a row no map', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    const channel = await batches({
      url: server.origin,
      body: (items: unknown) => items,
      each: (row) => row.coupon,
    });
    await channel.send(messages('a', 'b'));
    expect(server.requests[0]?.body).toBe('["a","b"]');
  });

  test('makes the text of a row once, however often its message goes', async () => {
    let made = 0;
    const each = (row: Row) => ({ coupon: row.coupon, made: ++made });
    const server = await httpServer((_, response) => reply(response, 503));
    const channel = await batches({ url: server.origin, each });
    const sent = messages('a', 'b');
    expect(sent.map((message) => channel.bytesOf(message))).toEqual([24, 24]);
    await channel.send(sent);
    await channel.send(sent);
    await channel.send(sent.slice(1));
    expect(made).toBe(2);
  });

  test('whose row gives nothing says so, and so does one that the answer could not tell of', async () => {
    const channel = await batches({ url: 'http://127.0.0.1:1', results: RESULTS, each: (row) => row.coupon });
    const [message] = messages('a').map((each): Message => ({ ...each, row: {} }));
    if (message === undefined) throw new Error('no message');
    expect(() => channel.bytesOf(message)).toThrow(expect.objectContaining({ code: 'data' }));
    expect(() => channel.matchOf(message)).toThrow(expect.objectContaining({ code: 'data' }));
  });

  test('has one key as long as it is unchanged, and another for any other', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    const channel = await batches({ url: server.origin });
    const [a, b, c] = messages('a', 'b', 'c') as [Message, Message, Message];
    for (const batch of [[a, b], [a, b], [b, a], [a, b, c], [a], [{ ...a, position: 9 }, b]])
      await channel.send(batch);
    const [first, again, ...others] = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(5);
  });

  test('of a channel for batches is not sent message by message', async () => {
    const channel = httpChannel({ ...BASE, url: 'http://h' });
    await channel.open(testRun(), 1);
    const [message] = messages('a');
    expect(() => message && channel.send(message)).toThrow('puts many messages into one request');
  });

  test.each([
    ['no items', () => ({})],
    ['its items twice', (items: unknown) => [items, items]],
  ])('with %s is refused before anything is sent', (_, body) => {
    expect(() => httpChannel({ ...BASE, url: 'http://h', body })).toThrow('exactly once');
  });
});

describe('the answer to a batch', () => {
  test('tells of each message by its id, in whatever order', async () => {
    const answer = await answerTo(messages('a', 'b', 'c', 'd', 'e'), {
      results: [
        { id: 'e', status: 'gone', why: 'left\nus' },
        { id: 'd', status: 'new' },
        { id: 'b', status: 'expired', ref: 'r2' },
        { id: 'a', status: 'ok', ref: 'r1' },
        { id: 'z', status: 'ok' },
      ],
    });
    expect(answer.whole.class).toBe('sent');
    expect(classes(answer)).toEqual(['sent', 'rejected', 'missing', 'retry', 'rejected']);
    expect(answer.items?.[0]).toMatchObject({ httpStatus: 200, providerId: 'r1', errorCode: null });
    expect(answer.items?.[4]).toMatchObject({
      httpStatus: 200,
      errorCode: 'gone',
      errorText: 'left\\nus',
      suppress: true,
    });
  });

  test('tells of them by position without a match', async () => {
    const { match: _, ...results } = RESULTS;
    const answer = await answerTo(
      messages('a', 'a'),
      { results: [{ status: 1 }, { status: 'busy' }] },
      { results },
    );
    expect(classes(answer)).toEqual(['sent', 'retry']);
  });

  test('is the outcome of every message where there are no results', async () => {
    const { idempotencyKey: _, ...base } = BASE;
    const server = await httpServer((_, response) => reply(response, 200));
    const channel = httpChannel({ ...base, url: server.origin });
    await channel.open(testRun(), 1);
    const answer = await channel.batches?.send(messages('a'));
    expect(answer).toMatchObject({ whole: { class: 'sent' } });
    expect(answer?.items).toBeUndefined();
    await channel.close();
  });

  test.each([
    ['no JSON', '<html>', 'the answer is no JSON'],
    ['cut off', '{"results":[{"id":"a","status":"o', 'the answer is no JSON'],
    ['without a list', { results: {} }, 'the answer has no list of outcomes'],
  ])(
    'that is %s leaves a batch in doubt, or repeats it where the provider recognises it',
    async (_, body, text) => {
      const { idempotencyKey: __, ...base } = BASE;
      const sent = messages('a');
      const expected = { httpStatus: 200, errorCode: 'unreadable_answer', errorText: text };
      expect(await answerTo(sent, body)).toMatchObject({ whole: { class: 'retry', ...expected } });
      const server = await httpServer((_, response) =>
        typeof body === 'string' ? response.end(body) : reply(response, 200, body),
      );
      const channel = httpChannel({ ...base, url: server.origin, results: RESULTS });
      await channel.open(testRun(), 1);
      expect(await channel.batches?.send(sent)).toMatchObject({ whole: { class: 'in-doubt', ...expected } });
      await channel.close();
    },
  );

  test('by position, one outcome short, tells of nobody: which one is missing cannot be known', async () => {
    const { match: _, ...results } = RESULTS;
    const answer = await answerTo(messages('a', 'b'), { results: [{ status: 'ok' }] }, { results });
    expect(answer).toMatchObject({
      whole: { class: 'retry', errorText: 'the answer has 1 outcomes for 2 messages' },
    });
    expect(answer.items).toBeUndefined();
  });

  test('that refuses the request tells of no message', async () => {
    const body = { results: [{ id: 'a', status: 'ok' }] };
    const answer = await answerTo(messages('a'), body, {}, 400);
    expect(answer.whole).toMatchObject({ class: 'rejected', errorCode: 'http_400' });
    expect(answer.items).toBeUndefined();
  });

  test('of any JSON gives an outcome and no exception', async () => {
    const odd = [
      null,
      1,
      'x',
      [],
      {},
      { id: null },
      { id: {}, status: 'ok' },
      { id: 'a', status: {} },
      { id: 'a' },
    ];
    expect(classes(await answerTo(messages('a', 'b'), { results: odd }))).toEqual(['retry', 'missing']);
  });

  test('that ends the run by one message says why', async () => {
    const answer = await answerTo(messages('a'), {
      results: [{ id: 'a', status: 'closed', why: 'no more' }],
    });
    expect(answer.items?.[0]?.error?.message).toBe(
      'the provider answered closed for a message, which ends the run: no more',
    );
  });

  test('matches integers beyond the safe range by all their digits', async () => {
    const sent = messages('9007199254740993', '9007199254740992');
    const body =
      '{"results":[{"id":9007199254740993,"status":"ok"},{"id":9007199254740992,"status":"busy"}]}';
    expect(classes(await answerTo(sent, body))).toEqual(['sent', 'retry']);
  });

  test('of ten thousand messages is read as a whole', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `coupon-${index}`);
    const answer = await answerTo(messages(...ids), { results: ids.map((id) => ({ id, status: 'ok' })) });
    expect(new Set(classes(answer))).toEqual(new Set(['sent']));
  });
});
