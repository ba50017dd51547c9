import { RUNNER_EXIT } from '../exit.js';
import type { Ending } from '../pipeline/ending.js';

/**
 * SIGTERM and the first SIGINT ask for the End; a second signal of either kind is the Exit, at once. A closed pipe
 * on standard output or error (`| head`) ends nothing: what is printed then is dropped. `standing` says where the run
 * stands, for the last line of an Exit. Returns a function to call with the exit code once the run has ended: a signal
 * then only hurries the process, which would else die of it with a code that schedulers read otherwise.
 */
export function handleSignals(
  ending: Ending,
  tell: (message: string) => void,
  standing: () => string,
): (exitCode: number) => void {
  let signals = 0;
  let endedWith: number | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (endedWith !== undefined) process.exit(endedWith);
    signals++;
    if (signals > 1) {
      tell(`${signal}, the second signal: exits at once, ${standing()}`);
      process.exit(RUNNER_EXIT.temporary);
    }
    tell(`${signal}: reading stops; what was read is sent and logged. A second signal exits at once.`);
    ending.end(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
  };
  const ignoreClosedPipe = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  return (exitCode) => {
    endedWith = exitCode;
  };
}
