import { randomUUID } from 'node:crypto';
import { RtnError } from '../error.js';
import type { Message, Row } from '../pipeline/record.js';

/**
 * The body of a batch: a constant text around the list of items. Each row is made into JSON once, however often its
 * message goes, and a body is put together of the texts.
 *
 * A text lives as long as its message does: nobody has to say that a message is done with.
 */
export class Frame {
  readonly #head: string;
  readonly #tail: string;
  readonly #each: (row: Row) => unknown;
  readonly #texts = new WeakMap<Message, string>();

  /** `body` gives the value around the items it is handed. Throws `configuration` where it does not hold them once. */
  constructor(body: (items: unknown) => unknown, each: (row: Row) => unknown) {
    const mark = randomUUID();
    const parts = (JSON.stringify(body(mark)) ?? '').split(`"${mark}"`);
    const [head, tail] = parts;
    if (head === undefined || tail === undefined || parts.length !== 2)
      throw new RtnError('configuration', 'the body of a batch must hold its items exactly once');
    this.#head = head;
    this.#tail = tail;
    this.#each = each;
  }

  /** A message's part of a body. Throws `data` where the row gives none. */
  textOf(message: Message): string {
    const known = this.#texts.get(message);
    if (known !== undefined) return known;
    const text = JSON.stringify(this.#each(message.row));
    if (text === undefined) throw new RtnError('data', 'the row gives nothing to send');
    this.#texts.set(message, text);
    return text;
  }

  bodyOf(messages: readonly Message[]): string {
    return `${this.#head}[${messages.map((message) => this.textOf(message)).join(',')}]${this.#tail}`;
  }
}
