import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the provider did with one message: its receipt. */
interface Receipt {
  readonly id: string;
  readonly to: string;
  readonly key: string | null;
}

export interface PushProviderOptions {
  /** The bearer token it accepts. */
  readonly token: string;
  /** Recipients it refuses for good, with 410. */
  readonly isGone?: (recipient: string) => boolean;
  /** Every so many first attempts get a 429 with `Retry-After: 1`, or a 503. 0 for never. */
  readonly throttleEvery?: number;
  readonly failEvery?: number;
}

export interface PushProvider {
  /** Base address: what the param `endpoint` takes. */
  readonly endpoint: string;
  /** Messages accepted, one receipt each: a repeat under the same idempotency key makes no second one. */
  readonly receipts: ReadonlyMap<string, Receipt>;
  /** Requests answered, by status. */
  readonly answers: ReadonlyMap<number, number>;
  /** Most requests that were ever in the provider at once. */
  readonly mostInFlight: number;
  close(): Promise<void>;
}

/**
 * A push service on loopback for the sandbox and for tests: real HTTP, receipts by idempotency key, refusals,
 * throttling and outages on a fixed pattern, so that two runs over one input meet the same answers.
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
    answers: provider.answers,
    get mostInFlight() {
      return provider.mostInFlight;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

class Provider {
  readonly receipts = new Map<string, Receipt>();
  readonly answers = new Map<number, number>();
  mostInFlight = 0;
  #inFlight = 0;
  #firstAttempts = 0;
  readonly #seen = new Set<string>();
  readonly #options: PushProviderOptions;

  constructor(options: PushProviderOptions) {
    this.#options = options;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('close', () => {
      this.#inFlight--;
    });
    request.on('end', () => {
      const { status, headers, body } = this.#answer(request, Buffer.concat(chunks).toString('utf8'));
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body));
    });
  }

  #answer(
    request: IncomingMessage,
    text: string,
  ): { status: number; headers?: Record<string, string>; body: object } {
    if (request.headers.authorization !== `Bearer ${this.#options.token}`)
      return { status: 401, body: { error: 'bad token' } };
    if (request.method !== 'POST' || request.url !== '/v1/push')
      return { status: 404, body: { error: 'no such resource' } };
    const message = parse(text);
    if (message === undefined) return { status: 400, body: { error: 'expected {to, text}' } };
    const key = headerText(request.headers['idempotency-key']);
    const delay = this.#trouble(key);
    if (delay !== undefined) return delay;
    if (this.#options.isGone?.(message.to) === true)
      return { status: 410, body: { error: 'the device is gone' } };
    const known = key === null ? undefined : this.receipts.get(key);
    const receipt = known ?? { id: `push-${this.receipts.size + 1}`, to: message.to, key };
    this.receipts.set(key ?? receipt.id, receipt);
    return { status: 200, body: { id: receipt.id } };
  }

  /** Throttles or fails some first attempts; a repeat of the same key goes through. */
  #trouble(
    key: string | null,
  ): { status: number; headers?: Record<string, string>; body: object } | undefined {
    const { throttleEvery = 0, failEvery = 0 } = this.#options;
    if (key === null || (throttleEvery === 0 && failEvery === 0) || this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    this.#firstAttempts++;
    if (throttleEvery > 0 && this.#firstAttempts % throttleEvery === 0) {
      return { status: 429, headers: { 'retry-after': '1' }, body: { error: 'slow down' } };
    }
    if (failEvery > 0 && this.#firstAttempts % failEvery === 0)
      return { status: 503, body: { error: 'try again' } };
    return undefined;
  }
}

function parse(text: string): { to: string; text: string } | undefined {
  try {
    const { to, text: content } = JSON.parse(text) as Record<string, unknown>;
    return typeof to === 'string' && typeof content === 'string' ? { to, text: content } : undefined;
  } catch {
    return undefined;
  }
}

function headerText(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
