import type { ErrorCode } from './error.js';

/** Exit codes of `rtn`. 0 is never given when the question could not be answered. */
export const COMMAND_EXIT = { ok: 0, findings: 1, usage: 2, undetermined: 3, internal: 70 } as const;

/**
 * Exit codes of runners, after sysexits(3). Schedulers' retry policies follow from this table: 64, 77 and 78 fail
 * the whole job; 65 and 70 this shard; 69, 74 and 75 are worth another try.
 */
export const RUNNER_EXIT = {
  ok: 0,
  usage: 64,
  data: 65,
  unavailable: 69,
  internal: 70,
  storage: 74,
  temporary: 75,
  credentials: 77,
  configuration: 78,
} as const;

/** In place of a code that asks for another start, where there has been the last one. Of no runner by itself. */
export const GIVEN_UP_EXIT = 76;

/** What is done after a runner's exit: nothing more, another start, or none for this part of the run, or for all of it. */
export type AfterExit = 'done' | 'retry' | 'fail-shard' | 'fail-job';

const AFTER_EXIT: Readonly<Record<keyof typeof RUNNER_EXIT, AfterExit>> = {
  ok: 'done',
  usage: 'fail-job',
  data: 'fail-shard',
  unavailable: 'retry',
  internal: 'fail-shard',
  storage: 'retry',
  temporary: 'retry',
  credentials: 'fail-job',
  configuration: 'fail-job',
};

/** The runners' exit codes after which that is done, ascending: retry and failure policies of schedulers are made of it. */
export function exitCodes(...after: readonly AfterExit[]): number[] {
  return Object.entries(RUNNER_EXIT)
    .filter(([name]) => after.includes(AFTER_EXIT[name as keyof typeof RUNNER_EXIT]))
    .map(([, code]) => code)
    .sort((a, b) => a - b);
}

/** The exit code of a runner that ended with an error of this code. */
export function runnerExit(code: ErrorCode): number {
  return code === 'undetermined' ? RUNNER_EXIT.configuration : RUNNER_EXIT[code];
}

/** The exit code of an `rtn` verb that threw an error of this code (findings are not thrown). */
export function commandExit(code: ErrorCode): number {
  switch (code) {
    case 'usage':
      return COMMAND_EXIT.usage;
    case 'internal':
      return COMMAND_EXIT.internal;
    case 'undetermined':
      return COMMAND_EXIT.undetermined;
    default:
      return COMMAND_EXIT.findings;
  }
}
