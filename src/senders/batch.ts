import type { ComponentSpec } from '../component.js';
import { RtnError, toRtnError } from '../error.js';
import type {
  Answer,
  BatchAnswer,
  BatchChannel,
  Channel,
  Run,
  SendControl,
  Sender,
  SendReport,
} from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message, SendResult } from '../pipeline/record.js';
import { Assembly, type Batch } from './assembly.js';
import type { Delivery } from './delivery.js';
import { Endpoint, isDown, type Passage } from './endpoint.js';
import { SENDER_FIELDS, type SenderOptions, withDefaults } from './fields.js';
import { Judge } from './judge.js';

const DEFAULTS = { maxItems: 500, maxBytes: 1_000_000, lingerMs: 200 } as const;

export const batchSenderSpec: ComponentSpec = {
  kind: 'sender',
  key: 'batch',
  construct: 'batchSender',
  description: 'Sends many messages by one request, exactly one request in flight.',
  isBatch: true,
  fields: {
    ...SENDER_FIELDS,
    max_items: {
      description: 'Most messages in one request.',
      schema: { type: 'integer', minimum: 1, maximum: 100_000, default: DEFAULTS.maxItems },
    },
    max_bytes: {
      description: 'Most bytes of messages in one request body; a larger message goes alone.',
      schema: { type: 'integer', minimum: 1, default: DEFAULTS.maxBytes },
    },
    linger: {
      description: 'Longest wait for a batch to fill; at the end of the input none.',
      schema: { default: `${DEFAULTS.lingerMs}ms` },
      isDuration: true,
      tuning: true,
    },
  },
};

export interface BatchSenderOptions extends SenderOptions {
  readonly channel: Channel;
  readonly maxItems?: number;
  readonly maxBytes?: number;
  readonly lingerMs?: number;
}

/** A sender with exactly one request in flight, which carries many messages: `use: batch`. */
export function batchSender(options: BatchSenderOptions): Sender {
  let run: Run | undefined;
  return {
    open(opened) {
      if (options.channel.batches === undefined)
        throw new RtnError('configuration', `the channel ${options.channel.key} cannot carry batches`, {
          next: 'use: async, or give the channel a body with `each` and `results`',
        });
      run = opened;
      return options.channel.open(opened, 1);
    },
    send(messages, results, control) {
      if (run === undefined || options.channel.batches === undefined)
        throw new Error('send was called before open');
      return new Batching(options, options.channel.batches, run, messages, results, control).run();
    },
    close: () => options.channel.close(),
  };
}

/**
 * One run of the sender: assemble a batch, wait until the endpoint lets it pass, send it, settle each message, again.
 *
 * A batch that may have got through or was not taken goes again as it was, under the same key. One that was refused as a
 * whole is halved until the message that spoils it stands alone. Of one that was taken each message has its own outcome,
 * and only those to be tried again go into a later batch.
 */
class Batching {
  readonly #channel: BatchChannel;
  readonly #run: Run;
  readonly #results: Queue<SendResult>;
  readonly #control: SendControl;
  readonly #assembly: Assembly;
  readonly #endpoint: Endpoint;
  readonly #judge: Judge;
  #left = 0;

  constructor(
    options: BatchSenderOptions,
    channel: BatchChannel,
    run: Run,
    messages: Queue<Message>,
    results: Queue<SendResult>,
    control: SendControl,
  ) {
    const settings = withDefaults(options);
    this.#channel = channel;
    this.#run = run;
    this.#results = results;
    this.#control = control;
    this.#endpoint = new Endpoint(
      { ...settings, concurrency: 1, isAdaptive: false, minConcurrency: 1 },
      run,
      control.counts,
    );
    this.#judge = new Judge(options.channel, run, control, settings);
    this.#assembly = new Assembly(messages, channel, run.clock, {
      maxItems: options.maxItems ?? DEFAULTS.maxItems,
      maxBytes: options.maxBytes ?? DEFAULTS.maxBytes,
      lingerMs: options.lingerMs ?? DEFAULTS.lingerMs,
    });
  }

  async run(): Promise<SendReport> {
    const { signal } = this.#control;
    while (!signal.aborted) {
      const { batch, unsendable } = await this.#assembly.next(signal);
      for (const { delivery, answer } of unsendable) await this.#settle(delivery, answer);
      if (batch === undefined) {
        if (unsendable.length > 0) continue;
        break;
      }
      const passage = await this.#passage(batch, signal);
      if (passage === undefined) this.#left += batch.deliveries.length;
      else await this.#send(batch, passage);
    }
    return { left: this.#left + this.#assembly.size };
  }

  /** Waits until a request may leave; undefined at the Stop. */
  async #passage({ dueMs }: Batch, signal: AbortSignal): Promise<Passage | undefined> {
    const { clock } = this.#run;
    for (;;) {
      if (signal.aborted) return undefined;
      const nowMs = clock.monotonic();
      const delayMs = Math.max(dueMs - nowMs, this.#endpoint.delayMs(nowMs));
      if (delayMs <= 0) return this.#control.maySend?.() === false ? undefined : this.#endpoint.pass(nowMs);
      await this.#assembly.sleep(delayMs, signal);
    }
  }

  async #send(batch: Batch, passage: Passage): Promise<void> {
    const { counts } = this.#control;
    counts.inFlight++;
    counts.attempts++;
    if (batch.isRepeat) counts.retries++;
    for (const delivery of batch.deliveries) {
      delivery.attempts++;
      delivery.tries++;
    }
    try {
      const answer = await this.#channel.send(batch.deliveries.map(({ message }) => message));
      counts.inFlight--;
      await this.#take(batch, answer, passage);
    } catch (thrown) {
      counts.inFlight--;
      this.#left += batch.deliveries.length;
      this.#control.stop(toRtnError(thrown));
    }
  }

  async #take(batch: Batch, { whole, items }: BatchAnswer, passage: Passage): Promise<void> {
    const { deliveries } = batch;
    if (whole.class === 'throttled') this.#control.counts.throttled++;
    if (passage.isProbe && isDown(whole)) for (const delivery of deliveries) delivery.tries--;
    // That a request was taken says nothing yet of what it carried.
    const seen = whole.class === 'sent' && items !== undefined ? [] : [whole];
    const pauseMs = this.#judge.backoff.pauseMs(deliveries[0]?.tries ?? 1);
    let ending = seen.length > 0 ? this.#endpoint.answered(whole, passage, pauseMs) : undefined;
    if (seen.length === 0)
      for (const item of items ?? []) ending ??= this.#endpoint.answered(item ?? MISSING, passage, pauseMs);
    if (ending !== undefined) this.#control.stop(ending);
    if (whole.class === 'sent') await this.#settleEach(deliveries, items ?? deliveries.map(() => whole));
    else if (whole.class === 'rejected' && deliveries.length > 1) this.#assembly.halve(deliveries);
    else if (whole.class === 'refresh' && (await this.#judge.refresh(passage)))
      this.#assembly.again(batch, 0);
    else await this.#wholeAgain(batch, whole);
  }

  async #settleEach(
    deliveries: readonly Delivery[],
    answers: readonly (Answer | undefined)[],
  ): Promise<void> {
    for (const [index, delivery] of deliveries.entries()) {
      const answer = answers[index];
      if (answer === undefined) await this.#put(this.#judge.failed(delivery, MISSING));
      else await this.#settle(delivery, answer);
    }
  }

  /** A batch goes again as it was, as long as its messages may; those that have no attempt left are settled. */
  async #wholeAgain(batch: Batch, whole: Answer): Promise<void> {
    const verdicts = batch.deliveries.map((delivery) => this.#judge.verdict(delivery, whole));
    const dueMs = Math.max(...verdicts.map((verdict) => (verdict.kind === 'again' ? verdict.dueMs : 0)));
    const rest = batch.deliveries.filter((_, index) => verdicts[index]?.kind === 'again');
    this.#left += verdicts.filter(({ kind }) => kind === 'left').length;
    for (const verdict of verdicts) if (verdict.kind === 'result') await this.#put(verdict.result);
    if (rest.length > 0) this.#assembly.again({ ...batch, deliveries: rest }, dueMs);
  }

  async #settle(delivery: Delivery, answer: Answer): Promise<void> {
    const verdict = this.#judge.verdict(delivery, answer);
    if (verdict.kind === 'result') await this.#put(verdict.result);
    else if (verdict.kind === 'again') this.#assembly.retry(delivery, verdict.dueMs);
    else this.#left++;
  }

  async #put(result: SendResult): Promise<void> {
    if (!this.#results.trySend(result)) await this.#results.send(result);
  }
}

/** The provider took the request and said nothing of this message. */
const MISSING: Answer = {
  class: 'rejected',
  httpStatus: null,
  providerId: null,
  errorCode: 'missing_in_answer',
  errorText: 'the answer has no outcome for this message',
  retryAfterMs: null,
};
