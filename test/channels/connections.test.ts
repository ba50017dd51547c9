import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { httpChannel } from '../../src/channels/http.js';
import type { Answer } from '../../src/pipeline/contract.js';
import { testRun } from '../setup/run.js';

/** A provider on bare sockets: answers every request 200 and then treats the connection as it is told. */
async function provider(headers: string, closes: boolean) {
  const seen = { requests: 0, connections: 0 };
  const server = createServer((socket) => {
    seen.connections++;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      seen.requests += String(bytes).split('POST ').length - 1;
      socket.write(`HTTP/1.1 200 OK\r\n${headers}content-length: 2\r\n\r\n{}`);
      if (closes) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { seen, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Sends so many messages, each as soon as the one before is answered, and gives their answers. */
async function oneAfterTheOther(origin: string, count: number): Promise<Answer[]> {
  const channel = httpChannel({ url: origin, body: { a: 1 }, outcomes: { sent: [200] } });
  await channel.open(testRun(), 1);
  const answers: Answer[] = [];
  await new Promise<void>((resolve) => {
    const next = () =>
      channel.attempt?.({ id: 'm', position: 0, recipient: null, row: {} }, (answer) => {
        if (answers.push(answer) === count) resolve();
        else next();
      });
    next();
  });
  await channel.close();
  return answers;
}

// Without an idempotency key: a request that met a closing connection half way would be in doubt.
test.each([
  ['stays open', '', false, 1],
  ['is closed without a word', '', true, 50],
  ['is closed as announced', 'connection: close\r\n', true, 50],
  ['is closed by us, as the provider asks', 'connection: close\r\n', false, 50],
])('a connection that %s after its answer costs no message', async (_, headers, closes, connections) => {
  const { seen, origin } = await provider(headers, closes);
  const answers = await oneAfterTheOther(origin, 50);
  expect(answers.map((answer) => answer.class)).toEqual(new Array(50).fill('sent'));
  expect(seen).toEqual({ requests: 50, connections });
});
