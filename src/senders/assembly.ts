import type { Clock } from '../clock.js';
import { oneLine, toRtnError } from '../error.js';
import type { Answer, BatchChannel } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Message } from '../pipeline/record.js';
import type { Delivery } from './delivery.js';
import { Retries } from './retries.js';

export interface AssemblyOptions {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly lingerMs: number;
}

/** Messages that go in one request. */
export interface Batch {
  readonly deliveries: readonly Delivery[];
  /** Not before then (monotonic). */
  readonly dueMs: number;
  /** Whether these messages went together before. */
  readonly isRepeat: boolean;
}

/** A message whose row makes no request, with the answer that says so. */
export interface Unsendable {
  readonly delivery: Delivery;
  readonly answer: Answer;
}

interface Next {
  /** Undefined when nothing is left to send, or at the Stop. */
  readonly batch: Batch | undefined;
  readonly unsendable: readonly Unsendable[];
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
  readonly #options: AssemblyOptions;
  readonly #whole: Batch[] = [];
  readonly #retries = new Retries<Delivery>();
  /** What did not fit any more; it begins the next batch. */
  #rest: Delivery | undefined;
  #wakeUp: (() => void) | undefined;

  constructor(messages: Queue<Message>, channel: BatchChannel, clock: Clock, options: AssemblyOptions) {
    this.#messages = messages;
    this.#channel = channel;
    this.#clock = clock;
    this.#options = options;
  }

  /** Messages taken from the queue that wait here. */
  get size(): number {
    const inBatches = this.#whole.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    return inBatches + this.#retries.size + (this.#rest === undefined ? 0 : 1);
  }

  /** The batch goes again as it is. */
  again({ deliveries }: Batch, dueMs: number): void {
    this.#whole.unshift({ deliveries, dueMs, isRepeat: true });
  }

  /** Two batches of half of these each. */
  halve(deliveries: readonly Delivery[]): void {
    const middle = Math.ceil(deliveries.length / 2);
    const half = (part: readonly Delivery[]): Batch => ({ deliveries: part, dueMs: 0, isRepeat: true });
    this.#whole.unshift(half(deliveries.slice(0, middle)), half(deliveries.slice(middle)));
  }

  /** One message goes again, in whatever batch comes after. */
  retry(delivery: Delivery, dueMs: number): void {
    this.#retries.add(delivery, dueMs);
  }

  /** Waits for the next batch. */
  async next(signal: AbortSignal): Promise<Next> {
    const whole = this.#whole.shift();
    if (whole !== undefined) return { batch: whole, unsendable: [] };
    const unsendable: Unsendable[] = [];
    const open = new OpenBatch(this.#options);
    while (!signal.aborted && !open.isFull) {
      const delivery = this.#take();
      if (delivery !== undefined) {
        if (!this.#add(delivery, open, unsendable)) break;
        continue;
      }
      const isLast = this.#messages.isDone && (open.size > 0 || this.#retries.size === 0);
      const nowMs = this.#clock.monotonic();
      const untilMs = open.sinceMs === undefined ? undefined : open.sinceMs + this.#options.lingerMs;
      if (isLast || unsendable.length > 0 || (untilMs !== undefined && nowMs >= untilMs)) break;
      await this.#wait(untilMs, nowMs, signal);
    }
    if (signal.aborted && open.size > 0) {
      this.#whole.push({ deliveries: open.deliveries, dueMs: 0, isRepeat: false });
      return { batch: undefined, unsendable };
    }
    const isRepeat = open.deliveries.some(({ attempts }) => attempts > 0);
    return {
      batch: open.size === 0 ? undefined : { deliveries: open.deliveries, dueMs: 0, isRepeat },
      unsendable,
    };
  }

  /** Waits, but not beyond the abort of the signal. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.#clock.schedule(Math.max(1, Math.ceil(delayMs)), wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #take(): Delivery | undefined {
    if (this.#rest !== undefined) {
      const rest = this.#rest;
      this.#rest = undefined;
      return rest;
    }
    const nowMs = this.#clock.monotonic();
    const due = this.#retries.takeDue(nowMs);
    if (due !== undefined) return due;
    const message = this.#messages.tryReceive();
    if (message === undefined) return undefined;
    return { message, startedAtMs: this.#clock.now(), startedMs: nowMs, attempts: 0, tries: 0 };
  }

  /** False when the delivery does not fit any more: it is kept for the next batch. */
  #add(delivery: Delivery, open: OpenBatch, unsendable: Unsendable[]): boolean {
    try {
      const bytes = this.#channel.bytesOf(delivery.message);
      if (open.add(delivery, bytes, this.#channel.matchOf(delivery.message), this.#clock.monotonic()))
        return true;
      this.#rest = delivery;
      return false;
    } catch (thrown) {
      unsendable.push({ delivery, answer: unsendableAnswer(thrown) });
      return true;
    }
  }

  /** Until a message comes, one falls due, the batch has lingered, or the signal is aborted. */
  async #wait(untilMs: number | undefined, nowMs: number, signal: AbortSignal): Promise<void> {
    const dueMs = Math.min(
      untilMs ?? Number.POSITIVE_INFINITY,
      this.#retries.nextDueMs ?? Number.POSITIVE_INFINITY,
    );
    await new Promise<void>((resolve) => {
      const cancel =
        dueMs === Number.POSITIVE_INFINITY
          ? () => {}
          : this.#clock.schedule(Math.max(1, Math.ceil(dueMs - nowMs)), () => this.#woken());
      this.#wakeUp = () => {
        cancel();
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

/** A batch while it fills. */
class OpenBatch {
  readonly deliveries: Delivery[] = [];
  /** When its first message came. */
  sinceMs: number | undefined;
  readonly #options: AssemblyOptions;
  readonly #matches = new Set<string>();
  #bytes = 0;

  constructor(options: AssemblyOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.deliveries.length;
  }

  get isFull(): boolean {
    return this.size >= this.#options.maxItems || this.#bytes >= this.#options.maxBytes;
  }

  /** False when it does not fit: too many bytes, or its answer could not be told from another's. */
  add(delivery: Delivery, bytes: number, match: string | null, nowMs: number): boolean {
    const isTwin = match !== null && this.#matches.has(match);
    if (this.size > 0 && (isTwin || this.#bytes + bytes > this.#options.maxBytes)) return false;
    if (match !== null) this.#matches.add(match);
    this.#bytes += bytes;
    this.sinceMs ??= nowMs;
    this.deliveries.push(delivery);
    return true;
  }
}

function unsendableAnswer(thrown: unknown): Answer {
  return {
    class: 'rejected',
    httpStatus: null,
    providerId: null,
    errorCode: 'unsendable_row',
    errorText: oneLine(toRtnError(thrown).message),
    retryAfterMs: null,
  };
}
