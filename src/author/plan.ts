import type { FileChange } from '../registry/tree.js';

/** What an author's verb is going to do: nothing is written until all of it is known to be right. */
export interface Plan {
  readonly changes: readonly FileChange[];
  /** One line a step, for the person who typed the verb. */
  readonly notes: readonly string[];
  /** The next command to type, where there is one. */
  readonly next?: string;
}

/** `git add` of what was changed, for a plan after which nothing is left to do; none where nothing changed. */
export function commitCommand(changes: readonly FileChange[]): Pick<Plan, 'next'> {
  const paths = [...new Set(changes.map(({ path }) => path))];
  return paths.length === 0 ? {} : { next: `git add ${paths.join(' ')} && git commit` };
}
