import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { itemsOf, type Service, type ServiceItem, serviceAt } from './services.js';

/** What the provider did with one message: its receipt. */
interface Receipt {
  readonly id: string;
  readonly to: string;
  readonly key: string | null;
}

export interface PushProviderOptions {
  /** The bearer token it accepts. */
  readonly token: string;
  /** Recipients it refuses for good: with 410, in the answer to a batch by name. */
  readonly isGone?: (recipient: string) => boolean;
  /** Recipients for whose sake it refuses a whole request: with 400, one of many messages with 422. */
  readonly isPoison?: (recipient: string) => boolean;
  /** Every so many first attempts get a 429 with `Retry-After: 1`, or a 503. 0 for never. */
  readonly throttleEvery?: number;
  readonly failEvery?: number;
  /** Every so many first attempts are carried out, and the connection is cut instead of an answer. */
  readonly resetEvery?: number;
  /** Every so many requests are answered only after `slowMs`. */
  readonly slowEvery?: number;
  readonly slowMs?: number;
  /** Every so many messages of batches are called busy when they first come. */
  readonly busyEvery?: number;
}

interface Troubles {
  /** Requests that were carried out and whose connection was cut. */
  resets: number;
  /** Requests that were answered late. */
  slow: number;
  /** Messages of batches that were called busy. */
  busy: number;
}

export interface PushProvider {
  /** Base address: what the param `endpoint` takes. */
  readonly endpoint: string;
  /**
   * Messages accepted, one receipt each, by the idempotency key, those of batches by their id: a repeat of a request under
   * the same key makes no second one.
   */
  readonly receipts: ReadonlyMap<string, Receipt>;
  /** Ids of messages of batches that were carried out again, by a request under another key. */
  readonly carriedOutAgain: readonly string[];
  /** Requests answered, by status. */
  readonly answers: ReadonlyMap<number, number>;
  /** How often each trouble came about that no status tells of. */
  readonly troubles: Readonly<Troubles>;
  /** Most requests that were ever in the provider at once. */
  readonly mostInFlight: number;
  close(): Promise<void>;
}

/**
 * A push service on loopback for the sandbox and for tests, which also stands in for every other service that the
 * registry's operations send to: real HTTP, receipts by idempotency key, refusals that quote the recipient as real ones
 * do, throttling, outages and cut connections on a fixed pattern, so that two runs over one input meet the same answers.
 */
export async function startPushProvider(options: PushProviderOptions): Promise<PushProvider> {
  const provider = new Provider(options);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    provider.handle(request, response),
  );
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    receipts: provider.receipts,
    carriedOutAgain: provider.carriedOutAgain,
    answers: provider.answers,
    troubles: provider.troubles,
    get mostInFlight() {
      return provider.mostInFlight;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: object;
  /** Whether the connection is cut in its place. */
  readonly isCut?: boolean;
}

class Provider {
  readonly receipts = new Map<string, Receipt>();
  readonly carriedOutAgain: string[] = [];
  readonly answers = new Map<number, number>();
  readonly troubles: Troubles = { resets: 0, slow: 0, busy: 0 };
  mostInFlight = 0;
  #inFlight = 0;
  #requests = 0;
  #firstAttempts = 0;
  #items = 0;
  readonly #seen = new Set<string>();
  readonly #seenItems = new Set<string>();
  readonly #replies = new Map<string, Reply>();
  readonly #options: PushProviderOptions;

  constructor(options: PushProviderOptions) {
    this.#options = options;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { slowEvery = 0, slowMs = 0 } = this.#options;
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    const isSlow = isEvery(++this.#requests, slowEvery);
    if (isSlow) this.troubles.slow++;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('close', () => {
      this.#inFlight--;
    });
    request.on('end', () => {
      const reply = this.#answer(request, Buffer.concat(chunks).toString('utf8'));
      if (isSlow) setTimeout(() => this.#send(response, reply), slowMs);
      else this.#send(response, reply);
    });
  }

  #send(response: ServerResponse, { status, headers, body, isCut = false }: Reply): void {
    if (isCut) {
      this.troubles.resets++;
      return void response.destroy();
    }
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    response
      .writeHead(status, { ...(body && { 'content-type': 'application/json' }), ...headers })
      .end(body && JSON.stringify(body));
  }

  #answer(request: IncomingMessage, text: string): Reply {
    if (request.headers.authorization !== `Bearer ${this.#options.token}`)
      return refusal(401, 'bad_token', 'bad token');
    const service = request.method === 'POST' ? serviceAt(request.url ?? '') : undefined;
    if (service === undefined) return refusal(404, 'no_such_resource', 'no such resource');
    const items = itemsOf(service, text);
    if (items === undefined) return refusal(400, 'invalid', `expected ${service.texts.join(', ')}`);
    const key = headerText(request.headers['idempotency-key']);
    const trouble = key === null ? undefined : this.#trouble(key);
    if (trouble !== undefined && trouble.isCut !== true) return trouble;
    const poison = items.find(({ to }) => this.#options.isPoison?.(to));
    if (poison !== undefined)
      return refusal(service.list === undefined ? 400 : 422, 'invalid', `${poison.to} is no recipient`);
    const reply = (key === null ? undefined : this.#replies.get(key)) ?? this.#carryOut(service, items, key);
    if (key !== null) this.#replies.set(key, reply);
    return trouble ?? reply;
  }

  /** Throttles, fails or cuts off some first attempts; a repeat of the same key goes through. */
  #trouble(key: string): Reply | undefined {
    const { throttleEvery = 0, failEvery = 0, resetEvery = 0 } = this.#options;
    if (throttleEvery + failEvery + resetEvery === 0 || this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    this.#firstAttempts++;
    if (isEvery(this.#firstAttempts, throttleEvery))
      return { ...refusal(429, 'too_many', 'slow down'), headers: { 'retry-after': '1' } };
    if (isEvery(this.#firstAttempts, failEvery)) return refusal(503, 'down', 'try again');
    return isEvery(this.#firstAttempts, resetEvery) ? { status: 0, isCut: true } : undefined;
  }

  #carryOut(
    { status, results }: Service,
    items: readonly [ServiceItem, ...ServiceItem[]],
    key: string | null,
  ): Reply {
    const [first] = items;
    if (first.id === null) {
      if (this.#options.isGone?.(first.to) === true)
        return refusal(410, 'gone', `the device of ${first.to} is gone`);
      return { status, body: { id: this.#receipt(first, key).id } };
    }
    const outcomes = items.map((item) => ({ id: item.id, ...this.#outcome(item, results) }));
    return results === undefined ? { status } : { status, body: { [results.list]: outcomes.reverse() } };
  }

  /** What becomes of one message of a batch. */
  #outcome(item: ServiceItem, results: Service['results']): { status?: string; message?: string } {
    if (results === undefined) {
      this.#receipt(item, null);
      return {};
    }
    if (!this.#seenItems.has(String(item.id))) {
      this.#seenItems.add(String(item.id));
      if (isEvery(++this.#items, this.#options.busyEvery ?? 0)) {
        this.troubles.busy++;
        return { status: 'busy' };
      }
    }
    if (this.#options.isGone?.(item.to) === true)
      return { status: results.refused, message: `not for ${item.to}` };
    this.#receipt(item, null);
    return { status: results.taken };
  }

  #receipt({ id, to }: ServiceItem, key: string | null): Receipt {
    const receipt = { id: id ?? `push-${this.receipts.size + 1}`, to, key };
    if (id !== null && this.receipts.has(id)) this.carriedOutAgain.push(id);
    this.receipts.set(key ?? receipt.id, receipt);
    return receipt;
  }
}

function refusal(status: number, code: string, message: string): Reply {
  return { status, body: { error: { code, message } } };
}

function isEvery(count: number, every: number): boolean {
  return every > 0 && count % every === 0;
}

function headerText(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
