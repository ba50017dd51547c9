import type { ComponentSpec } from '../component.js';
import { DueQueue } from '../due-queue.js';
import { toRtnError } from '../error.js';
import type { Answer, Channel, Run, SendControl, Sender, SendReport } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message, SendResult } from '../pipeline/record.js';
import { type Delivery, deliveryOf } from './delivery.js';
import { Endpoint, type Passage } from './endpoint.js';
import { SENDER_FIELDS, type SenderOptions, withDefaults } from './fields.js';
import { Judge, type Verdict } from './judge.js';

export const asyncSenderSpec: ComponentSpec = {
  kind: 'sender',
  key: 'async',
  construct: 'asyncSender',
  description: 'Sends each message by a request of its own, many requests in flight.',
  fields: {
    ...SENDER_FIELDS,
    concurrency: {
      description: 'Most requests in flight at once.',
      schema: { type: 'integer', minimum: 1, maximum: 4096, default: 64 },
      tuning: true,
    },
    adaptive: {
      description:
        'Whether to find out how many requests the provider takes, from min_concurrency up to concurrency, by its latency and throttling.',
      schema: { type: 'boolean', default: false },
      tuning: true,
    },
    min_concurrency: {
      description: 'Requests in flight that an adaptive sender begins with and never goes below.',
      schema: { type: 'integer', minimum: 1, maximum: 4096, default: 4 },
      tuning: true,
    },
  },
};

export interface AsyncSenderOptions extends SenderOptions {
  readonly channel: Channel;
  readonly concurrency?: number;
  readonly adaptive?: boolean;
  readonly minConcurrency?: number;
}

/** A sender with many requests in flight: `use: async`. */
export function asyncSender(options: AsyncSenderOptions): Sender {
  const concurrency = options.concurrency ?? 64;
  let run: Run | undefined;
  return {
    outline: {
      channel: options.channel,
      concurrency,
      rateLimit: withDefaults(options).rateLimit,
      itemsPerRequest: 1,
    },
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

/**
 * One run of the sender. `#pump` starts requests while a slot is free, the endpoint lets one pass and there is something
 * to send: a repeat that is due, else a new message. Whatever may change one of these calls it again: a request that
 * ends, a message that arrives, a timer, the Stop. A message makes no promise unless it has to wait for something. The
 * requests that end in one turn of the event loop share a call: to make the next ones one after the other, and not each
 * between two answers, takes 1 µs less a message.
 *
 * A slot is held from the request's start until its result has room in the queue, so a slow logger holds back the
 * sender. Repeats wait outside the slots; when too many wait, no new message is taken.
 */
class Sending {
  readonly finished: Promise<SendReport>;
  readonly #channel: Channel;
  readonly #run: Run;
  readonly #messages: Queue<Message>;
  readonly #results: Queue<SendResult>;
  readonly #control: SendControl;
  readonly #endpoint: Endpoint;
  readonly #judge: Judge;
  readonly #retries = new DueQueue<Delivery>();
  readonly #maxWaitingRetries: number;
  #slotsInUse = 0;
  #left = 0;
  #isPumping = false;
  #isPumpDue = false;
  #cancelTimer: (() => void) | undefined;
  readonly #unwatch: (() => void) | undefined;
  #resolve: (report: SendReport) => void = () => {};
  #isFinished = false;

  constructor(
    options: AsyncSenderOptions & { readonly concurrency: number },
    run: Run,
    messages: Queue<Message>,
    results: Queue<SendResult>,
    control: SendControl,
  ) {
    const { channel, concurrency, adaptive: isAdaptive = false, minConcurrency = 4 } = options;
    const settings = withDefaults(options);
    this.#channel = channel;
    this.#run = run;
    this.#messages = messages;
    this.#results = results;
    this.#control = control;
    this.#endpoint = new Endpoint(
      { ...settings, concurrency, isAdaptive, minConcurrency },
      run,
      control.counts,
      control.live,
    );
    this.#unwatch = control.live?.onChange(this.#pump);
    this.#judge = new Judge(channel, run, control, settings);
    this.#maxWaitingRetries = Math.max(2 * concurrency, 1_000);
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    control.signal.addEventListener('abort', this.#pump, { once: true });
    this.#pump();
  }

  /** An answer that is there at once finds it at work: it then goes on by itself. */
  readonly #pump = (): void => {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#startRequests();
    this.#isPumping = false;
  };

  #startRequests(): void {
    const startedAtMs = this.#run.clock.now();
    while (!this.#control.signal.aborted && this.#slotsInUse < this.#endpoint.limit) {
      const nowMs = this.#run.clock.monotonic();
      if (this.#hasNothingToSend(nowMs)) break;
      const delayMs = this.#endpoint.delayMs(nowMs);
      if (delayMs > 0) {
        if (delayMs !== Number.POSITIVE_INFINITY) this.#wakeIn(delayMs);
        return;
      }
      if (this.#control.maySend?.() === false) break;
      const delivery = this.#retries.takeDue(nowMs) ?? this.#takeNew(startedAtMs, nowMs);
      if (delivery === undefined) break;
      this.#attempt(delivery, this.#endpoint.pass(nowMs));
    }
    this.#waitOrFinish();
  }

  #hasNothingToSend(nowMs: number): boolean {
    const dueMs = this.#retries.nextDueMs;
    return (dueMs === undefined || dueMs > nowMs) && (!this.#messages.isReadable || this.#isFull());
  }

  #isFull(): boolean {
    return this.#retries.size >= this.#maxWaitingRetries;
  }

  #takeNew(startedAtMs: number, nowMs: number): Delivery | undefined {
    const message = this.#messages.tryReceive();
    return message === undefined ? undefined : deliveryOf(message, startedAtMs, nowMs);
  }

  #waitOrFinish(): void {
    const isStopped = this.#control.signal.aborted;
    const isDrained = this.#messages.isDone && this.#retries.size === 0;
    if (this.#slotsInUse === 0 && (isStopped || isDrained)) this.#finish();
    if (this.#isFinished || isStopped || this.#slotsInUse >= this.#endpoint.limit) return;
    const dueMs = this.#retries.nextDueMs;
    if (dueMs !== undefined) this.#wakeIn(dueMs - this.#run.clock.monotonic());
    if (!this.#messages.isDone && !this.#isFull()) this.#messages.whenReadable(this.#pump);
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#cancelTimer?.();
    this.#unwatch?.();
    this.#control.signal.removeEventListener('abort', this.#pump);
    this.#resolve({ left: this.#left + this.#retries.size });
  }

  #wakeIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#run.clock.schedule(Math.max(1, Math.ceil(delayMs)), this.#pump);
  }

  #attempt(delivery: Delivery, passage: Passage): void {
    const { counts } = this.#control;
    this.#slotsInUse++;
    counts.inFlight++;
    counts.attempts++;
    if (delivery.attempts > 0) counts.retries++;
    this.#judge.leaves(delivery);
    const settle = (answer: Answer) => this.#answered(delivery, answer, passage);
    try {
      const { message } = delivery;
      if (this.#channel.attempt !== undefined) this.#channel.attempt(message, settle);
      else this.#channel.send(message).then(settle, (thrown) => this.#unanswered(delivery, thrown));
    } catch (thrown) {
      this.#unanswered(delivery, thrown);
    }
  }

  #unanswered(delivery: Delivery, thrown: unknown): void {
    this.#control.counts.inFlight--;
    this.#failed(delivery, thrown);
  }

  #answered(delivery: Delivery, answer: Answer, passage: Passage): void {
    this.#control.counts.inFlight--;
    try {
      const told = this.#judge.concealed([delivery.message], answer);
      const pauseMs = told.class === 'throttled' ? this.#judge.pauseMs(delivery) : 0;
      const ending = this.#endpoint.answered(told, passage, pauseMs);
      if (ending !== undefined) this.#control.stop(ending, delivery.message);
      if (told.class === 'refresh') void this.#renewed(delivery, told, passage);
      else this.#conclude(delivery, this.#judge.verdict(delivery, told, passage));
    } catch (thrown) {
      this.#failed(delivery, thrown);
    }
  }

  async #renewed(delivery: Delivery, answer: Answer, passage: Passage): Promise<void> {
    try {
      if (await this.#judge.renewed(delivery))
        this.#conclude(delivery, { kind: 'again', dueMs: this.#run.clock.monotonic() });
      else this.#conclude(delivery, this.#judge.verdict(delivery, answer, passage));
    } catch (thrown) {
      this.#failed(delivery, thrown);
    }
  }

  #conclude(delivery: Delivery, verdict: Verdict): void {
    if (verdict.kind === 'again') this.#retries.add(delivery, verdict.dueMs);
    else if (verdict.kind === 'left') this.#left++;
    else if (!this.#results.trySend(verdict.result)) {
      void this.#results.send(verdict.result).then(this.#release, (thrown) => this.#failed(delivery, thrown));
      return;
    }
    this.#release();
  }

  #failed(delivery: Delivery, thrown: unknown): void {
    this.#left++;
    this.#control.stop(toRtnError(thrown), delivery.message);
    this.#release();
  }

  readonly #release = (): void => {
    this.#slotsInUse--;
    if (this.#isPumping || this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(this.#pumpOnce);
  };

  readonly #pumpOnce = (): void => {
    this.#isPumpDue = false;
    this.#pump();
  };
}
