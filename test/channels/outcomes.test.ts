import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpChannelOptions, httpChannel } from '../../src/channels/http.js';
import { networkAnswer } from '../../src/channels/network.js';
import type { Answer } from '../../src/pipeline/contract.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';

type Outcomes = HttpChannelOptions['outcomes'];

async function send(options: Partial<HttpChannelOptions> & Pick<HttpChannelOptions, 'url'>): Promise<Answer> {
  const channel = httpChannel({ outcomes: { sent: [200] }, ...options });
  await channel.open(testRun(), 1);
  try {
    return await channel.send({ id: 'm1', position: 0, recipient: null, row: {} });
  } finally {
    await channel.close();
  }
}

/** What an answer with this status, body and headers comes to. */
async function outcomeOf(
  outcomes: Outcomes,
  {
    status = 400,
    body = {},
    headers = {},
  }: { status?: number; body?: unknown; headers?: Record<string, string> },
  options: Partial<HttpChannelOptions> = {},
): Promise<Answer> {
  const server = await httpServer((_, response) =>
    typeof body === 'string'
      ? response.writeHead(status, headers).end(body)
      : reply(response, status, body, headers),
  );
  return send({ url: server.origin, outcomes, ...options });
}

describe('a rule', () => {
  const gone = { at: '/error/code', is: ['UNREGISTERED', 17], class: 'rejected', suppress: true } as const;

  test.each<[string, NonNullable<Outcomes['rules']>[number], object, string]>([
    ['a value of the body', gone, { body: { error: { code: 'UNREGISTERED' } } }, 'rejected'],
    ['a number that the provider writes as a text', gone, { body: { error: { code: '17' } } }, 'rejected'],
    ['another value', gone, { body: { error: { code: 'OTHER' } } }, 'retry'],
    ['no such value', gone, { body: { error: {} } }, 'retry'],
    ['a body that is no JSON', gone, { body: '<html>' }, 'retry'],
    ['a body that is cut off', gone, { body: '{"error":{"code":"UNREGIST' }, 'retry'],
    [
      'a value that is only to be there',
      { at: '/quota', class: 'throttled' },
      { body: { quota: null } },
      'throttled',
    ],
    [
      'a status and a value, both right',
      { ...gone, status: [400] },
      { body: { error: { code: '17' } } },
      'rejected',
    ],
    ['a wrong status', { ...gone, status: ['5xx'] }, { body: { error: { code: '17' } } }, 'retry'],
    ['a header', { header: 'X-Quota', class: 'throttled' }, { headers: { 'x-quota': 'day' } }, 'throttled'],
    [
      'a value of a header',
      { header: 'X-Quota', is: ['month'], class: 'terminal' },
      { headers: { 'x-quota': 'day' } },
      'retry',
    ],
    ['no header', { header: 'X-Quota', class: 'throttled' }, {}, 'retry'],
    [
      'a body for which a rule about errors is no rule',
      { error: ['timeout'], at: '/x', class: 'sent' },
      { body: { x: 1 } },
      'retry',
    ],
    [
      'an accepted answer that says no',
      { at: '/ok', is: [false], class: 'rejected' },
      { status: 200, body: { ok: false } },
      'rejected',
    ],
    ['in-doubt', { status: [400], class: 'in_doubt' }, {}, 'in-doubt'],
    ['refresh', { status: [400], class: 'refresh' }, {}, 'refresh'],
  ])('about %s', async (_, rule, answer, expected) => {
    expect(await outcomeOf({ sent: [200], rules: [rule] }, answer)).toMatchObject({ class: expected });
  });

  test('that stands first decides alone, suppression among it', async () => {
    const outcomes: Outcomes = {
      sent: [200],
      rejected: [410],
      suppress: [410],
      rules: [
        { at: '/maintenance', class: 'retry' },
        { status: [410], class: 'terminal' },
      ],
    };
    const answer = await outcomeOf(outcomes, { status: 410, body: { maintenance: true } });
    expect(answer.class).toBe('retry');
    expect(answer.suppress).toBeUndefined();
  });

  test('that ends the run says why', async () => {
    const outcomes: Outcomes = { sent: [200], rules: [{ at: '/e', is: ['billing'], class: 'terminal' }] };
    const { error } = await outcomeOf(outcomes, { status: 402, body: { e: 'billing' } });
    expect(error).toMatchObject({
      code: 'configuration',
      message: 'the provider answered 402, which ends the run: {"e":"billing"}',
    });
  });
});

describe('an answer', () => {
  test('of a status to suppress says so, apart from its class', async () => {
    const outcomes: Outcomes = { sent: [200], rejected: [400, 410], suppress: [410] };
    expect(await outcomeOf(outcomes, { status: 410 })).toMatchObject({ class: 'rejected', suppress: true });
    expect((await outcomeOf(outcomes, { status: 400 })).suppress).toBeUndefined();
  });

  test.each([
    [{ error: { code: 'QUOTA' } }, 'QUOTA'],
    [{ error: { code: 20429 } }, '20429'],
    [{ error: 'no' }, 'http_400'],
    ['no JSON', 'http_400'],
  ])('%j has the error code %s', async (body, expected) => {
    const answer = await outcomeOf({ sent: [200], rejected: [400] }, { body }, { errorCode: '/error/code' });
    expect(answer.errorCode).toBe(expected);
  });

  test('has a provider id beyond the safe integers as it was written', async () => {
    const answer = await outcomeOf(
      { sent: [200] },
      { status: 200, body: '{"id":9007199254740993}' },
      { providerId: '/id' },
    );
    expect(answer.providerId).toBe('9007199254740993');
  });
});

describe('a request without an answer', () => {
  const closing = async (): Promise<string> => {
    const server = createServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.destroy()),
    );
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test.each([
    ['UND_ERR_SOCKET', 'retry'],
    ['timeout', 'in-doubt'],
  ])('is what a rule about %s says: %s', async (code, expected) => {
    const outcomes: Outcomes = { sent: [200], rules: [{ error: [code], class: 'retry' }] };
    expect(await send({ url: await closing(), outcomes })).toMatchObject({
      class: expected,
      errorCode: 'UND_ERR_SOCKET',
    });
  });

  test.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('for the certificate (%s) ends the run', (code) => {
    const error = Object.assign(new Error('no'), { code });
    expect(networkAnswer(error, { wasStarted: false, isIdempotent: true })).toMatchObject({
      class: 'terminal',
      error: { code: 'configuration' },
    });
  });

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])(
    'that surely did not leave (%s) is repeated, whatever the provider recognises',
    (code) => {
      const error = Object.assign(new Error('no'), { code });
      expect(networkAnswer(error, { wasStarted: true, isIdempotent: false }).class).toBe('retry');
    },
  );

  test('because a server speaks no TLS ends the run', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    const answer = await send({ url: server.origin.replace('http:', 'https:') });
    expect(answer).toMatchObject({ class: 'terminal', error: { code: 'configuration' } });
  });

  test('because a server has no certificate that can be used is repeated or ends the run, and is never sent', async () => {
    const server = createTlsServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(['retry', 'terminal']).toContain((await send({ url: `https://127.0.0.1:${port}` })).class);
  });
});

test('a constant header that cannot be sent is refused before anything is, without its value', () => {
  const headers = { authorization: 'Bearer s3cret\r\nx: y' };
  const make = () => httpChannel({ url: 'http://h', headers, outcomes: { sent: [200] } });
  expect(make).toThrow(expect.objectContaining({ code: 'configuration' }));
  expect(make).not.toThrow('s3cret');
});
