import type { FileChange } from '../registry/tree.js';
import { shellPath } from '../shell.js';

/** What an author's verb is going to do: nothing is written until all of it is known to be right. */
export interface Plan {
  readonly changes: readonly FileChange[];
  /** One line a step, for the person who typed the verb: what is done. */
  readonly notes: readonly string[];
  /** One line each: what to look out for, whether or not anything is done. */
  readonly cautions?: readonly string[];
  /** The next command to type, where there is one; `COMMIT` where nothing is left to do. */
  readonly next?: string | typeof COMMIT;
}

/** The next step is to commit whatever was changed, by all the plans of the verb together. */
export const COMMIT = Symbol('commit');

/** The next commands of a verb's plans, in order, each once. */
export function nextCommands(plans: readonly Plan[]): string[] {
  const commands = plans.flatMap(({ next }) => (typeof next === 'string' ? next : []));
  const done = plans.filter(({ next }) => next === COMMIT).flatMap(({ changes }) => changes);
  const paths = [...new Set(done.map(({ path }) => path))];
  const commit = paths.length === 0 ? [] : [`git add ${paths.map(shellPath).join(' ')} && git commit`];
  return [...new Set([...commands, ...commit])];
}
