import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectorOf } from '../../src/channels/connector.js';

function connected(connector: ReturnType<typeof connectorOf>, port: number, hostname: string) {
  return new Promise<Socket>((resolve, reject) =>
    connector({ hostname, protocol: 'http:', port: String(port) }, (error, socket) =>
      error === null ? resolve(socket) : reject(error),
    ),
  );
}

// By a name of several addresses Node tries one socket handle after the other.
test.each(['127.0.0.1', 'localhost'])(
  'a socket to %s reads directly and joins its writes',
  async (hostname) => {
    const server = createServer((peer) => {
      peer.on('error', () => {});
      peer.on('data', (bytes) => peer.write(bytes));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = await connected(
      connectorOf(buildConnector, 1_000),
      (server.address() as AddressInfo).port,
      hostname,
    );
    onTestFinished(() => {
      socket.destroy();
      server.close();
    });
    const pieces: Buffer[] = [];
    const waiting: number[] = [];
    socket.on('readable', () => {
      waiting.push(socket.readableLength);
      for (let piece = socket.read(); piece !== null; piece = socket.read()) pieces.push(piece);
    });
    const write = vi.spyOn(socket, '_write');
    socket.cork();
    socket.write('head ', 'latin1');
    socket.write(Buffer.from('body'));
    socket.uncork();
    await expect.poll(() => String(Buffer.concat(pieces))).toBe('head body');
    expect(waiting[0]).toBe(0);
    expect(write.mock.calls.map(([text]) => text)).toEqual(['head body']);
  },
);

test('a connection that is refused is told of', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await expect(connected(connectorOf(buildConnector, 1_000), port, '127.0.0.1')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

test('a socket with TLS is left alone', () => {
  const socket = new TLSSocket(connect({ port: 1, host: '127.0.0.1' }).on('error', () => {}));
  onTestFinished(() => void socket.destroy());
  const { _writev, read } = socket;
  const built: (object | undefined)[] = [];
  const connector = connectorOf((options) => {
    built.push(options);
    return (_, callback) => callback(null, socket);
  }, 1_000);
  let given: Socket | null = null;
  connector({ hostname: 'a', protocol: 'https:', port: '443' }, (_, made) => {
    given = made;
  });
  expect(given).toBe(socket);
  expect(built).toEqual([{ timeout: 1_000 }]);
  expect([socket._writev, socket.read]).toEqual([_writev, read]);
});
