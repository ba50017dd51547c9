import type { RtnError } from '../error.js';

/** Why reading ended before the input did: a signal's name. */
export type EndCause = 'SIGTERM' | 'SIGINT' | 'rtn runs stop';

/** What can stop a run: a stage that failed, or one of the rules around them. */
export type Stage =
  | 'reader'
  | 'admission'
  | 'sender'
  | 'log'
  /** The memory of the run could not be written, or another runner has taken the run over. */
  | 'ledger'
  /** The spill file could not be written either. */
  | 'spill'
  /** The rows of a stream that are left could not be kept. */
  | 'replay'
  /** More failed or was rejected than the operation's policy allows. */
  | 'threshold'
  /** What was read could not be sent within the drain timeout. */
  | 'drain'
  /** The latest time to send (`--not-after`) was reached. */
  | 'deadline'
  /** A person stopped the run while it was paused, so that nothing more may be sent. */
  | 'control'
  /** A person did not confirm. */
  | 'confirmation'
  /** The balance does not come out: our bug. */
  | 'pipeline';

/** Where in the input it was: the message, as far as one is known. */
export interface Place {
  readonly id?: string | undefined;
  readonly position: number;
}

/** Which stage failed, and how. */
export interface StopCause {
  readonly stage: Stage;
  readonly error: RtnError;
  readonly at?: Place | undefined;
}

/**
 * How a run ends. States, in order, each entered once: *running*, *ending* (End: reading stops, what was read is sent
 * and logged), *stopping* (Stop: no new request leaves; requests in flight finish, results already there are logged).
 * A Stop is an End too. The third ending, Exit at once, belongs to the process (runtime/signals.ts).
 *
 * A run stops for the first failure. Time that has run out is none: what fails after it takes its place.
 */
export class Ending {
  readonly #end = new AbortController();
  readonly #stop = new AbortController();
  readonly #further: StopCause[] = [];
  #endCause: EndCause | undefined;
  #stopCause: StopCause | undefined;

  /** Aborted when reading should stop. */
  get endSignal(): AbortSignal {
    return this.#end.signal;
  }

  /** Aborted when nothing more may be sent. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Set when somebody asked for the end; undefined when the input simply ended. */
  get endCause(): EndCause | undefined {
    return this.#endCause;
  }

  /** The failure that decides how the run ends. */
  get stopCause(): StopCause | undefined {
    return this.#stopCause;
  }

  /** What else failed, the first of each stage: it may follow from the cause, or cost something of its own. */
  get further(): readonly StopCause[] {
    return this.#further;
  }

  /** Whether a failure of this kind was among those that stopped the run. */
  hasStoppedFor(isKind: (error: RtnError) => boolean): boolean {
    const causes = this.#stopCause === undefined ? [] : [this.#stopCause, ...this.#further];
    return causes.some(({ error }) => isKind(error));
  }

  end(cause: EndCause): void {
    if (this.#end.signal.aborted) return;
    this.#endCause = cause;
    this.#end.abort();
  }

  stop(stage: Stage, error: RtnError, at?: Place): void {
    const cause: StopCause = { stage, error, at };
    if (this.#stopCause === undefined) this.#stopCause = cause;
    else if (isOutOfTime(this.#stopCause) && !isOutOfTime(cause)) {
      this.#further.push(this.#stopCause);
      this.#stopCause = cause;
    } else if (![this.#stopCause, ...this.#further].some((known) => known.stage === stage)) {
      this.#further.push(cause);
    }
    this.#end.abort();
    this.#stop.abort();
  }

  /** Takes a Stop by time back, after the last stage: it came when nothing was left to stop. */
  forgive(): void {
    if (this.#stopCause !== undefined && isOutOfTime(this.#stopCause)) this.#stopCause = undefined;
  }
}

function isOutOfTime({ stage }: StopCause): boolean {
  return stage === 'drain' || stage === 'deadline';
}
