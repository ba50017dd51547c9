import { type Clock, sleep } from '../clock.js';
import type { Change, History, Standing } from './history.js';

/** So long after the store has refused a change that must be written it is asked again. */
const AGAIN_MS = 10_000;

interface LanesOptions {
  readonly clock: Clock;
  readonly history: History;
  /** Aborted once there is nothing more to write for. */
  readonly left: AbortSignal;
  tellError(schedule: string, thrown: unknown): void;
}

/** The changes of each schedule, one after the other; those of several go side by side. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** A change, and what is to be done with it before the next one. */
  change<Result extends Change>(
    name: string,
    decide: (standing: Standing) => Result,
    then?: (result: Result) => void,
  ): Promise<Result> {
    const { history } = this.#options;
    return this.#inLane(name, async () => {
      const result = await history.change(name, decide);
      then?.(result);
      return result;
    });
  }

  /** One that must be written: goes on while the store does not answer. Throws once the server has left. */
  async keepTrying<Result extends Change>(
    name: string,
    decide: (standing: Standing) => Result,
    onRefused: () => void = () => {},
  ): Promise<Result> {
    const { clock, left, tellError } = this.#options;
    for (;;) {
      try {
        return await this.change(name, decide);
      } catch (thrown) {
        onRefused();
        if (left.aborted) throw thrown;
        tellError(name, thrown);
        await sleep(clock, AGAIN_MS, left);
      }
    }
  }

  #inLane<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const now = before.then(work, work);
    this.#last.set(
      name,
      now.catch(() => {}),
    );
    return now;
  }
}
