import type { ComponentSpec } from '../component.js';
import { toRtnError } from '../error.js';
import type { Answer, Channel, Run, SendControl, Sender, SendReport } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message, SendResult } from '../pipeline/record.js';
import type { Delivery } from './delivery.js';
import { Endpoint, isDown, type Passage } from './endpoint.js';
import { SENDER_FIELDS, type SenderOptions, withDefaults } from './fields.js';
import { Judge } from './judge.js';
import { Retries } from './retries.js';

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
 * ends, a message that arrives, a timer, the Stop.
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
    );
    this.#judge = new Judge(channel, run, control, settings);
    this.#maxWaitingRetries = Math.max(2 * concurrency, 1_000);
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    control.signal.addEventListener('abort', this.#pump, { once: true });
    this.#pump();
  }

  readonly #pump = (): void => {
    while (!this.#control.signal.aborted && this.#slotsInUse < this.#endpoint.limit) {
      const nowMs = this.#run.clock.monotonic();
      if (this.#hasNothingToSend(nowMs)) break;
      const delayMs = this.#endpoint.delayMs(nowMs);
      if (delayMs > 0) {
        if (delayMs !== Number.POSITIVE_INFINITY) this.#wakeIn(delayMs);
        return;
      }
      if (this.#control.maySend?.() === false) break;
      const delivery = this.#retries.takeDue(nowMs) ?? this.#takeNew(nowMs);
      if (delivery === undefined) break;
      void this.#attempt(delivery, this.#endpoint.pass(nowMs));
    }
    this.#waitOrFinish();
  };

  #hasNothingToSend(nowMs: number): boolean {
    const dueMs = this.#retries.nextDueMs;
    return (dueMs === undefined || dueMs > nowMs) && (!this.#messages.isReadable || this.#isFull());
  }

  #isFull(): boolean {
    return this.#retries.size >= this.#maxWaitingRetries;
  }

  #takeNew(nowMs: number): Delivery | undefined {
    const message = this.#messages.tryReceive();
    if (message === undefined) return undefined;
    return { message, startedAtMs: this.#run.clock.now(), startedMs: nowMs, attempts: 0, tries: 0 };
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
    this.#control.signal.removeEventListener('abort', this.#pump);
    this.#resolve({ left: this.#left + this.#retries.size });
  }

  #wakeIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#run.clock.schedule(Math.max(1, Math.ceil(delayMs)), this.#pump);
  }

  async #attempt(delivery: Delivery, passage: Passage): Promise<void> {
    const { counts } = this.#control;
    this.#slotsInUse++;
    counts.inFlight++;
    counts.attempts++;
    if (delivery.attempts++ > 0) counts.retries++;
    delivery.tries++;
    try {
      const answer = await this.#channel.send(delivery.message);
      counts.inFlight--;
      const result = await this.#settle(delivery, answer, passage);
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
  #settle(delivery: Delivery, answer: Answer, passage: Passage): SendResult | undefined | Promise<undefined> {
    if (answer.class === 'throttled') this.#control.counts.throttled++;
    if (passage.isProbe && isDown(answer)) delivery.tries--;
    const ending = this.#endpoint.answered(answer, passage, this.#judge.backoff.pauseMs(delivery.tries));
    if (answer.class === 'refresh') return this.#refresh(delivery, answer, passage);
    const verdict = this.#judge.verdict(delivery, answer);
    if (ending !== undefined) this.#control.stop(ending);
    if (verdict.kind === 'result') return verdict.result;
    if (verdict.kind === 'left' || this.#control.signal.aborted) this.#left++;
    else this.#retries.add(delivery, verdict.dueMs);
    return undefined;
  }

  async #refresh(delivery: Delivery, answer: Answer, passage: Passage): Promise<undefined> {
    if (await this.#judge.refresh(passage)) {
      delivery.tries--;
      this.#retries.add(delivery, this.#run.clock.monotonic());
    } else {
      this.#judge.verdict(delivery, answer);
      this.#left++;
    }
    return undefined;
  }
}
