import type { Client } from 'undici';
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

/** Who keeps account of exchanges under way. */
interface Keeper {
  /** Called once, before the result is given; `isAnswered` when the answer has come in full. */
  ended(exchange: Exchange, isAnswered: boolean): void;
}

/** Enough for an id and an error text; the rest of a longer answer is read and dropped. */
export const MAX_BODY_BYTES = 65_536;

/**
 * One request and its answer, as an undici dispatch handler: a promise and a few fields an exchange, where `request`
 * makes a stream. It settles exactly once.
 */
export class Exchange {
  readonly startedMs: number;
  /** What it occupies, for `Connections`. */
  connection: Client | undefined;
  /** Neighbours in the list of deadlines, while it stands there. */
  earlier: Exchange | undefined;
  later: Exchange | undefined;
  readonly #keeper: Keeper;
  readonly #settle: (result: ExchangeResult) => void;
  readonly #maxBodyBytes: number;
  #controller: Controller | undefined;
  #abortReason: Error | undefined;
  #isSettled = false;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  constructor(
    keeper: Keeper,
    startedMs: number,
    maxBodyBytes: number,
    settle: (result: ExchangeResult) => void,
  ) {
    this.#keeper = keeper;
    this.startedMs = startedMs;
    this.#maxBodyBytes = maxBodyBytes;
    this.#settle = settle;
  }

  get isSettled(): boolean {
    return this.#isSettled;
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
    this.#keeper.ended(this, 'response' in result);
    this.#settle(result);
  }
}

/**
 * The deadlines of all exchanges under way, kept by one timer. They share one timeout, so they fall due in the order
 * they began; a timer or an AbortSignal each would cost a third of the throughput. Late by up to a tenth of the timeout.
 *
 * A doubly linked list. No Set: its old tables, once they are old enough, keep all that they ever held from the
 * collector's young generation, which cost more than the requests themselves. For the same reason `remove` unlinks both
 * ways.
 */
export class Deadlines {
  #first: Exchange | undefined;
  #last: Exchange | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  add(exchange: Exchange): void {
    exchange.earlier = this.#last;
    if (this.#last === undefined) this.#first = exchange;
    else this.#last.later = exchange;
    this.#last = exchange;
    this.#cancelSweep ??= this.#clock.schedule(this.#timeoutMs / 10, this.#sweep);
  }

  /** Does nothing for an exchange that is not there (any more). */
  remove(exchange: Exchange): void {
    const { earlier, later } = exchange;
    if (earlier !== undefined) earlier.later = later;
    else if (this.#first === exchange) this.#first = later;
    if (later !== undefined) later.earlier = earlier;
    else if (this.#last === exchange) this.#last = earlier;
    exchange.earlier = undefined;
    exchange.later = undefined;
  }

  close(): void {
    this.#cancelSweep?.();
  }

  readonly #sweep = (): void => {
    const nowMs = this.#clock.monotonic();
    for (let first = this.#first; first !== undefined; first = this.#first) {
      if (first.startedMs + this.#timeoutMs > nowMs) break;
      this.remove(first);
      first.abort(Object.assign(new Error(`no answer within ${this.#timeoutMs} ms`), { code: 'timeout' }));
    }
    this.#cancelSweep =
      this.#first === undefined ? undefined : this.#clock.schedule(this.#timeoutMs / 10, this.#sweep);
  };
}
