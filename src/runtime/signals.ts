import { RUNNER_EXIT } from '../exit.js';

export interface SignalHandling {
  /** The first signal: what is under way comes to its end. */
  end(signal: 'SIGTERM' | 'SIGINT'): void;
  /** What that means, for the line that tells it. */
  readonly effect: string;
  tell(message: string): void;
  /** Where the run stands, for the last line of an Exit. */
  standing(): string;
}

/**
 * SIGTERM and the first SIGINT ask for the End; a second signal of either kind is the Exit, at once. A closed pipe
 * on standard output or error (`| head`) ends nothing: what is printed then is dropped. Returns a function to call with
 * the exit code once the run has ended: a signal then only hurries the process, which would else die of it with a code
 * that schedulers read otherwise.
 */
export function handleSignals({ end, effect, tell, standing }: SignalHandling): (exitCode: number) => void {
  let signals = 0;
  let endedWith: number | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (endedWith !== undefined) process.exit(endedWith);
    signals++;
    if (signals > 1) {
      tell(`${signal}, the second signal: exits at once, ${standing()}`);
      process.exit(RUNNER_EXIT.temporary);
    }
    tell(`${signal}: ${effect}. A second signal exits at once.`);
    end(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
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
