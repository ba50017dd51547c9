import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { joinWrites } from '../../src/channels/joined-writes.js';

/** A socket that joins its writes, with the other end of it. */
async function pair(): Promise<{ socket: Socket; peer: Socket; received(bytes: number): Promise<Buffer> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect(port, '127.0.0.1');
  joinWrites(socket);
  await once(socket, 'connect');
  const [peer] = await accepted;
  onTestFinished(() => {
    for (const each of [socket, peer, server]) 'destroy' in each ? each.destroy() : each.close();
  });
  const chunks: Buffer[] = [];
  peer.on('data', (chunk) => chunks.push(chunk));
  const received = async (bytes: number) => {
    const all = () => Buffer.concat(chunks);
    while (all().length < bytes) await once(peer, 'data');
    return all();
  };
  return { socket, peer, received };
}

/** As undici writes a request. */
function writeRequest(socket: Socket, head: string, body: Buffer): void {
  socket.cork();
  socket.write(head, 'latin1');
  socket.write(body);
  socket.uncork();
}

const HEAD = 'POST / HTTP/1.1\r\nx: é\r\n\r\n';

test('short requests go out as one piece each, byte for byte and in order', async () => {
  const { socket, received } = await pair();
  const write = vi.spyOn(socket, '_write');
  const bodies = Array.from({ length: 20 }, (_, index) => Buffer.from(`{"text":"${index} żółw 🐢"}`));
  for (const body of bodies) writeRequest(socket, HEAD, body);
  const expected = Buffer.concat(bodies.flatMap((body) => [Buffer.from(HEAD, 'latin1'), body]));
  expect(await received(expected.length)).toEqual(expected);
  // The first is under way when the others are written, which then go together.
  expect(write.mock.calls.length).toBeLessThanOrEqual(bodies.length);
  expect(write.mock.calls[0]?.[0]).toHaveLength(HEAD.length + (bodies[0]?.length ?? 0));
});

test.each([
  ['a long body', HEAD, Buffer.alloc(1_000_000, 'é')],
  ['a head that is no Latin-1', 'żółw', Buffer.from('x')],
])('%s goes out as it is', async (_, head, body) => {
  const { socket, received } = await pair();
  const write = vi.spyOn(socket, '_write');
  socket.cork();
  socket.write(head, head === HEAD ? 'latin1' : 'utf8');
  socket.write(body);
  socket.uncork();
  const expected = Buffer.concat([Buffer.from(head, head === HEAD ? 'latin1' : 'utf8'), body]);
  expect((await received(expected.length)).equals(expected)).toBe(true);
  expect(write).not.toHaveBeenCalled();
});

test('a peer that does not read holds the writer back, and it goes on once it reads', async () => {
  const { socket, peer, received } = await pair();
  peer.pause();
  const body = Buffer.alloc(10_000, 'a');
  let written = 0;
  while (!socket.writableNeedDrain) {
    writeRequest(socket, HEAD, body);
    written += HEAD.length + body.length;
  }
  const drained = once(socket, 'drain');
  peer.resume();
  await drained;
  expect(await received(written)).toHaveLength(written);
});

test('a write that fails is told to whoever wrote, and ends the socket', async () => {
  const { socket } = await pair();
  const closed = once(socket, 'close').catch((error: unknown) => error);
  socket.on('error', () => {});
  const told: unknown[] = [];
  socket.cork();
  socket.write(HEAD, 'latin1', (error) => told.push(error));
  socket.write(Buffer.from('{}'), (error) => told.push(error));
  socket._write = (_chunk, _encoding, callback) => callback(new Error('broken pipe'));
  socket.uncork();
  await closed;
  expect(told).toEqual([new Error('broken pipe'), new Error('broken pipe')]);
});
