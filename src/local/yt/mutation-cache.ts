import type { Clock } from '../../clock.js';
import { type Call, flag, optionalText, type Result, type Streamed } from './call.js';

type Answer = Result | Streamed | undefined;

/** How long an answer is kept for a repeat of its mutation. */
const KEEP_MS = 600_000;

/** Carries a mutation out once: a repeat under the same `mutation_id` with `retry` gets the first one's answer, also when what that relied on has ended since. */
export class MutationCache {
  readonly #answers = new Map<string, { readonly atMs: number; readonly answer: Promise<Answer> }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  once(call: Pick<Call, 'parameters'>, execute: () => Promise<Answer>): Promise<Answer> {
    const id = optionalText(call, 'mutation_id');
    if (id === undefined) return execute();
    const known = flag(call, 'retry') ? this.#answers.get(id) : undefined;
    if (known !== undefined) return known.answer;
    this.#forgetOld();
    const answer = execute();
    answer.catch(() => {});
    this.#answers.set(id, { atMs: this.#clock.monotonic(), answer });
    return answer;
  }

  #forgetOld(): void {
    const beforeMs = this.#clock.monotonic() - KEEP_MS;
    for (const [id, { atMs }] of this.#answers) {
      if (atMs >= beforeMs) return;
      this.#answers.delete(id);
    }
  }
}
