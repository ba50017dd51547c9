import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpChannelOptions, httpChannel } from '../../src/channels/http.js';
import type { Answer } from '../../src/pipeline/contract.js';
import type { Message, Row } from '../../src/pipeline/record.js';
import { httpServer, reply } from '../setup/http.js';
import { testRun } from '../setup/run.js';

const OUTCOMES = { sent: [200], rejected: [410], throttled: [429], retry: ['5xx'], terminal: [401] } as const;

function message(row: Row = {}, id = 'm1'): Message {
  return { id, position: 7, recipient: null, row };
}

/** Sends one message through a channel opened for one request at a time. */
async function send(
  options: Partial<HttpChannelOptions> & Pick<HttpChannelOptions, 'url'>,
  row?: Row,
): Promise<Answer> {
  const channel = httpChannel({ outcomes: OUTCOMES, ...options });
  await channel.open(testRun({ id: 'run-1' }), 1);
  try {
    return await channel.send(message(row));
  } finally {
    await channel.close();
  }
}

describe('an answer', () => {
  test.each([
    [200, 'sent'],
    [410, 'rejected'],
    [429, 'throttled'],
    [500, 'retry'],
    [599, 'retry'],
    [401, 'terminal'],
    [302, 'retry'],
    [418, 'retry'],
  ])('of %i is %s', async (status, expected) => {
    const server = await httpServer((_, response) => reply(response, status, { error: 'said so' }));
    const answer = await send({ url: server.origin });
    expect(answer).toMatchObject({ class: expected, httpStatus: status });
    expect(answer.errorCode).toBe(expected === 'sent' ? null : `http_${status}`);
  });

  test.each([
    { sent: [200], terminal: [503], retry: ['5xx'] },
    { retry: ['5xx'], terminal: [503], sent: [200] },
  ])('of a status that is listed by itself counts before its hundred: %j', async (outcomes) => {
    const server = await httpServer((_, response) => reply(response, 503));
    expect(await send({ url: server.origin, outcomes })).toMatchObject({ class: 'terminal' });
  });

  test.each([
    ['2', 2_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', null],
  ])('with Retry-After %s asks for %s ms', async (value, expected) => {
    const server = await httpServer((_, response) => reply(response, 429, {}, { 'retry-after': value }));
    expect((await send({ url: server.origin })).retryAfterMs).toBe(expected);
  });

  test.each([
    ['{"data":{"id":"p-1"}}', 'p-1'],
    ['{"data":{"id":17}}', '17'],
    ['{"data":{}}', null],
    ['{"data":{"id":{}}}', null],
    ['no JSON', null],
  ])('%s has the provider id %s', async (body, expected) => {
    const server = await httpServer((_, response) => response.end(body));
    expect((await send({ url: server.origin, providerId: '/data/id' })).providerId).toBe(expected);
  });

  test('longer than 64 KiB is cut, and the connection serves the next request', async () => {
    const server = await httpServer((_, response) => response.writeHead(410).end('x'.repeat(1_000_000)));
    const channel = httpChannel({ url: server.origin, outcomes: OUTCOMES });
    await channel.open(testRun(), 1);
    for (let sent = 0; sent < 3; sent++) {
      const answer = await channel.send(message());
      expect(answer.class).toBe('rejected');
      expect(answer.errorText?.length).toBeLessThanOrEqual(500);
    }
    await channel.close();
  });

  test('that comes byte by byte is read whole, in heads as in chunks, while others are read in between', async () => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', async (bytes) => {
        const id = /[ab]{3}/.exec(String(bytes))?.[0];
        const body = `2\r\n{"\r\n9\r\nid":"${id}"\r\n1\r\n}\r\n0\r\n\r\n`;
        const head = `HTTP/1.1 429 Wait\r\ntransfer-encoding: chunked\r\nretry-after: ${id === 'aaa' ? 11 : 22}\r\n\r\n`;
        for (const byte of head + body) {
          socket.write(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const channel = httpChannel({
      url: `http://127.0.0.1:${port}`,
      outcomes: OUTCOMES,
      body: ({ id }: Row) => id,
      errorCode: '/id',
    });
    await channel.open(testRun(), 2);
    const answers = await Promise.all(['aaa', 'bbb'].map((id) => channel.send(message({ id }))));
    await channel.close();
    server.close();
    expect(answers).toMatchObject([
      { errorCode: 'aaa', retryAfterMs: 11_000 },
      { errorCode: 'bbb', retryAfterMs: 22_000 },
    ]);
  });

  test('that would forge log lines is one line', async () => {
    const server = await httpServer((_, response) =>
      response.writeHead(410).end('no\n2026 INFO sent\u001b[2K'),
    );
    expect((await send({ url: server.origin })).errorText).toBe('no\\n2026 INFO sent\\u001b[2K');
  });
});

describe('a request', () => {
  test('carries the body and the headers made of the row', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    await send(
      {
        method: 'PUT',
        url: (row) => `${server.origin}/to/${encodeURIComponent(String(row.to))}`,
        headers: (row) => ({ 'x-lang': String(row.lang) }),
        body: (row: Row) => ({ text: row.text }),
      },
      { to: 'a/b?c', lang: 'ru', text: 'ё "quoted"' },
    );
    expect(server.requests).toMatchObject([
      {
        method: 'PUT',
        path: '/to/a%2Fb%3Fc',
        headers: { 'x-lang': 'ru' },
        body: '{"text":"ё \\"quoted\\""}',
      },
    ]);
  });

  test.each(['a\r\nx-evil: 1', 'a\nb', 'a\u0000b', 'ё'])(
    'whose header would hold %j is rejected and nothing is sent',
    async (value) => {
      const server = await httpServer((_, response) => reply(response, 200));
      const answer = await send(
        { url: server.origin, headers: (row) => ({ 'x-name': String(row.name) }) },
        { name: value },
      );
      expect(answer).toMatchObject({ class: 'rejected', errorCode: 'unsendable_row' });
      expect(server.requests).toEqual([]);
    },
  );

  test.each(['.', '..'])(
    'whose address would have the segment %j is rejected and nothing is sent',
    async (to) => {
      const server = await httpServer((_, response) => reply(response, 200));
      const url = (row: Row) => `${server.origin}/users/${encodeURIComponent(String(row.to))}/send`;
      expect(await send({ url }, { to })).toMatchObject({ class: 'rejected', errorCode: 'unsendable_row' });
      expect(server.requests).toEqual([]);
    },
  );

  test('has the same idempotency key on every attempt, and another for another message, run or position', async () => {
    const server = await httpServer((_, response) => reply(response, 200));
    const options: HttpChannelOptions = {
      url: server.origin,
      idempotencyKey: 'Idempotency-Key',
      outcomes: OUTCOMES,
    };
    const attempts = [
      { run: 'run-1', message: message({}, 'm1') },
      { run: 'run-1', message: message({}, 'm1') },
      { run: 'run-1', message: message({}, 'm2') },
      { run: 'run-2', message: message({}, 'm1') },
      { run: 'run-1', message: { ...message({}, 'm1'), position: 8 } },
    ];
    for (const attempt of attempts) {
      const channel = httpChannel(options);
      await channel.open(testRun({ id: attempt.run }), 1);
      await channel.send(attempt.message);
      await channel.close();
    }
    const [first, again, ...others] = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(again).toBe(first);
    expect(new Set([first, ...others]).size).toBe(4);
  });
});

describe('an address', () => {
  test.each(['push.example', 'ftp://push.example', ''])('%j is refused before anything is sent', (url) => {
    expect(() => httpChannel({ url, outcomes: OUTCOMES })).toThrow('expected http://… or https://…');
  });
});

describe('a request without an answer', () => {
  /** A server that does this to every connection. */
  async function rawServer(act: (socket: import('node:net').Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      act(socket);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('because nobody listens is surely unsent', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await send({ url: `http://127.0.0.1:${port}` })).toMatchObject({
      class: 'retry',
      errorCode: 'ECONNREFUSED',
    });
  });

  test.each([
    ['is in doubt', undefined, 'in-doubt'],
    ['is repeated where the provider recognises repeats', 'Idempotency-Key', 'retry'],
  ])('because the connection broke after it left %s', async (_, idempotencyKey, expected) => {
    const url = await rawServer((socket) => socket.once('data', () => socket.destroy()));
    const options = idempotencyKey === undefined ? {} : { idempotencyKey };
    expect(await send({ url, ...options })).toMatchObject({ class: expected, httpStatus: null });
  });

  test('in time is aborted, in doubt, and frees its connection', async () => {
    let closed = 0;
    const url = await rawServer((socket) => socket.on('close', () => closed++).resume());
    expect(await send({ url, timeoutMs: 50 })).toMatchObject({ class: 'in-doubt', errorCode: 'timeout' });
    await expect.poll(() => closed).toBe(1);
  });
});
