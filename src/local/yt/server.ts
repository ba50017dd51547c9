import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type Clock, systemClock } from '../../clock.js';
import { RtnError } from '../../error.js';
import { bare, type YsonValue } from '../../yson/value.js';
import type { Call, Result, Streamed } from './call.js';
import { Cluster } from './cluster.js';
import { type Command, commandList, commandNamed } from './commands.js';
import { lockDirectory } from './directory-lock.js';
import { fault, wireError, YT_CODE } from './fault.js';
import { mimeOf, writeValue } from './format.js';
import { MutationCache } from './mutation-cache.js';
import { readRequest, type YtRequest } from './request.js';
import { isOn } from './schema.js';
import { View } from './view.js';

export interface LocalYtOptions {
  /** Holds the tree and the chunk files; survives a stop. */
  readonly directory: string;
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Asked of every command when given. */
  readonly token?: string;
  readonly clock?: Clock;
}

export interface LocalYt {
  /** For `YT_PROXY`: host and port. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts a server of the YTsaurus HTTP API over one directory. Throws `temporary` when another process has it. */
export async function startLocalYt(options: LocalYtOptions): Promise<LocalYt> {
  const { directory, host = '127.0.0.1', port = 0, token, clock = systemClock } = options;
  const unlock = lockDirectory(directory);
  const cluster = new Cluster(directory, clock);
  const proxy = new ProxyServer(cluster, token);
  const server = createServer(
    { maxHeaderSize: 1 << 20, keepAliveTimeout: 60_000 },
    (request, response) => void proxy.handle(request, response),
  );
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = `${host}:${(server.address() as AddressInfo).port}`;
  proxy.address = address;
  return {
    address,
    async close() {
      await closeServer(server);
      await cluster.close();
      unlock();
    },
  };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The HTTP side: pages, commands, errors. */
class ProxyServer {
  address = '';
  readonly #cluster: Cluster;
  readonly #token: string | undefined;
  readonly #mutations: MutationCache;

  constructor(cluster: Cluster, token: string | undefined) {
    this.#cluster = cluster;
    this.#token = token;
    this.#mutations = new MutationCache(cluster.clock);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-yt-request-id', randomBytes(8).toString('hex'));
    response.setHeader('x-yt-proxy', this.address);
    response.setHeader('cache-control', 'no-store');
    try {
      this.#refuseBrowsers(request);
      const path = new URL(request.url ?? '/', 'http://local').pathname.toLowerCase().replace(/(.)\/$/, '$1');
      const page = this.#page(path);
      if (page !== undefined) return void end(response, 200, page);
      const name = /^\/api\/v[34]\/([a-z_]+)$/.exec(path)?.[1];
      const command = name === undefined ? undefined : commandNamed(name);
      if (command === undefined)
        throw fault(YT_CODE.generic, `Unknown command or page ${path}`, { status: 404 });
      this.#authenticate(request);
      await this.#run(command, path.startsWith('/api/v3'), request, response);
    } catch (thrown) {
      fail(response, thrown);
    } finally {
      if (!request.complete) request.resume();
    }
  }

  #page(path: string): unknown {
    if (path === '/api') return ['v3', 'v4'];
    if (path === '/api/v3' || path === '/api/v4') return commandList();
    if (path === '/hosts') return [this.address];
    if (path === '/ping') return '';
    if (path === '/version') return 'local';
    return path === '/auth/whoami' ? { login: 'root', realm: 'local', csrf_token: '' } : undefined;
  }

  async #run(
    command: Command,
    isV3: boolean,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const request = await readRequest(message, command);
    const execute = async () => command.run(this.#call(request));
    const isOnce = command.isVolatile && !command.isHeavy;
    const result = isOnce ? await this.#mutations.once(request, execute) : await execute();
    if (result !== undefined && 'body' in result) return stream(response, result, request);
    const value = shape(result, request, isV3);
    response.setHeader('x-yt-response-parameters', '{}');
    if (value === undefined) return void response.writeHead(200).end();
    response
      .writeHead(200, { 'content-type': mimeOf(request.outputFormat) })
      .end(writeValue(value, request.outputFormat));
  }

  #call({ parameters, ...rest }: YtRequest): Call {
    const { transactions, trunk } = this.#cluster;
    const prerequisites = bare(parameters.get('prerequisite_transaction_ids') ?? null);
    for (const id of Array.isArray(prerequisites) ? prerequisites : []) {
      if (transactions.find(String(bare(id))) === undefined)
        throw fault(YT_CODE.prerequisite, `Prerequisite check failed: transaction ${String(id)} is missing`);
    }
    const id = bare(parameters.get('transaction_id') ?? null);
    const transaction = transactions.get(typeof id === 'string' ? id : undefined);
    return { ...rest, parameters, cluster: this.#cluster, view: new View(trunk, transaction) };
  }

  /** Without a token a page in a browser could reach this server: only a request to loopback that no page sent passes. */
  #refuseBrowsers({ headers }: IncomingMessage): void {
    if (this.#token !== undefined) return;
    const host = headers.host ?? '';
    const isLocal = host === this.address || /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
    if (!isLocal || headers.origin !== undefined)
      throw fault(YT_CODE.generic, 'Requests of web pages are refused', { status: 403 });
  }

  #authenticate({ headers }: IncomingMessage): void {
    if (this.#token === undefined || headers.authorization === `OAuth ${this.#token}`) return;
    throw fault(YT_CODE.invalidCredentials, 'Invalid credentials', { status: 401 });
  }
}

/** v4 wraps a result under its name, unless only the value is asked for; v3 gives it bare. */
function shape(
  result: Result | undefined,
  { parameters }: Pick<Call, 'parameters'>,
  isV3: boolean,
): YsonValue | undefined {
  if (result === undefined) return isV3 ? undefined : new Map();
  const isBare =
    isV3 || result.name === undefined || isOn(bare(parameters.get('return_only_value') ?? null), false);
  return isBare ? result.value : new Map([[result.name ?? '', result.value]]);
}

/** Streams rows; an error on the way comes as trailers, since the status has gone. */
async function stream(
  response: ServerResponse,
  { head, body }: Streamed,
  { headerFormat, outputFormat }: YtRequest,
): Promise<void> {
  response.writeHead(200, {
    'content-type': mimeOf(outputFormat),
    'x-yt-response-parameters': writeValue(head, headerFormat).toString('latin1'),
    trailer: 'X-YT-Error, X-YT-Response-Code, X-YT-Response-Message',
  });
  async function* guarded(): AsyncGenerator<Buffer> {
    try {
      yield* body;
    } catch (thrown) {
      response.addTrailers(errorHeaders(wireError(thrown)));
    }
  }
  await pipeline(guarded, response).catch(() => response.destroy());
}

function fail(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy();
  const error = wireError(thrown);
  const { status = 400 } =
    thrown instanceof RtnError ? ((thrown.details.attributes ?? {}) as { status?: number }) : { status: 500 };
  response
    .writeHead(status, { 'content-type': 'application/json', ...errorHeaders(error) })
    .end(JSON.stringify(error));
}

function errorHeaders(error: ReturnType<typeof wireError>): Record<string, string> {
  const ascii = (text: string) =>
    text.replace(/[^\u0020-\u007e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return {
    'x-yt-error': ascii(JSON.stringify(error)),
    'x-yt-response-code': String(error.code),
    'x-yt-response-message': ascii(error.message),
  };
}

function end(response: ServerResponse, status: number, page: unknown): void {
  const isText = typeof page === 'string';
  response
    .writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
    .end(isText ? page : JSON.stringify(page));
}
