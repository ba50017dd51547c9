import type { Clock } from '../clock.js';
import type { Concealer } from './concealer.js';
import type { Counts } from './counts.js';
import type { Ledger, Settled } from './ledger.js';
import type { LiveControl } from './live-control.js';
import type { Queue } from './queue.js';
import type { Incoming, Message, SendResult } from './record.js';

/** What a component learns about the run when it opens. */
export interface Run {
  /** Given (`--run-id`) or derived from the operation and its input; unique per run in the ledger. */
  readonly id: string;
  /** The run that this one repeats a part of (`rtn retry`), else its own id. */
  readonly rootId: string;
  /** The run whose idempotency keys its messages have: the root's for messages in doubt, else its own. */
  readonly keyId: string;
  readonly operation: string;
  readonly version: string;
  /** Digest of the operation the runner was generated from. */
  readonly digest: string;
  /** Which part of the input this process handles, from 0. */
  readonly shard: number;
  /** Into how many parts the input is divided. */
  readonly shards: number;
  /** The part of the input that was asked for, as flags; null for all of it. */
  readonly selection: string | null;
  readonly clock: Clock;
  /** Where components read connections and secrets: the process environment, or a test's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A folder of the runner's own for what must survive it, for example spilled results. Made when first needed. */
  readonly stateDir: string;
  /**
   * The channel as it is made with the secrets that their files hold by now; undefined where none has changed. For
   * `Channel.refresh`, which takes over from it how requests are made; it is never opened.
   */
  renewed?(): Channel | undefined;
  /** A sender shows here how it stands, for metrics; absent where nobody looks. */
  watch?(sending: SendingState): void;
  /** Something worth a line for the operator that is not an error, for example a provider asking to slow down. */
  warn(message: string): void;
}

/** How a sender stands towards its provider at the moment. */
export interface SendingState {
  /** Most requests in flight for now. */
  readonly limit: number;
  readonly breaker: 'closed' | 'half-open' | 'open';
  /** How long the rate limit or a cool-down holds back the next request, in milliseconds. */
  waitMs(nowMs: number): number;
}

/** What stands between the stages. */
export interface PipelineQueues {
  readonly incoming: QueueState;
  readonly messages: QueueState;
  readonly results: QueueState;
}

type QueueState = Pick<Queue<never>, 'length' | 'capacity'>;

/**
 * Where rows come from. The pipeline calls `open` once, then `read` once, then `close` once (also when `open` threw).
 * `open` fails on anything a person must mend: a missing table, a wrong column type. `read` puts rows on the queue
 * and waits while it is full; it returns when the input is at its end or soon after `signal` (the End) is aborted,
 * having kept back nothing that it took off the wire. It must not close the queue.
 */
export interface Reader {
  open(run: Run): Promise<void>;
  read(out: Queue<Incoming>, signal: AbortSignal, range?: ReadRange): Promise<void>;
  close(): Promise<void>;
  /**
   * What the input is, the same for the same content: what the id of a run is derived from, and what tells that it has
   * changed. Called before `open`. Undefined for a stream.
   */
  identify?(run: IdentityRun): Promise<InputIdentity>;
  /** True for a stream: it ends only when told to, and that is a success. */
  readonly isEndless: boolean;
  /** How many rows this run will read; undefined while unknown. Known at the latest when `open` has returned. */
  readonly total: number | undefined;
  /** Where PUSH sockets bring a stream its rows, once it is open; undefined where they do not come to it. */
  readonly pushEndpoint?: string | undefined;
}

/** The part of an input that is wanted: a reader hands over these rows and no others. A stream counts on from `from`. */
export interface ReadRange {
  /** The first position. */
  readonly from: number;
  /** One more than the last position; undefined for the end of the input. */
  readonly to?: number | undefined;
}

/** What of the run is known before it has an id. `id` is undefined where it is to be derived. */
export type IdentityRun = Pick<Run, 'operation' | 'clock' | 'environment' | 'stateDir' | 'warn'> & {
  readonly id: string | undefined;
};

/** `sha256:…` of the content, or an object's id with its revision. */
export type InputIdentity = string;

/**
 * Turns messages into results. The pipeline calls `open`, `send`, `close`. `send` returns when the queue of messages
 * is closed and every message taken from it has a result on `results`; or, after `signal` (the Stop) is aborted, when
 * no request is in flight any more: it starts none after the abort, and returns how many messages it had taken and
 * now leaves without a result. A terminal outcome is thrown as an RtnError, after the same tidying up.
 */
export interface Sender {
  open(run: Run): Promise<void>;
  send(messages: Queue<Message>, results: Queue<SendResult>, control: SendControl): Promise<SendReport>;
  close(): Promise<void>;
  /** What a dry run shows of it; undefined where it cannot be shown. */
  readonly outline?: SenderOutline;
}

/** How a sender goes about it, known before it is opened. */
export interface SenderOutline {
  readonly channel: Channel;
  /** Most requests in flight. */
  readonly concurrency: number;
  /** Requests a second; 0 for no limit. */
  readonly rateLimit: number;
  /** Most messages in one request. */
  readonly itemsPerRequest: number;
}

export interface SendControl {
  /** Aborted at Stop: no new request, retry or batch leaves. */
  readonly signal: AbortSignal;
  /** Asked before every request; false once the latest time to send has passed, and then the Stop has begun. */
  maySend?(): boolean;
  readonly counts: Counts;
  /**
   * Called at once when an outcome is terminal, so that reading stops while the requests in flight still finish. The
   * message is the one that it was seen on, where there is one.
   */
  stop(error: Error, message?: Message): void;
  /** What a person may change while it sends. */
  readonly live?: LiveControl | undefined;
  /** Takes what is secret or personal out of what a provider said, before anybody sees it. */
  readonly concealer?: Concealer | undefined;
}

export interface SendReport {
  /** Messages taken from the queue that got no result, for example those waiting for a retry at Stop. */
  readonly left: number;
}

/**
 * One attempt to hand one message to a provider. The sender calls `open` once, then `send` many times at once, then
 * `close`. `send` never rejects for what a provider or the network did: that is data in the answer. It must settle
 * within the channel's own timeout.
 */
export interface Channel {
  /** The component's key: the log's `channel` column. */
  readonly key: string;
  /** Whether the provider knows a repeat by its idempotency key: then sending a message again does no harm. */
  readonly isIdempotent?: boolean;
  open(run: Run, concurrency: number): Promise<void>;
  send(message: Message): Promise<Answer>;
  /**
   * The same as `send` for a sender that makes many requests: it calls `settle` once instead of making a promise a
   * message, possibly before it returns. A channel may leave it out.
   */
  attempt?(message: Message, settle: (answer: Answer) => void): void;
  /** What `use: batch` calls instead of `send`; a channel that cannot carry batches does not have it. */
  readonly batches?: BatchChannel;
  /** Renews the credentials after a `refresh` answer; false when there are no others. Called once at a time. */
  refresh?(): Promise<boolean>;
  /**
   * The request that would carry these messages, for a dry run: called without `open`, makes no connection. Throws `data`
   * where a row makes no request. A channel that cannot be previewed does not have it.
   */
  preview?(messages: readonly Message[], run: Run): RequestPreview;
  close(): Promise<void>;
}

/** A request as it would leave. Whoever shows it hides the secrets. */
export interface RequestPreview {
  /** Method and address, or what stands for it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** The part of a channel that carries many messages in one request. The same promises hold as for `send`. */
export interface BatchChannel {
  /** Bytes that a message adds to a request's body; throws `data` where the row cannot be sent. */
  bytesOf(message: Message): number;
  /** What may not stand twice in one request, since answers are told apart by it; null where there is nothing. */
  matchOf(message: Message): string | null;
  send(messages: readonly Message[]): Promise<BatchAnswer>;
}

export interface BatchAnswer {
  /** What the request as a whole came to. */
  readonly whole: Answer;
  /** One answer a message, in order, where the request was accepted (`whole` is `sent`); undefined for one it does not tell of. */
  readonly items?: readonly (Answer | undefined)[];
}

/**
 * What one attempt came to.
 * - `sent`: accepted by the provider.
 * - `rejected`: this row or recipient, for good.
 * - `retry`: transient, and surely not carried out (or the channel is idempotent).
 * - `throttled`: slow down the endpoint, then try again.
 * - `in-doubt`: may have been carried out, and repeating could double it.
 * - `refresh`: the credentials have run out and are to be renewed, once.
 * - `terminal`: nothing can be sent until a person changes something.
 */
export type AnswerClass = 'sent' | 'rejected' | 'retry' | 'throttled' | 'in-doubt' | 'refresh' | 'terminal';

export interface Answer {
  readonly class: AnswerClass;
  readonly httpStatus: number | null;
  readonly providerId: string | null;
  readonly errorCode: string | null;
  readonly errorText: string | null;
  /** How long the provider asked us to wait (`Retry-After`), in milliseconds; null when it did not say. */
  readonly retryAfterMs: number | null;
  /** Nobody should send to this recipient again; apart from the class, since a refusal alone does not say so. */
  readonly suppress?: boolean;
  /** For `terminal`: the error that ends the run. */
  readonly error?: Error;
}

/**
 * Where results become durable. The pipeline calls `open` before anything is read, then `log` once, before that for the
 * results that an earlier start could not log, then `close`.
 * `log` returns when the queue of results is closed and all of it is durable. When it cannot write it throws an
 * RtnError with code `storage`; the results it had taken but not made durable are then in `unwritten`, in order.
 */
export interface Logger {
  open(run: Run): Promise<void>;
  log(results: Queue<SendResult>, control: LogControl): Promise<void>;
  close(): Promise<void>;
  readonly unwritten: readonly SendResult[];
  /** Where a person finds the log, for the summary: `postgres table driver_push_log`. No credentials. */
  readonly address: string;
  /** The run's memory in the same store. Usable between `open` and `close`; undefined where a dry run keeps none. */
  readonly ledger: Ledger | undefined;
}

export interface LogControl {
  /** Asked once for each batch: what it changes in the ledger, to be written together with the results. */
  settle(results: readonly SendResult[]): Settled;
  /** Called with each batch as soon as it is durable. */
  written(results: readonly SendResult[], settled: Settled): void;
  readonly pressure: Pressure;
}

/** Whether the sender waits for results to become durable, so that a logger should not wait for more of them. */
export interface Pressure {
  readonly isPressed: boolean;
  /** Set by the logger while it lingers: called when the pressure begins. */
  onPressed: () => void;
}

/** What a generated runner assembles. */
export interface Pipeline {
  readonly reader: Reader;
  readonly sender: Sender;
  readonly logger: Logger;
}
