/** A first-in first-out list with constant-time ends: a ring that doubles when it is full. */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array(16);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length++) & (this.#ring.length - 1)] = item;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return item;
  }

  #grow(): void {
    const unrolled = [...this.#ring.slice(this.#head), ...this.#ring.slice(0, this.#head)];
    unrolled.length = this.#ring.length * 2;
    this.#ring = unrolled;
    this.#head = 0;
  }
}
