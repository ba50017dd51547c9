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
