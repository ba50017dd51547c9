import { RtnError } from '../error.js';
import { Fifo } from './fifo.js';

interface WaitingSender<T> {
  readonly items: readonly T[];
  /** How many of `items` have been admitted. */
  admitted: number;
  readonly settle: (admitted: number) => void;
  readonly fail: (error: Error) => void;
}

interface WaitingReceiver<T> {
  readonly max: number;
  readonly settle: (items: T[]) => void;
}

/**
 * A bounded channel between two coroutines, after Go's: first in, first out, for items and for those who wait.
 *
 * Capacity counts messages; 0 is a rendezvous, where a send ends when its item has been received. States: *open*,
 * *closed* (nothing more may be sent; what is buffered drains), *done* (closed and empty).
 *
 * Invariants:
 * - while a receiver waits, the buffer is empty and no sender waits;
 * - while a sender waits, the buffer is full;
 * - an item is admitted once: an aborted send admits nothing from then on, an aborted receive loses nothing.
 *
 * The owner of the sending side closes, as often as it likes. Sending on a closed queue, or closing while a send
 * waits, is a bug and throws. `trySend`, `trySendMany`, `tryReceive` make no promise; use them where there is room.
 */
export class Queue<T extends NonNullable<unknown>> {
  readonly capacity: number;
  readonly #buffer = new Fifo<T>();
  readonly #senders = new Set<WaitingSender<T>>();
  readonly #receivers = new Set<WaitingReceiver<T>>();
  readonly #listeners = new Set<() => void>();
  #isClosed = false;
  #isNotifying = false;
  #admitted = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 0) {
      throw new RtnError('internal', `a queue's capacity is a whole number from 0, got ${capacity}`);
    }
    this.capacity = capacity;
  }

  /** Items buffered now; those of waiting senders are not counted. */
  get length(): number {
    return this.#buffer.length;
  }

  /** Items ever admitted: received, or buffered now. */
  get admitted(): number {
    return this.#admitted;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether `tryReceive` would give an item now. */
  get isReadable(): boolean {
    return this.#buffer.length > 0 || this.#senders.size > 0;
  }

  /** True when nothing will ever be received again. */
  get isDone(): boolean {
    return this.#isClosed && this.#buffer.length === 0;
  }

  /** Admits the item if that needs no waiting. */
  trySend(item: T): boolean {
    if (this.#receivers.size > 0 || this.#isClosed) return this.trySendMany([item]) === 1;
    if (this.#buffer.length >= this.capacity) return false;
    this.#buffer.push(item);
    this.#admitted++;
    this.#notify();
    return true;
  }

  /** Admits as many of the items, from index `from`, as need no waiting; returns how many that were. */
  trySendMany(items: readonly T[], from = 0): number {
    if (this.#isClosed) throw new RtnError('internal', 'sent on a closed queue');
    let next = from;
    for (const receiver of this.#receivers) {
      if (next === items.length) break;
      this.#receivers.delete(receiver);
      const share = items.slice(next, next + receiver.max);
      next += share.length;
      receiver.settle(share);
    }
    while (next < items.length && this.#buffer.length < this.capacity) this.#buffer.push(items[next++] as T);
    this.#admitted += next - from;
    if (this.#buffer.length > 0) this.#notify();
    return next - from;
  }

  /** Waits for room; false when the signal was aborted first and nothing was admitted. */
  async send(item: T, signal?: AbortSignal): Promise<boolean> {
    return (await this.sendMany([item], signal)) === 1;
  }

  /** Admits what fits and waits with the rest; returns how many were admitted: all, unless the signal was aborted. */
  async sendMany(items: readonly T[], signal?: AbortSignal): Promise<number> {
    if (this.#isClosed) throw new RtnError('internal', 'sent on a closed queue');
    if (signal?.aborted) return 0;
    let admitted = 0;
    // Again while it admits any: a listener may take out at once what was put in.
    for (let more = 1; more > 0 && admitted < items.length; admitted += more)
      more = this.trySendMany(items, admitted);
    if (admitted === items.length) return admitted;
    return new Promise((resolve, reject) => {
      const sender: WaitingSender<T> = {
        items,
        admitted,
        settle: (count) => {
          signal?.removeEventListener('abort', abort);
          resolve(count);
        },
        fail: reject,
      };
      const abort = () => {
        this.#senders.delete(sender);
        resolve(sender.admitted);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#senders.add(sender);
      this.#notify();
    });
  }

  /** Takes an item if that needs no waiting. */
  tryReceive(): T | undefined {
    const item = this.#buffer.shift();
    if (item !== undefined) {
      if (this.#senders.size > 0) this.#refill();
      return item;
    }
    return this.#takeFromSender();
  }

  /** Waits for an item; undefined when the queue is done or the signal was aborted first. */
  async receive(signal?: AbortSignal): Promise<T | undefined> {
    return (await this.receiveMany(1, signal))[0];
  }

  /** Takes 1 to `max` items, waiting only for the first; none when the queue is done or the signal was aborted. */
  async receiveMany(max: number, signal?: AbortSignal): Promise<T[]> {
    const items: T[] = [];
    if (signal?.aborted) return items;
    for (let item = this.tryReceive(); item !== undefined; item = this.tryReceive()) {
      items.push(item);
      if (items.length === max) break;
    }
    if (items.length > 0 || this.isDone) return items;
    return new Promise((resolve) => {
      const receiver: WaitingReceiver<T> = {
        max,
        settle: (received) => {
          signal?.removeEventListener('abort', abort);
          resolve(received);
        },
      };
      const abort = () => {
        this.#receivers.delete(receiver);
        resolve([]);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#receivers.add(receiver);
    });
  }

  /**
   * Calls `listener` once, as soon as there is something to receive or the queue is closed, which may be now (from within a
   * listener: when that has returned). The same function registered twice is called once. For a consumer that waits for several things at a time.
   */
  whenReadable(listener: () => void): void {
    this.#listeners.add(listener);
    this.#notify();
  }

  /** No more will be sent: what is buffered drains, then receivers see the end. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const sender of this.#senders)
      sender.fail(new RtnError('internal', 'closed a queue while a send waited'));
    this.#senders.clear();
    for (const receiver of this.#receivers) receiver.settle([]);
    this.#receivers.clear();
    this.#notify();
  }

  /** A listener may register again while it is called. Its next turn comes here, not within this one: stacks stay flat. */
  #notify(): void {
    if (this.#isNotifying || this.#listeners.size === 0) return;
    this.#isNotifying = true;
    try {
      for (const listener of this.#listeners) {
        if (!this.isReadable && !this.#isClosed) return;
        this.#listeners.delete(listener);
        listener();
      }
    } finally {
      this.#isNotifying = false;
    }
  }

  /** Moves items of waiting senders into the room that a receive has made. */
  #refill(): void {
    while (this.#buffer.length < this.capacity) {
      const item = this.#takeFromSender();
      if (item === undefined) return;
      this.#buffer.push(item);
    }
  }

  #takeFromSender(): T | undefined {
    for (const sender of this.#senders) {
      const item = sender.items[sender.admitted++];
      this.#admitted++;
      if (sender.admitted === sender.items.length) {
        this.#senders.delete(sender);
        sender.settle(sender.admitted);
      }
      return item;
    }
    return undefined;
  }
}
