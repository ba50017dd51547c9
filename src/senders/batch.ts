import { sleep } from '../clock.js';
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
import { MISSING_IN_ANSWER } from './answers.js';
import { Assembly, type Batch } from './assembly.js';
import type { Delivery } from './delivery.js';
import { Endpoint, type Passage } from './endpoint.js';
import { SENDER_FIELDS, type SenderOptions, withDefaults } from './fields.js';
import { Judge, type Verdict } from './judge.js';

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
    outline: {
      channel: options.channel,
      concurrency: 1,
      rateLimit: withDefaults(options).rateLimit,
      itemsPerRequest: options.maxItems ?? DEFAULTS.maxItems,
    },
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

/** A batch that waits looks this often whether a person has let it go on. */
const LOOK_EVERY_MS = 500;

/**
 * One run of the sender: assemble a batch, wait until the endpoint lets it pass, send it, settle each message, again.
 *
 * A batch that may have got through or was not taken goes again as it was, under the same key, as long as one of its
 * messages has an attempt left. One that was refused as a whole is halved until the message that spoils it stands alone;
 * that costs no attempts. Of one that was taken each message has its own outcome, and only those to be tried again go,
 * together, into a later batch.
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
      control.live,
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
      for (const [delivery, answer] of unsendable) {
        const told = this.#judge.concealed([delivery.message], answer);
        await this.#put(this.#judge.result(delivery, told, 'rejected'));
      }
      if (batch !== undefined) await this.#sendInTurn(batch, signal);
      else if (unsendable.length === 0) break;
    }
    return { left: this.#left + this.#assembly.size };
  }

  /** Waits until a request may leave; at the Stop the batch is left. */
  async #sendInTurn(batch: Batch, signal: AbortSignal): Promise<void> {
    const { clock } = this.#run;
    for (;;) {
      const nowMs = clock.monotonic();
      const delayMs = Math.max(batch.dueMs - nowMs, this.#endpoint.delayMs(nowMs));
      if (signal.aborted || (delayMs <= 0 && this.#control.maySend?.() === false)) break;
      if (delayMs <= 0) return this.#send(batch.deliveries, this.#endpoint.pass(nowMs));
      await sleep(clock, Math.min(Math.max(1, Math.ceil(delayMs)), LOOK_EVERY_MS), signal);
    }
    this.#left += batch.deliveries.length;
  }

  async #send(deliveries: readonly Delivery[], passage: Passage): Promise<void> {
    const { counts } = this.#control;
    counts.inFlight++;
    counts.attempts++;
    if (deliveries.some(({ attempts }) => attempts > 0)) counts.retries++;
    for (const delivery of deliveries) this.#judge.leaves(delivery);
    const messages = deliveries.map(({ message }) => message);
    let answer: BatchAnswer;
    try {
      answer = await this.#channel.send(messages);
    } catch (thrown) {
      this.#left += deliveries.length;
      return this.#control.stop(toRtnError(thrown), deliveries[0]?.message);
    } finally {
      counts.inFlight--;
    }
    await this.#take(deliveries, this.#judge.concealedBatch(messages, answer), passage);
  }

  async #take(
    deliveries: readonly Delivery[],
    { whole, items }: BatchAnswer,
    passage: Passage,
  ): Promise<void> {
    const isTaken = whole.class === 'sent';
    const told = isTaken && items !== undefined ? deliveries.map((_, index) => items[index]) : undefined;
    const answers = told?.map((answer) => answer ?? MISSING_IN_ANSWER) ?? [whole];
    const pauseMs = Math.max(...deliveries.map((delivery) => this.#judge.pauseMs(delivery)));
    const ending = this.#endpoint.answered(whole, passage, pauseMs, answers);
    if (ending !== undefined) this.#control.stop(ending, deliveries[0]?.message);
    if (isTaken) await this.#settleEach(deliveries, told ?? deliveries.map(() => whole), passage);
    else if (whole.class === 'rejected' && deliveries.length > 1) this.#halve(deliveries);
    else await this.#settleWhole(deliveries, whole, passage);
  }

  /** Those that go again go together, when the last of them is due. */
  async #settleEach(
    deliveries: readonly Delivery[],
    answers: readonly (Answer | undefined)[],
    passage: Passage,
  ): Promise<void> {
    const again: Delivery[] = [];
    let dueMs = 0;
    for (const [index, delivery] of deliveries.entries()) {
      const verdict = await this.#verdict(delivery, answers[index], passage);
      if (verdict.kind === 'again') {
        dueMs = Math.max(dueMs, verdict.dueMs);
        again.push(delivery);
      } else await this.#settle(verdict);
    }
    for (const delivery of again) this.#assembly.retry(delivery, dueMs);
  }

  async #verdict(delivery: Delivery, answer: Answer | undefined, passage: Passage): Promise<Verdict> {
    if (answer === undefined) return this.#judge.result(delivery, MISSING_IN_ANSWER, 'failed');
    if (answer.class === 'refresh' && (await this.#judge.renewed(delivery)))
      return { kind: 'again', dueMs: this.#run.clock.monotonic() };
    return this.#judge.verdict(delivery, answer, passage);
  }

  #halve(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) delivery.tries--;
    this.#assembly.halve(deliveries);
  }

  /** All of a batch share one fate, or its key would change: it goes again while any of them may. */
  async #settleWhole(deliveries: readonly Delivery[], whole: Answer, passage: Passage): Promise<void> {
    const verdicts: Verdict[] = [];
    for (const delivery of deliveries) verdicts.push(await this.#verdict(delivery, whole, passage));
    const again = verdicts.find((verdict) => verdict.kind === 'again');
    if (again !== undefined) this.#assembly.again(deliveries, again.dueMs);
    else for (const verdict of verdicts) await this.#settle(verdict);
  }

  async #settle(verdict: Verdict): Promise<void> {
    if (verdict.kind === 'result') await this.#put(verdict);
    else this.#left++;
  }

  async #put({ result }: Verdict & { readonly kind: 'result' }): Promise<void> {
    if (!this.#results.trySend(result)) await this.#results.send(result);
  }
}
