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

/** Who keeps account of exchanges under way. */
interface Keeper {
  /** Called once, before the result is given. */
  ended(exchange: Exchange): void;
}

/** Enough for an id and an error text; the rest of a longer answer is read and dropped. */
export const MAX_BODY_BYTES = 65_536;

/** An answer whose headers are read when something asks for them. */
class Response implements HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly #rawHeaders: readonly Buffer[];

  constructor(status: number, rawHeaders: readonly Buffer[], body: string) {
    this.status = status;
    this.#rawHeaders = rawHeaders;
    this.body = body;
  }

  get headers(): HttpResponse['headers'] {
    return parseHeaders(this.#rawHeaders);
  }
}

/** Names and values in turn, by name in lower case. */
function parseHeaders(raw: readonly Buffer[]): HttpResponse['headers'] {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]).toLowerCase();
    const value = String(raw[index + 1]);
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return headers;
}

/**
 * One request and its answer, as an undici dispatch handler: a few fields an exchange, where `request` makes a promise
 * and a stream. It settles exactly once. The handler is of undici's older kind, which gets headers as bytes: round one of
 * the newer kind undici wraps one of these, and parses the headers of every answer, which mostly nobody looks at.
 */
export class Exchange {
  /** What it occupies, for `Connections`. */
  connection: Client | undefined;
  /** Neighbours in the list of deadlines, while it stands there. */
  earlier: Exchange | undefined;
  later: Exchange | undefined;
  /** When that list was first looked through with it, in monotonic milliseconds; undefined before. */
  seenMs: number | undefined;
  readonly #keeper: Keeper;
  readonly #settle: (result: ExchangeResult) => void;
  readonly #maxBodyBytes: number;
  #abort: ((reason: Error) => void) | undefined;
  #abortReason: Error | undefined;
  #isSettled = false;
  #status = 0;
  #headers: readonly Buffer[] = [];
  #chunks: Buffer[] | undefined;
  #bytes = 0;

  constructor(keeper: Keeper, maxBodyBytes: number, settle: (result: ExchangeResult) => void) {
    this.#keeper = keeper;
    this.#maxBodyBytes = maxBodyBytes;
    this.#settle = settle;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Gives up: the connection is torn down and the exchange settles with the reason. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#abort?.(reason);
    this.#finish({ error: reason, wasStarted: this.#abort !== undefined });
  }

  onConnect(abort: (reason: Error) => void): void {
    this.#abort = abort;
    if (this.#abortReason !== undefined) abort(this.#abortReason);
  }

  onHeaders(status: number, headers: readonly Buffer[]): boolean {
    this.#status = status;
    this.#headers = headers;
    return true;
  }

  onData(chunk: Buffer): boolean {
    if (this.#bytes >= this.#maxBodyBytes) return true;
    this.#bytes += chunk.length;
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    this.#finish({ response: new Response(this.#status, this.#headers, this.#body()) });
  }

  onError(error: Error): void {
    this.#finish({ error, wasStarted: this.#abort !== undefined });
  }

  #body(): string {
    if (this.#chunks === undefined) return '';
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    return bytes?.toString('utf8', 0, this.#maxBodyBytes) ?? '';
  }

  #finish(result: ExchangeResult): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#keeper.ended(this);
    this.#settle(result);
  }
}

/** Looks for what has missed its deadline, in one timeout. */
const SWEEPS = 20;

/**
 * The deadlines of all exchanges under way, kept by one timer. They share one timeout, so they fall due in the order
 * they began; a timer or an AbortSignal each would cost a third of the throughput. The list is looked through twenty times
 * in a timeout, and that alone reads the clock: the time of an exchange begins with the first look at it. So it is never
 * given up early, and late by up to a tenth of the timeout.
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
    this.#cancelSweep ??= this.#clock.schedule(this.#timeoutMs / SWEEPS, this.#sweep);
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
    for (
      let unseen = this.#last;
      unseen !== undefined && unseen.seenMs === undefined;
      unseen = unseen.earlier
    )
      unseen.seenMs = nowMs;
    for (let first = this.#first; first !== undefined; first = this.#first) {
      if (nowMs - (first.seenMs ?? nowMs) < this.#timeoutMs) break;
      this.remove(first);
      first.abort(Object.assign(new Error(`no answer within ${this.#timeoutMs} ms`), { code: 'timeout' }));
    }
    this.#cancelSweep =
      this.#first === undefined ? undefined : this.#clock.schedule(this.#timeoutMs / SWEEPS, this.#sweep);
  };
}
