import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { DirectReads } from '../../src/channels/direct-reads.js';

interface Pair {
  readonly socket: Socket;
  readonly peer: Socket;
}

/** Sockets that read directly, each with the other end of it. */
async function pairs(count: number): Promise<Pair[]> {
  const server = createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close());
  const made: Pair[] = [];
  while (made.length < count) {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const reads = new DirectReads();
    const socket = connect({ host: '127.0.0.1', port, onread: reads.onread });
    socket.once('connect', () => reads.attach(socket));
    const [peer] = await accepted;
    if (socket.connecting) await once(socket, 'connect');
    onTestFinished(() => [socket, peer].forEach((each) => void each.destroy()));
    made.push({ socket, peer });
  }
  return made;
}

async function pair(): Promise<Pair> {
  const [made] = await pairs(1);
  if (made === undefined) throw new Error('no pair');
  return made;
}

/** Reads all there is whenever the socket tells of something, as undici does. */
function reading(socket: Socket): { readonly pieces: Buffer[]; all(bytes: number): Promise<Buffer> } {
  const pieces: Buffer[] = [];
  socket.on('readable', () => {
    for (let piece = socket.read(); piece !== null; piece = socket.read()) pieces.push(piece);
  });
  const size = () => pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    pieces,
    async all(bytes) {
      while (size() < bytes) await once(socket, 'readable');
      return Buffer.concat(pieces);
    },
  };
}

test('what arrives is read in order, in pieces of their own, and never by way of the stream', async () => {
  const { socket, peer } = await pair();
  const { pieces, all } = reading(socket);
  peer.write('first');
  expect(String(await all(5))).toBe('first');
  peer.write('second');
  expect(String(await all(11))).toBe('firstsecond');
  expect(pieces.map(String)).toEqual(['first', 'second']);
  expect(socket.readableLength).toBe(0);
  expect(socket.bytesRead).toBe(11);
});

test('sockets that read in turns do not overwrite what another one has read', async () => {
  const made = await pairs(8);
  const readings = made.map(({ socket }) => reading(socket));
  for (let round = 0; round < 20; round++)
    made.forEach(({ peer }, index) => void peer.write(String.fromCharCode(97 + index).repeat(1_000)));
  await Promise.all(readings.map(({ all }) => all(20_000)));
  const read = readings.map(({ pieces }) => Buffer.concat(pieces));
  expect(read.map(String)).toEqual(made.map((_, index) => String.fromCharCode(97 + index).repeat(20_000)));
});

test('more than the buffer holds comes whole', async () => {
  const { socket, peer } = await pair();
  const { all } = reading(socket);
  const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
  peer.write(sent);
  expect((await all(sent.length)).equals(sent)).toBe(true);
});

test('what the listener leaves waits in the stream, in order, and holds the peer back', async () => {
  const { socket, peer } = await pair();
  let isWanted = false;
  const pieces: Buffer[] = [];
  socket.on('readable', () => {
    for (let piece = isWanted ? socket.read() : null; piece !== null; piece = socket.read())
      pieces.push(piece);
  });
  const sent = Buffer.from(Array.from({ length: 40_000_000 }, (_, index) => index % 251));
  const written = new Promise<void>((resolve) => peer.write(sent, () => resolve()));
  await expect.poll(() => socket.readableLength).toBeGreaterThanOrEqual(socket.readableHighWaterMark);
  const held = socket.readableLength;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(socket.readableLength).toBe(held);
  expect(held).toBeLessThan(sent.length / 10);
  isWanted = true;
  socket.emit('readable');
  await written;
  await expect.poll(() => pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(sent.length);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

test('what was put back is read before what arrives later', async () => {
  const { socket, peer } = await pair();
  const pieces: string[] = [];
  let isSecond = false;
  socket.on('readable', () => {
    if (isSecond)
      for (let piece = socket.read(); piece !== null; piece = socket.read()) pieces.push(String(piece));
    else if (socket.readableLength === 0) socket.unshift((socket.read() as Buffer).subarray(2));
  });
  peer.write('abcd');
  await expect.poll(() => socket.readableLength).toBe(2);
  isSecond = true;
  peer.write('ef');
  await expect.poll(() => pieces.join('')).toBe('cdef');
});

test('an end that comes with bytes is told of after them', async () => {
  const { socket, peer } = await pair();
  const { pieces } = reading(socket);
  peer.end('last');
  await once(socket, 'end');
  expect(pieces.map(String)).toEqual(['last']);
});

test('an end that comes before the bytes were taken is told of after them', async () => {
  const { socket, peer } = await pair();
  socket.on('readable', () => {});
  peer.end('last');
  await expect.poll(() => socket.readableLength).toBe(4);
  const ended = once(socket, 'end');
  expect(String(socket.read())).toBe('last');
  await ended;
});

test('a connection that is reset is told of as an error', async () => {
  const { socket, peer } = await pair();
  reading(socket);
  const failed = new Promise((resolve) => socket.once('error', resolve));
  peer.resetAndDestroy();
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
});
