import type { Clock } from '../clock.js';

/** What the provider answered. The body is cut at so many bytes as were asked for. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export type ExchangeResult =
  | { readonly response: HttpResponse }
  | {
      readonly error: Error /** False when the request never began to leave. */;
      readonly wasStarted: boolean;
    };

/** The part of undici's dispatch controller that an exchange uses. */
interface Controller {
  abort(reason: Error): void;
}

/** Enough for an id and an error text; the rest of a longer answer is read and dropped. */
export const MAX_BODY_BYTES = 65_536;

/**
 * One request and its answer, as an undici dispatch handler: a promise and a few fields an exchange, where `request`
 * makes a stream. It settles exactly once.
 */
export class Exchange {
  readonly startedMs: number;
  readonly #settle: (result: ExchangeResult) => void;
  readonly #maxBodyBytes: number;
  #controller: Controller | undefined;
  #abortReason: Error | undefined;
  #isSettled = false;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  constructor(startedMs: number, maxBodyBytes: number, settle: (result: ExchangeResult) => void) {
    this.startedMs = startedMs;
    this.#maxBodyBytes = maxBodyBytes;
    this.#settle = settle;
  }

  /** Gives up: the connection is torn down and the exchange settles with the reason. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.#finish({ error: reason, wasStarted: this.#controller !== undefined });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason);
  }

  onResponseStart(_: Controller, status: number, headers: HttpResponse['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#bytes >= this.#maxBodyBytes) return;
    this.#bytes += chunk.length;
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish({ response: { status: this.#status, headers: this.#headers, body: this.#body() } });
  }

  onResponseError(_: Controller, error: Error): void {
    this.#finish({ error, wasStarted: this.#controller !== undefined });
  }

  #body(): string {
    if (this.#chunks === undefined) return '';
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    return bytes?.toString('utf8', 0, this.#maxBodyBytes) ?? '';
  }

  #finish(result: ExchangeResult): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(result);
  }
}

/**
 * The deadlines of all exchanges under way, kept by one timer. They share one timeout, so they fall due in the order
 * they began; a timer or an AbortSignal each would cost a third of the throughput. Late by up to a tenth of the timeout.
 */
export class Deadlines {
  readonly #exchanges = new Set<Exchange>();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  add(exchange: Exchange): void {
    this.#exchanges.add(exchange);
    this.#cancelSweep ??= this.#clock.schedule(this.#timeoutMs / 10, this.#sweep);
  }

  remove(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
  }

  close(): void {
    this.#cancelSweep?.();
  }

  readonly #sweep = (): void => {
    const nowMs = this.#clock.monotonic();
    for (const exchange of this.#exchanges) {
      if (exchange.startedMs + this.#timeoutMs > nowMs) break;
      this.#exchanges.delete(exchange);
      exchange.abort(Object.assign(new Error(`no answer within ${this.#timeoutMs} ms`), { code: 'timeout' }));
    }
    this.#cancelSweep =
      this.#exchanges.size > 0 ? this.#clock.schedule(this.#timeoutMs / 10, this.#sweep) : undefined;
  };
}
