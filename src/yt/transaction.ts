import { sleep } from '../clock.js';
import { RtnError } from '../error.js';
import type { Connection } from './connection.js';
import { hasYtCode } from './failure.js';
import type { CallOptions, TransactionRef } from './options.js';
import { backoffMs } from './retry.js';

export interface TransactionOptions extends Omit<CallOptions, 'transaction'> {
  readonly parent?: TransactionRef;
  /** The cluster aborts the transaction when it has not heard of it for this long. Default 60 s. */
  readonly timeoutMs?: number;
  /** Shown in the cluster's list of transactions. */
  readonly title?: string;
  /** More attributes of the transaction, for whoever finds it in the way. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/**
 * A transaction, pinged every third of its timeout until `commit` or `abort`. States: live -> committed | aborted |
 * lost. It is lost when the cluster has ended it or no ping came through for the whole timeout; `lost` is then aborted
 * with the RtnError as its reason. Work inside it should take `lost` as its signal.
 */
export class YtTransaction implements TransactionRef {
  readonly id: string;
  readonly timeoutMs: number;
  readonly #connection: Connection;
  readonly #lost = new AbortController();
  /** Aborted when pings are to stop. */
  readonly #ended = new AbortController();
  readonly #pinging: Promise<void>;

  private constructor(connection: Connection, id: string, timeoutMs: number) {
    this.#connection = connection;
    this.id = id;
    this.timeoutMs = timeoutMs;
    this.#pinging = this.#ping();
  }

  static async start(connection: Connection, options: TransactionOptions = {}): Promise<YtTransaction> {
    const { parent, timeoutMs = 60_000, title, prerequisites = [], signal } = options;
    const attributes = { ...options.attributes, ...(title === undefined ? {} : { title }) };
    const parameters = {
      timeout: timeoutMs,
      ...(parent === undefined ? {} : { transaction_id: parent.id }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(prerequisites.length === 0
        ? {}
        : { prerequisite_transaction_ids: prerequisites.map(({ id }) => id) }),
    };
    const answer = await connection.light('POST', 'start_transaction', parameters, { signal });
    return new YtTransaction(connection, (answer as { transaction_id: string }).transaction_id, timeoutMs);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether a commit or an abort has begun, or it is lost: nothing is pinged any more. */
  get isEnded(): boolean {
    return this.#ended.signal.aborted || this.lost.aborted;
  }

  /** Makes everything done inside visible at once. Throws when the transaction is lost; fails while nested ones live. */
  async commit(options: Pick<CallOptions, 'prerequisites' | 'signal'> = {}): Promise<void> {
    await this.#end();
    if (this.lost.aborted) throw this.lost.reason;
    const prerequisites = (options.prerequisites ?? []).map(({ id }) => id);
    const parameters = {
      transaction_id: this.id,
      ...(prerequisites.length === 0 ? {} : { prerequisite_transaction_ids: prerequisites }),
    };
    await this.#connection.light('POST', 'commit_transaction', parameters, { signal: options.signal });
  }

  /** Discards everything done inside, nested transactions too. Aborting one that has ended already is no error. */
  async abort(): Promise<void> {
    await this.#end();
    if (this.lost.aborted) return;
    try {
      await this.#connection.light('POST', 'abort_transaction', { transaction_id: this.id });
    } catch (thrown) {
      if (!hasYtCode(thrown, 11000)) throw thrown;
    }
  }

  /** Stops pinging and leaves the transaction to its timeout: for a client that is being closed. */
  detach(): void {
    this.#ended.abort();
  }

  async #end(): Promise<void> {
    this.#ended.abort();
    await this.#pinging;
  }

  async #ping(): Promise<void> {
    const { clock, retry } = this.#connection;
    const { signal } = this.#ended;
    let heardMs = clock.monotonic();
    for (let failures = 0; ; ) {
      const delayMs =
        failures === 0 ? this.timeoutMs / 3 : Math.min(this.timeoutMs / 6, backoffMs(clock, retry, failures));
      await sleep(clock, delayMs, signal);
      if (signal.aborted) return;
      const askedMs = clock.monotonic();
      try {
        await this.#connection.light(
          'POST',
          'ping_transaction',
          { transaction_id: this.id },
          { signal, isOneTry: true },
        );
        [heardMs, failures] = [askedMs, 0];
      } catch (thrown) {
        if (signal.aborted) return;
        failures++;
        if (hasYtCode(thrown, 11000) || clock.monotonic() - heardMs >= this.timeoutMs)
          return this.#lost.abort(this.#loss(thrown));
      }
    }
  }

  #loss(cause: unknown): RtnError {
    return new RtnError('temporary', `YT transaction ${this.id} at ${this.#connection.proxy} is lost`, {
      details: { transaction: this.id, ytCodes: [11000] },
      cause,
      isRetriable: true,
      next: 'start the same command again; raise the timeout if the process was stalled',
    });
  }
}
