import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { RtnError } from '../error.js';
import { fromNetwork, fromStatus, fromYtError, type Place, type YtError } from './failure.js';
import { asciiJson, HEADER_FORMAT, TEXT_JSON } from './parameters.js';

/** One HTTP exchange of a command. */
export interface Exchange {
  readonly command: string;
  readonly verb: 'GET' | 'POST' | 'PUT';
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Data of a PUT. */
  readonly body?: string | AsyncIterable<Buffer>;
  /** How long the server may stay silent, in milliseconds. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose head is good. `failure` is to be asked once the body has ended: errors also come as trailers. */
export interface Answer {
  readonly body: Dispatcher.ResponseData['body'];
  /** X-YT-Response-Parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly place: Place;
  failure(): RtnError | undefined;
}

const REDIRECTS = 3;
/** An X-YT-Error can be long; Node's own limit is 16 KiB. */
const MAX_HEADER_BYTES = 1 << 20;

/** Sends commands to hosts over pooled connections. Knows no retries. Owner of the token: it is in no error that leaves here. */
export class Transport {
  readonly #agent: Agent;
  readonly #token: string | undefined;

  constructor(token: string | undefined) {
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
      throw new RtnError('usage', 'YT_TOKEN has spaces or characters outside ASCII', {
        next: 'set YT_TOKEN to the bare token',
      });
    }
    this.#token = token;
    this.#agent = new Agent({
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: { timeout: 5_000 },
      connections: 64,
      keepAliveTimeout: 4_000,
    });
  }

  /**
   * Runs the command at `origin`, following redirects. The token goes along only to origins that `isTrusted`.
   * Throws an RtnError for a bad head, with the body consumed.
   */
  async send(
    exchange: Exchange,
    origin: string,
    isTrusted: (origin: string) => Promise<boolean>,
  ): Promise<Answer> {
    let url = new URL(`/api/v4/${exchange.command}`, origin);
    for (let hop = 0; ; hop++) {
      const place = { command: exchange.command, path: pathOf(exchange.parameters), origin: url.origin };
      const response = await this.#request(url, exchange, await isTrusted(url.origin), place);
      const location = response.statusCode === 307 ? one(response.headers.location) : undefined;
      if (location === undefined) return await this.#answer(response, place);
      await response.body.dump();
      if (hop === REDIRECTS || typeof exchange.body === 'object') {
        throw new RtnError(
          'unavailable',
          `YT ${exchange.command} at ${url.origin} was redirected to ${new URL(location, url).origin}`,
          {
            details: place,
            next: 'allow heavy proxies (unset YT_USE_HOSTS), or set YT_PROXY to a data proxy',
          },
        );
      }
      url = new URL(location, url);
    }
  }

  /** GET of a service page such as `/hosts`, as JSON. Sent without the token: these pages are open. */
  async page(origin: string, path: string): Promise<unknown> {
    const place = { command: path, origin };
    try {
      const response = await request(new URL(path, origin), {
        dispatcher: this.#agent,
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
      });
      const text = await response.body.text();
      if (response.statusCode !== 200) throw fromStatus(response.statusCode, text, place);
      return JSON.parse(text);
    } catch (thrown) {
      throw fromNetwork(thrown, place);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #request(
    url: URL,
    exchange: Exchange,
    isTrusted: boolean,
    place: Place,
  ): Promise<Dispatcher.ResponseData> {
    const parameters = asciiJson(exchange.parameters);
    const headers: Record<string, string> = {
      'x-yt-header-format': HEADER_FORMAT,
      'accept-encoding': 'identity',
    };
    if (isTrusted && this.#token !== undefined) headers.authorization = `OAuth ${this.#token}`;
    if (exchange.verb !== 'PUT') headers['x-yt-input-format'] = asciiJson(TEXT_JSON);
    if (exchange.verb !== 'POST') headers['x-yt-parameters'] = parameters;
    const body = exchange.verb === 'POST' ? parameters : exchange.body;
    try {
      return await request(url, {
        method: exchange.verb,
        headers,
        body: typeof body === 'object' ? Readable.from(body, { objectMode: false }) : (body ?? null),
        dispatcher: this.#agent,
        headersTimeout: exchange.silenceMs,
        bodyTimeout: exchange.silenceMs,
        signal: exchange.signal ?? null,
      });
    } catch (thrown) {
      throw exchange.signal?.aborted ? aborted(place, exchange.signal) : fromNetwork(thrown, place);
    }
  }

  async #answer(response: Dispatcher.ResponseData, place: Place): Promise<Answer> {
    const failure = (): RtnError | undefined => {
      const text = one(response.headers['x-yt-error']) ?? response.trailers['x-yt-error'];
      return text === undefined ? undefined : this.#clean(fromYtError(parse(text) as YtError, place));
    };
    if (
      response.statusCode >= 200 &&
      response.statusCode < 300 &&
      response.headers['x-yt-error'] === undefined
    ) {
      const parameters = parse(one(response.headers['x-yt-response-parameters']) ?? '{}') as Record<
        string,
        unknown
      >;
      return { body: response.body, parameters, place, failure };
    }
    const text = await response.body.text().catch(() => '');
    const error = failure();
    // A 5xx is trouble of the proxy itself, whatever code it names, unless that code says more.
    const isProxyTrouble = response.statusCode >= 500 && error?.code === 'configuration';
    throw this.#clean(
      withRetryAfter(
        error === undefined || isProxyTrouble ? fromStatus(response.statusCode, text, place) : error,
        response,
      ),
    );
  }

  #clean(error: RtnError): RtnError {
    if (this.#token === undefined || !error.message.includes(this.#token)) return error;
    return new RtnError(error.code, error.message.replaceAll(this.#token, '***'), {
      ...error,
      ...(error.next === undefined ? {} : { next: error.next }),
    } as object);
  }
}

/** What an aborted call throws: its reason when that is one of our errors, else `temporary`. */
export function aborted(place: Place, signal: AbortSignal): RtnError {
  if (signal.reason instanceof RtnError) return signal.reason;
  return new RtnError('temporary', `YT ${place.command} at ${place.origin} was aborted`, {
    details: { ...place },
    cause: signal.reason,
  });
}

function withRetryAfter(error: RtnError, response: Dispatcher.ResponseData): RtnError {
  const seconds = Number(one(response.headers['retry-after']));
  if (!(seconds > 0)) return error;
  const { code, message, isRetriable, next } = error;
  return new RtnError(code, message, {
    isRetriable,
    details: { ...error.details, retryAfterMs: seconds * 1_000 },
    ...(next === undefined ? {} : { next }),
  });
}

function pathOf(parameters: Readonly<Record<string, unknown>>): string | undefined {
  const path = parameters.path;
  if (typeof path === 'string') return path;
  return typeof path === 'object' && path !== null && '$value' in path ? String(path.$value) : undefined;
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { code: 1, message: text.slice(0, 500) };
  }
}
