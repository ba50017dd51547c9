import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A proxy on loopback that can do harm to the connections through it. */
export interface TcpProxy {
  readonly port: number;
  /** Where new connections go from now on. */
  target: number;
  /** From now on connections are accepted, and what comes on any of them is swallowed: neither passed on nor closed. */
  swallow(): void;
  /** New connections are passed on again; those that were swallowed stay as they are. */
  heal(): void;
  /** Cuts all connections. */
  cut(): void;
  /** Lets the next bytes with this text through, and cuts the connection in place of the answer. */
  cutAnswerTo(text: string): void;
  /** Swallows the connection on which this text comes next, from that text on. */
  swallowFrom(text: string): void;
  /** Resolves once a client has given up on so many connections that were swallowed. */
  givenUp(count?: number): Promise<void>;
}

/** Gone with the test. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const swallowed = new Set<Socket>();
  let isSwallowing = false;
  let pattern: string | undefined;
  let stallAt: string | undefined;
  let givenUp = 0;
  let noteGivenUp = () => {};
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(proxy.target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    if (isSwallowing) swallowed.add(client);
    for (const socket of pair) socket.on('error', () => {});
    client.on('data', (chunk) => {
      if (stallAt !== undefined && chunk.includes(stallAt)) {
        stallAt = undefined;
        swallowed.add(client);
      }
      if (swallowed.has(client)) return;
      upstream.write(chunk);
      if (pattern === undefined || !chunk.includes(pattern)) return;
      pattern = undefined;
      upstream.once('data', () => end(pair));
    });
    upstream.on('data', (chunk) => swallowed.has(client) || client.destroyed || client.write(chunk));
    client.on('end', () => (swallowed.has(client) ? noteGivenUp() : end(pair)));
    client.on('close', () => {
      if (swallowed.delete(client)) noteGivenUp();
      end(pair);
    });
    upstream.on('close', () => swallowed.has(client) || end(pair));
  });
  const end = (pair: readonly [Socket, Socket]) => {
    pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    swallow() {
      isSwallowing = true;
      for (const [client] of pairs) swallowed.add(client);
    },
    heal() {
      isSwallowing = false;
    },
    cut() {
      for (const pair of [...pairs]) end(pair);
    },
    cutAnswerTo(text) {
      pattern = text;
    },
    swallowFrom(text) {
      stallAt = text;
    },
    givenUp: (count = 1) =>
      new Promise((resolve) => {
        noteGivenUp = () => {
          if (++givenUp >= count) resolve();
        };
      }),
  };
  onTestFinished(() => {
    proxy.cut();
    server.close();
  });
  return proxy;
}
