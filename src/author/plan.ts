import type { FileChange } from '../registry/tree.js';

/** What an author's verb is going to do: nothing is written until all of it is known to be right. */
export interface Plan {
  readonly changes: readonly FileChange[];
  /** One line a step, for the person who typed the verb. */
  readonly notes: readonly string[];
  /** The next command to type. */
  readonly next: string;
}
