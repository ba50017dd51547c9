import type { RtnError } from '../error.js';

/** Why reading ended before the input did: a signal's name. */
export type EndCause = 'SIGTERM' | 'SIGINT';

/** Which stage failed, and how. */
export interface StopCause {
  readonly stage: string;
  readonly error: RtnError;
}

/**
 * How a run ends. States, in order, each entered once: *running*, *ending* (End: reading stops, what was read is sent
 * and logged), *stopping* (Stop: no new request leaves; requests in flight finish, results already there are logged).
 * A Stop is an End too. The third ending, Exit at once, belongs to the process (runtime/signals.ts).
 */
export class Ending {
  readonly #end = new AbortController();
  readonly #stop = new AbortController();
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

  /** The first failure; later ones follow from it. */
  get stopCause(): StopCause | undefined {
    return this.#stopCause;
  }

  end(cause: EndCause): void {
    if (this.#end.signal.aborted) return;
    this.#endCause = cause;
    this.#end.abort();
  }

  stop(stage: string, error: RtnError): void {
    if (this.#stopCause !== undefined) return;
    this.#stopCause = { stage, error };
    this.#end.abort();
    this.#stop.abort();
  }
}
