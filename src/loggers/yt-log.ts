import { sleep } from '../clock.js';
import { RtnError, toRtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import { isFenced, type Settled } from '../pipeline/ledger.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { ytAddress } from '../yt/address.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import { collectLargeBatch } from './large-batch.js';
import { YtLedger } from './yt-ledger.js';
import { logRows } from './yt-log-rows.js';
import { makeLogTable } from './yt-log-table.js';
import { runsPath } from './yt-shard.js';

/**
 * Each write adds a chunk, and a table should have few: a busy run writes every 5 s or 20,000 results, whichever comes
 * first. Once no result has come for 300 ms what there is goes out, so that it is durable within a second.
 */
const BATCH = { maxResults: 20_000, maxWaitMs: 5_000, quietMs: 300 };

/** How long a batch is tried again while the cluster does not answer, with growing pauses. */
const GIVE_UP_AFTER_MS = 120_000;

/** One call's own repeats; a transaction that was left behind ends after its timeout, well before we give up. */
const CALL_RETRY_MS = 30_000;
const TRANSACTION_TIMEOUT_MS = 30_000;

/** Conflicts with a transaction of our own that has not ended yet, and transactions that the cluster ended. */
const WORTH_ANOTHER_TRANSACTION = [400, 401, 402, 403, 404, 1000, 11000];

/**
 * The send log in a table on YTsaurus, which is made when missing; beside it the ledger, `<log>.rtn/runs/<run>`. A
 * batch is one transaction: the rows are appended, then what they change in the ledger is set, the number of the write
 * among it. When the answer to a commit is lost the batch is tried again under the same number, which then tells whether
 * it was written. One batch is written while the next is collected.
 */
export class YtLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #location: Location;
  #path = '';
  #client: YtClient | undefined;
  #run: Run | undefined;
  #ledger: YtLedger | undefined;

  constructor(location: Location) {
    this.#location = location;
  }

  get address(): string {
    return this.#client === undefined
      ? `YT table ${this.#location.target}`
      : `YT table ${this.#path} at ${this.#client.proxy}`;
  }

  get ledger(): YtLedger {
    if (this.#ledger === undefined) throw new Error('the ledger was used before open');
    return this.#ledger;
  }

  async open(run: Run): Promise<void> {
    const { openYtClient } = await import('../yt/client.js');
    const { environment, clock } = run;
    const { proxy, path } = ytAddress(this.#location, environment, 'the log');
    const retry = { totalMs: CALL_RETRY_MS };
    const client = openYtClient({ proxy, token: environment.YT_TOKEN, environment, clock, retry });
    this.#run = run;
    this.#path = path;
    this.#client = client;
    this.#ledger = new YtLedger(client, path, run);
    await makeLogTable(client, path);
    await client.create('map_node', runsPath(path), { recursive: true, ignoreExisting: true });
    await this.#tryAppend(client);
  }

  async log(results: Queue<SendResult>, { settle, written, pressure }: LogControl): Promise<void> {
    const run = this.#run;
    if (run === undefined) throw new Error('log was called before open');
    const failed = new AbortController();
    let isBusy = false;
    let writing: Promise<void> = Promise.resolve();
    for (;;) {
      const until = { isBusy: () => isBusy, signal: failed.signal, pressure };
      const batch = await collectLargeBatch(results, BATCH, run.clock, until);
      try {
        await writing;
      } catch (thrown) {
        this.unwritten = [...this.unwritten, ...batch];
        throw thrown;
      }
      if (batch.length === 0) return;
      isBusy = true;
      this.unwritten = batch;
      const settled = settle(batch);
      writing = this.#writeUntilDurable(run, batch, settled).then(() => {
        this.unwritten = [];
        isBusy = false;
        written(batch, settled);
      });
      writing.catch(() => failed.abort());
    }
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  /** Appends nothing, in a transaction that is discarded: tells now whether the table may be written and a proxy takes data. */
  async #tryAppend(client: YtClient): Promise<void> {
    const transaction = await client.startTransaction({ title: this.#title('checks') });
    try {
      await client.writeTable(this.#path, [], { append: true, transaction });
    } finally {
      await transaction.abort().catch(() => {});
    }
  }

  async #writeUntilDurable(run: Run, batch: readonly SendResult[], settled: Settled): Promise<void> {
    const giveUpAtMs = run.clock.monotonic() + GIVE_UP_AFTER_MS;
    for (let pauseMs = 100, attempt = 0; ; pauseMs = Math.min(2 * pauseMs, 5_000), attempt++) {
      try {
        await this.#write(run, batch, settled, attempt > 0);
        return;
      } catch (thrown) {
        if (isFenced(thrown)) throw thrown;
        const error = toRtnError(thrown);
        const what = `${batch.length} results could not be written to ${this.address}: ${error.message}`;
        if (!isWorthAnotherTry(error) || run.clock.monotonic() + pauseMs > giveUpAtMs) {
          throw new RtnError('storage', what, {
            cause: error,
            details: error.details,
            ...(error.next && { next: error.next }),
          });
        }
        run.warn(`${what}; trying again`);
        await sleep(run.clock, pauseMs);
      }
    }
  }

  async #write(run: Run, batch: readonly SendResult[], settled: Settled, mayStand: boolean): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error('log was called before open');
    const transaction = { title: this.#title('writes'), timeoutMs: TRANSACTION_TIMEOUT_MS };
    await this.ledger.write(settled, { mayStand, transaction }, (inside) =>
      client.writeTable(this.#path, logRows(batch, run), {
        append: true,
        transaction: inside,
        signal: inside.lost,
      }),
    );
  }

  #title(what: string): string {
    return `rtn ${this.#run?.operation} ${this.#run?.id} ${what}`;
  }
}

function isWorthAnotherTry(error: RtnError): boolean {
  return (
    (error.code === 'unavailable' && error.isRetriable) ||
    WORTH_ANOTHER_TRANSACTION.some((code) => hasYtCode(error, code))
  );
}
