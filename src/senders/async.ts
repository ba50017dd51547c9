import { type ComponentSpec, parseDuration } from '../component.js';
import { toRtnError } from '../error.js';
import type { Answer, Channel, Run, SendControl, Sender, SendReport } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message, Outcome, SendResult } from '../pipeline/record.js';
import { Gate } from './gate.js';
import { Retries } from './retries.js';

export const asyncSenderSpec: ComponentSpec = {
  kind: 'sender',
  key: 'async',
  construct: 'asyncSender',
  description: 'Sends each message by a request of its own, many requests in flight.',
  fields: {
    channel: {
      description: 'How one message is handed to the provider.',
      schema: {},
      component: 'channel',
      isRequired: true,
    },
    concurrency: {
      description: 'Most requests in flight at once.',
      schema: { type: 'integer', minimum: 1, maximum: 4096, default: 64 },
      tuning: true,
    },
    rate_limit: {
      description: 'Most requests a second, repeats included; 0 for no limit.',
      schema: { type: 'number', minimum: 0, default: 0 },
      tuning: true,
    },
    max_attempts: {
      description: 'Most requests for one message; after the last it is logged as failed.',
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 5 },
    },
    backoff: {
      description:
        'Longest wait before the first repeat. It doubles with each repeat; the wait is random below it (full jitter).',
      schema: { default: '200ms' },
      isDuration: true,
      tuning: true,
    },
    max_backoff: {
      description: 'Longest wait before any repeat, unless the provider asks for more with Retry-After.',
      schema: { default: '30s' },
      isDuration: true,
      tuning: true,
    },
  },
};

export interface AsyncSenderOptions {
  readonly channel: Channel;
  readonly concurrency?: number;
  readonly rateLimit?: number;
  readonly maxAttempts?: number;
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
}

/** A sender with many requests in flight: `use: async`. */
export function asyncSender(options: AsyncSenderOptions): Sender {
  const concurrency = options.concurrency ?? 64;
  let run: Run | undefined;
  return {
    open(opened) {
      run = opened;
      return options.channel.open(opened, concurrency);
    },
    send(messages, results, control) {
      if (run === undefined) throw new Error('send was called before open');
      return new Sending({ ...options, concurrency }, run, messages, results, control).finished;
    },
    close: () => options.channel.close(),
  };
}

/** A message on its way, across its attempts. */
interface Delivery {
  readonly message: Message;
  readonly startedAtMs: number;
  attempts: number;
}

/**
 * One run of the sender. `#pump` starts requests while a slot is free, the gate is open and there is something to
 * send: a repeat that is due, else a new message. Whatever may change one of these calls it again: a request that
 * ends, a message that arrives, a timer, the Stop.
 *
 * A slot is held from the request's start until its result has room in the queue, so a slow logger holds back the
 * sender. Repeats wait outside the slots; when too many wait, no new message is taken.
 */
class Sending {
  readonly finished: Promise<SendReport>;
  readonly #options: AsyncSenderOptions & { readonly concurrency: number };
  readonly #run: Run;
  readonly #messages: Queue<Message>;
  readonly #results: Queue<SendResult>;
  readonly #control: SendControl;
  readonly #gate: Gate;
  readonly #retries = new Retries<Delivery>();
  readonly #maxWaitingRetries: number;
  #slotsInUse = 0;
  #left = 0;
  #cancelTimer: (() => void) | undefined;
  #resolve: (report: SendReport) => void = () => {};
  #isFinished = false;

  constructor(
    options: AsyncSenderOptions & { readonly concurrency: number },
    run: Run,
    messages: Queue<Message>,
    results: Queue<SendResult>,
    control: SendControl,
  ) {
    this.#options = options;
    this.#run = run;
    this.#messages = messages;
    this.#results = results;
    this.#control = control;
    this.#gate = new Gate(options.rateLimit ?? 0);
    this.#maxWaitingRetries = Math.max(2 * options.concurrency, 1_000);
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    control.signal.addEventListener('abort', this.#pump, { once: true });
    this.#pump();
  }

  readonly #pump = (): void => {
    while (!this.#control.signal.aborted && this.#slotsInUse < this.#options.concurrency) {
      const nowMs = this.#run.clock.monotonic();
      if (this.#hasNothingToSend(nowMs)) break;
      const delayMs = this.#gate.delayMs(nowMs);
      if (delayMs > 0) {
        this.#wakeIn(delayMs);
        return;
      }
      const delivery = this.#retries.takeDue(nowMs) ?? this.#takeNew();
      if (delivery === undefined) break;
      this.#gate.pass(nowMs);
      void this.#attempt(delivery);
    }
    this.#waitOrFinish();
  };

  #hasNothingToSend(nowMs: number): boolean {
    const dueMs = this.#retries.nextDueMs;
    return (dueMs === undefined || dueMs > nowMs) && (this.#messages.length === 0 || this.#isFull());
  }

  #isFull(): boolean {
    return this.#retries.size >= this.#maxWaitingRetries;
  }

  #takeNew(): Delivery | undefined {
    const message = this.#messages.tryReceive();
    return message && { message, startedAtMs: this.#run.clock.now(), attempts: 0 };
  }

  #waitOrFinish(): void {
    const isStopped = this.#control.signal.aborted;
    const isDrained = this.#messages.isDone && this.#retries.size === 0;
    if (this.#slotsInUse === 0 && (isStopped || isDrained)) this.#finish();
    if (this.#isFinished || isStopped || this.#slotsInUse === this.#options.concurrency) return;
    const dueMs = this.#retries.nextDueMs;
    if (dueMs !== undefined) this.#wakeIn(dueMs - this.#run.clock.monotonic());
    if (!this.#messages.isDone && !this.#isFull()) this.#messages.whenReadable(this.#pump);
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelTimer?.();
    this.#control.signal.removeEventListener('abort', this.#pump);
    this.#resolve({ left: this.#left + this.#retries.size });
  }

  #wakeIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#run.clock.schedule(Math.max(1, Math.ceil(delayMs)), this.#pump);
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { counts } = this.#control;
    this.#slotsInUse++;
    counts.inFlight++;
    counts.attempts++;
    if (delivery.attempts++ > 0) counts.retries++;
    try {
      const answer = await this.#options.channel.send(delivery.message);
      counts.inFlight--;
      const result = this.#judge(delivery, answer);
      if (result !== undefined && !this.#results.trySend(result)) await this.#results.send(result);
    } catch (thrown) {
      counts.inFlight--;
      this.#left++;
      this.#control.stop(toRtnError(thrown));
    }
    this.#slotsInUse--;
    this.#pump();
  }

  /** The result that an answer comes to, or undefined when the message has none (yet). */
  #judge(delivery: Delivery, answer: Answer): SendResult | undefined {
    switch (answer.class) {
      case 'sent':
      case 'rejected':
        return this.#result(delivery, answer, answer.class);
      case 'in-doubt':
        return this.#result(delivery, answer, 'unknown');
      case 'terminal':
        this.#left++;
        this.#control.stop(toRtnError(answer.error));
        return undefined;
      case 'throttled':
        this.#control.counts.throttled++;
        return this.#repeat(delivery, answer);
      case 'retry':
        return this.#repeat(delivery, answer);
    }
  }

  #repeat(delivery: Delivery, answer: Answer): SendResult | undefined {
    const nowMs = this.#run.clock.monotonic();
    const dueMs = nowMs + (answer.retryAfterMs ?? this.#backoffMs(delivery.attempts));
    if (answer.class === 'throttled') this.#gate.coolDown(dueMs);
    if (this.#control.signal.aborted) {
      this.#left++;
      return undefined;
    }
    if (delivery.attempts >= (this.#options.maxAttempts ?? 5))
      return this.#result(delivery, answer, 'failed');
    this.#retries.add(delivery, dueMs);
    return undefined;
  }

  /** Exponential backoff with full jitter: anywhere between nothing and the doubled limit. */
  #backoffMs(attempts: number): number {
    const limitMs = (this.#options.backoffMs ?? DEFAULT_BACKOFF_MS) * 2 ** (attempts - 1);
    return this.#run.clock.random() * Math.min(limitMs, this.#options.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS);
  }

  #result({ message, startedAtMs, attempts }: Delivery, answer: Answer, outcome: Outcome): SendResult {
    return {
      outcome,
      messageId: message.id,
      position: message.position,
      recipient: message.recipient,
      channel: this.#options.channel.key,
      attempts,
      httpStatus: answer.httpStatus,
      providerId: answer.providerId,
      errorCode: answer.errorCode,
      errorText: answer.errorText,
      startedAtMs,
      finishedAtMs: this.#run.clock.now(),
    };
  }
}

const DEFAULT_BACKOFF_MS = parseDuration(String(asyncSenderSpec.fields.backoff?.schema.default)) ?? 0;
const DEFAULT_MAX_BACKOFF_MS = parseDuration(String(asyncSenderSpec.fields.max_backoff?.schema.default)) ?? 0;
