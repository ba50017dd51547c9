import type { Clock } from '../clock.js';
import { DueQueue } from '../due-queue.js';
import type { Answer, BatchChannel } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message } from '../pipeline/record.js';
import { unsendable } from './answers.js';
import { type Delivery, deliveryOf } from './delivery.js';
import { type BatchLimits, OpenBatch } from './open-batch.js';

/** Messages that go in one request. */
export interface Batch {
  readonly deliveries: readonly Delivery[];
  /** Not before then (monotonic). */
  readonly dueMs: number;
}

interface Next {
  /** Undefined when nothing is left to send, or at the Stop, or when there are only rejected messages for now. */
  readonly batch: Batch | undefined;
  /** Messages whose row makes no request, with the answer that says so. */
  readonly unsendable: readonly (readonly [Delivery, Answer])[];
}

/**
 * Makes batches out of what waits: first whole batches that go again and halves of refused ones, then messages to be
 * tried again that are due, then new ones. A batch ends when it is full by items or bytes, when `lingerMs` have passed
 * since its first message, or at once when no more can come.
 */
export class Assembly {
  readonly #messages: Queue<Message>;
  readonly #channel: BatchChannel;
  readonly #clock: Clock;
  readonly #limits: BatchLimits;
  readonly #whole: Batch[] = [];
  readonly #retries = new DueQueue<Delivery>();
  /** What did not fit any more; it begins the next batch. */
  #rest: Delivery | undefined;
  #wakeUp: (() => void) | undefined;

  constructor(messages: Queue<Message>, channel: BatchChannel, clock: Clock, limits: BatchLimits) {
    this.#messages = messages;
    this.#channel = channel;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Messages taken from the queue that wait here. */
  get size(): number {
    const inBatches = this.#whole.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    return inBatches + this.#retries.size + (this.#rest === undefined ? 0 : 1);
  }

  /** These go again as they are: the same messages in the same order, and nothing before them. */
  again(deliveries: readonly Delivery[], dueMs: number): void {
    this.#whole.unshift({ deliveries, dueMs });
  }

  /** Two batches of half of these each. */
  halve(deliveries: readonly Delivery[]): void {
    const middle = Math.ceil(deliveries.length / 2);
    this.again(deliveries.slice(middle), 0);
    this.again(deliveries.slice(0, middle), 0);
  }

  /** One message goes again, in whatever batch comes after. */
  retry(delivery: Delivery, dueMs: number): void {
    this.#retries.add(delivery, dueMs);
  }

  /** Waits for the next batch. */
  async next(signal: AbortSignal): Promise<Next> {
    const whole = signal.aborted ? undefined : this.#whole.shift();
    if (whole !== undefined) return { batch: whole, unsendable: [] };
    const rejected: [Delivery, Answer][] = [];
    const open = new OpenBatch(this.#limits);
    while (!signal.aborted && !open.isFull) {
      const delivery = this.#take();
      if (delivery === undefined) {
        const isWorthWaiting = rejected.length === 0 && this.#clock.monotonic() < open.untilMs;
        if (!isWorthWaiting || this.#isLast(open)) break;
        await this.#wait(open.untilMs, signal);
      } else if (!this.#add(delivery, open, rejected)) break;
    }
    const batch = open.size === 0 ? undefined : { deliveries: open.deliveries, dueMs: 0 };
    if (batch === undefined || !signal.aborted) return { batch, unsendable: rejected };
    this.#whole.push(batch);
    return { batch: undefined, unsendable: rejected };
  }

  /** Whether nothing can come that is worth waiting for. */
  #isLast(open: OpenBatch): boolean {
    return this.#messages.isDone && (open.size > 0 || this.#retries.size === 0);
  }

  #take(): Delivery | undefined {
    const rest = this.#rest ?? this.#retries.takeDue(this.#clock.monotonic());
    this.#rest = undefined;
    if (rest !== undefined) return rest;
    const message = this.#messages.tryReceive();
    return message === undefined
      ? undefined
      : deliveryOf(message, this.#clock.now(), this.#clock.monotonic());
  }

  /** False when the delivery does not fit any more: it is kept for the next batch. */
  #add(delivery: Delivery, open: OpenBatch, rejected: [Delivery, Answer][]): boolean {
    try {
      const bytes = this.#channel.bytesOf(delivery.message);
      const match = this.#channel.matchOf(delivery.message);
      if (open.add(delivery, bytes, match, this.#clock.monotonic())) return true;
      this.#rest = delivery;
      return false;
    } catch (thrown) {
      rejected.push([delivery, unsendable(thrown)]);
      return true;
    }
  }

  /** Until a message comes, one falls due, the batch has lingered, or the signal is aborted. */
  async #wait(untilMs: number, signal: AbortSignal): Promise<void> {
    const dueMs = Math.min(untilMs, this.#retries.nextDueMs ?? Number.POSITIVE_INFINITY);
    await new Promise<void>((resolve) => {
      const delayMs = Math.max(1, Math.ceil(dueMs - this.#clock.monotonic()));
      const cancel =
        dueMs === Number.POSITIVE_INFINITY ? undefined : this.#clock.schedule(delayMs, this.#woken);
      this.#wakeUp = () => {
        cancel?.();
        signal.removeEventListener('abort', this.#woken);
        resolve();
      };
      signal.addEventListener('abort', this.#woken, { once: true });
      if (!this.#messages.isDone) this.#messages.whenReadable(this.#woken);
    });
  }

  readonly #woken = (): void => {
    const wakeUp = this.#wakeUp;
    this.#wakeUp = undefined;
    wakeUp?.();
  };
}
