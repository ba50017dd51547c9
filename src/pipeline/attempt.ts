import { toRtnError } from '../error.js';
import type { Run } from './contract.js';
import type { Ending, Stage } from './ending.js';

/** Does a step; a failure stops the run. */
export async function attempt(ending: Ending, stage: Stage, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    ending.stop(stage, toRtnError(thrown));
  }
}

/** Does a step whose failure is only told. */
export async function warnOnError(run: Run, what: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    run.warn(`${what}: ${toRtnError(thrown).message}`);
  }
}
