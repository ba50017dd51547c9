/** Milliseconds over which a shown rate is averaged. */
const WINDOW_MS = 3_000;

/** How fast a number has grown over the last few seconds. */
export class RateWindow {
  readonly #samples: { readonly atMs: number; readonly value: number }[] = [];

  sample(atMs: number, value: number): void {
    this.#samples.push({ atMs, value });
    while ((this.#samples[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** 0 until there are two samples. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return ((last.value - first.value) * 1_000) / (last.atMs - first.atMs);
  }
}
