import { RtnError } from '../error.js';
import type { Run } from './contract.js';
import type { Ending } from './ending.js';

/** Timers are set for at most this long: longer ones would fire at once (setTimeout), and wall time may jump meanwhile. */
const LONGEST_TIMER_MS = 60_000;

/** After an End: what is not sent within `drainTimeoutMs` is left. Returns what takes the timer away. */
export function startDrainTimer(run: Run, ending: Ending, drainTimeoutMs: number): () => void {
  let cancel = () => {};
  const start = () => {
    cancel = run.clock.schedule(drainTimeoutMs, () => {
      const message = `not everything that was read could be sent within the drain timeout of ${drainTimeoutMs} ms`;
      ending.stop(
        'drain',
        new RtnError('temporary', message, {
          next: 'start again; a longer policy.drain_timeout lets more be sent before the end',
        }),
      );
    });
  };
  if (ending.endSignal.aborted) start();
  else ending.endSignal.addEventListener('abort', start, { once: true });
  return () => {
    cancel();
    ending.endSignal.removeEventListener('abort', start);
  };
}

/** The latest time to send. */
export interface Deadline {
  /** False once it has passed; then the Stop has begun. */
  maySend(): boolean;
  cancel(): void;
}

/** Stops the run when `notAfterMs` (wall time) has come, whatever it is busy with. */
export function startDeadline(run: Run, ending: Ending, notAfterMs: number): Deadline {
  let cancel = () => {};
  const isPast = () => run.clock.now() >= notAfterMs;
  const check = () => {
    if (!isPast()) {
      cancel = run.clock.schedule(Math.min(notAfterMs - run.clock.now(), LONGEST_TIMER_MS), check);
      return;
    }
    const message = `the latest time to send, ${new Date(notAfterMs).toISOString()}, has passed`;
    ending.stop(
      'deadline',
      new RtnError('temporary', message, { next: 'start again with a later --not-after for the rest' }),
    );
  };
  check();
  return {
    maySend() {
      if (isPast()) check();
      return !isPast();
    },
    cancel: () => cancel(),
  };
}
