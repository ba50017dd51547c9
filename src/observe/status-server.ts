import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { foreignCode, oneLine, RtnError } from '../error.js';
import type { Metrics } from './metrics.js';

/** Where a run can be looked at: loopback unless a host is named. Port 0 is any that is free. */
export interface StatusAddress {
  readonly host: string;
  readonly port: number;
}

/** What it says under /readyz: only `ready` is a success. */
export type Readiness = 'opening' | 'ready' | 'draining';

export interface StatusServer {
  readonly origin: string;
  close(): Promise<void>;
}

interface StatusOptions {
  readiness(): Readiness;
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
}

/** Most connections at once: those who look are few. */
const MAX_CONNECTIONS = 64;

/**
 * Serves `/healthz` (the event loop turns), `/readyz` (everything is open and nothing ends) and `/metrics`. Throws
 * `configuration` where the port cannot be had.
 */
export async function startStatusServer(
  { host, port }: StatusAddress,
  { readiness, metrics }: StatusOptions,
): Promise<StatusServer> {
  const server = createServer({ requestTimeout: 10_000, keepAliveTimeout: 5_000 }, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET\n');
    else if (path === '/healthz') answer(response, 200, 'ok\n');
    else if (path === '/readyz') answer(response, readiness() === 'ready' ? 200 : 503, `${readiness()}\n`);
    else if (path === '/metrics') void answerMetrics(response, metrics);
    else answer(response, 404, 'there are /healthz, /readyz and /metrics\n');
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(portError(host, port, cause)));
    server.listen(port, host, resolve);
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    origin: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerMetrics(
  response: ServerResponse,
  { contentType, text }: StatusOptions['metrics'],
): Promise<void> {
  try {
    answer(response, 200, await text(), contentType);
  } catch (thrown) {
    answer(response, 500, `${thrown instanceof Error ? oneLine(thrown.message) : 'failed'}\n`);
  }
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}

function portError(host: string, port: number, cause: Error): RtnError {
  const message = `--health-port: nothing can listen on ${oneLine(host)}:${port}: ${foreignCode(cause) ?? cause.message}`;
  return new RtnError('configuration', message, {
    cause,
    next: 'give another port, or 0 for any that is free',
  });
}
