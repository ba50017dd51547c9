import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openYtClient } from '../../src/yt/client.js';

interface Seen {
  readonly command: string;
  readonly parameters: Record<string, unknown>;
  readonly authorization: string | undefined;
}

/** A proxy that misbehaves by a script: the n-th answer is the n-th function; the last one repeats. */
async function faulty(...answers: ((response: ServerResponse, request: IncomingMessage) => void)[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      if (request.url === '/hosts') return response.end('[]');
      const text =
        (request.headers['x-yt-parameters'] as string | undefined) ?? Buffer.concat(pieces).toString();
      const answer = answers[Math.min(seen.length, answers.length - 1)];
      seen.push({
        command: request.url ?? '',
        parameters: JSON.parse(text),
        authorization: request.headers.authorization,
      });
      return answer?.(response, request);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const proxy = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = openYtClient({
    proxy,
    token: 's3cret',
    retry: { firstDelayMs: 1, maxDelayMs: 2, totalMs: 5_000 },
  });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, seen };
}

const json = (value: unknown) => (response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
const fault =
  (status: number, code: number, message = 'said so') =>
  (response: ServerResponse) => {
    const error = {
      code: 1,
      message: 'Outer',
      attributes: {},
      inner_errors: [{ code, message, attributes: {} }],
    };
    response.writeHead(status, { 'x-yt-error': JSON.stringify(error) }).end(JSON.stringify(error));
  };

async function linesOf(rows: AsyncIterable<Buffer>): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of rows) pieces.push(piece.toString());
  return pieces.join('');
}

describe('a light command', () => {
  test('is repeated while the proxy is busy, under one mutation id', async () => {
    const { client, seen } = await faulty(fault(503, 2100), fault(400, 105), json({ node_id: '1-2-3-4' }));
    expect(await client.create('table', '//home/t')).toBe('1-2-3-4');
    const [first, ...repeats] = seen.map(({ parameters }) => parameters);
    expect(first?.retry).toBe(false);
    expect(repeats.map(({ mutation_id, retry }) => [mutation_id, retry])).toEqual([
      [first?.mutation_id, true],
      [first?.mutation_id, true],
    ]);
  });

  test.each([
    ['a missing path', 500, 'configuration'],
    ['a refused right', 901, 'credentials'],
    ['a lock of somebody else', 402, 'temporary'],
  ])('is not repeated for %s, found however deep in the error', async (_, code, expected) => {
    const { client, seen } = await faulty(fault(400, code));
    await expect(client.get('//home/t')).rejects.toMatchObject({ code: expected });
    expect(seen).toHaveLength(1);
  });

  test('that is refused never tells the token', async () => {
    const { client } = await faulty(fault(401, 111, 'token s3cret is bad'));
    const error = await client.get('//home/t').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'credentials' });
    expect(`${error}${JSON.stringify(error)}`).not.toContain('s3cret');
  });
});

describe('a read', () => {
  const head = { 'x-yt-response-parameters': '{"start_row_index":0}', 'content-type': 'application/json' };

  test('that breaks off goes on at the next whole row', async () => {
    const { client, seen } = await faulty(
      (response) => {
        response.writeHead(200, head).write('{"i":0}\n{"i":1}\n{"i"', () => response.destroy());
      },
      (response) => void response.writeHead(200, head).end('{"i":2}\n'),
    );
    expect(await linesOf(await client.readTable('//home/t'))).toBe('{"i":0}\n{"i":1}\n{"i":2}\n');
    expect(seen[1]?.parameters.path).toMatchObject({
      $attributes: { ranges: [{ lower_limit: { row_index: 2 } }] },
    });
  });

  test('whose trailers hold an error is no good', async () => {
    const error = JSON.stringify({ code: 716, message: 'chunk gone', attributes: {} });
    const { client } = await faulty(
      (response) => {
        response.writeHead(200, { ...head, trailer: 'X-YT-Error' });
        response.addTrailers({ 'X-YT-Error': error });
        response.end('{"i":0}\n');
      },
      fault(400, 500),
    );
    await expect(client.readTable('//home/t').then(linesOf)).rejects.toMatchObject({ code: 'configuration' });
  });
});
