import { sleep } from '../clock.js';
import { RtnError, toRtnError } from '../error.js';
import type { LogControl, Logger, Run } from '../pipeline/contract.js';
import type { Ledger } from '../pipeline/ledger.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { SendResult } from '../pipeline/record.js';
import { ytAddress } from '../yt/address.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { YtTransaction } from '../yt/transaction.js';
import { collectLargeBatch } from './large-batch.js';
import { runPath, runsPath, ytLedger } from './yt-ledger.js';
import { logRows } from './yt-log-rows.js';
import { makeLogTable } from './yt-log-table.js';

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
const WORTH_ANOTHER_TRANSACTION = [400, 401, 402, 403, 404, 11000];

/**
 * The send log in a table on YTsaurus, which is made when missing; beside it the ledger, `<log>.rtn/runs/<run>`. A
 * batch is one transaction: it sets `written_<shard>` on the run's node to the batch's number, then appends the rows.
 * When the answer to a commit is lost the batch is tried again under the same number: the lock on that attribute waits
 * for the first transaction's end, and the number then tells whether it was written. One batch is written while the
 * next is collected.
 */
export class YtLog implements Logger {
  unwritten: readonly SendResult[] = [];
  readonly #location: Location;
  #path = '';
  #client: YtClient | undefined;
  #run: Run | undefined;
  #ledger: Ledger | undefined;
  /** Batches written so far, which is the number of the last one. */
  #written = 0;

  constructor(location: Location) {
    this.#location = location;
  }

  get address(): string {
    return this.#client === undefined
      ? `YT table ${this.#location.target}`
      : `YT table ${this.#path} at ${this.#client.proxy}`;
  }

  get ledger(): Ledger {
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
    this.#ledger = ytLedger(client, path, run);
    await makeLogTable(client, path);
    await client.create('map_node', runsPath(path), { recursive: true, ignoreExisting: true });
    await this.#tryAppend(client);
  }

  async log(results: Queue<SendResult>, { written }: LogControl): Promise<void> {
    const [client, run] = [this.#client, this.#run];
    if (client === undefined || run === undefined) throw new Error('log was called before open');
    const failed = new AbortController();
    let isBusy = false;
    let writing: Promise<void> = Promise.resolve();
    for (;;) {
      const batch = await collectLargeBatch(results, BATCH, run.clock, () => isBusy, failed.signal);
      try {
        await writing;
      } catch (thrown) {
        this.unwritten = [...this.unwritten, ...batch];
        throw thrown;
      }
      if (batch.length === 0) return;
      isBusy = true;
      this.unwritten = batch;
      writing = this.#writeUntilDurable(client, run, batch).then(() => {
        this.unwritten = [];
        isBusy = false;
        written(batch);
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

  async #writeUntilDurable(client: YtClient, run: Run, batch: readonly SendResult[]): Promise<void> {
    const giveUpAtMs = run.clock.monotonic() + GIVE_UP_AFTER_MS;
    for (let pauseMs = 100, attempt = 0; ; pauseMs = Math.min(2 * pauseMs, 5_000), attempt++) {
      try {
        await this.#write(client, run, batch, attempt > 0);
        this.#written++;
        return;
      } catch (thrown) {
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

  async #write(client: YtClient, run: Run, batch: readonly SendResult[], mayBeThere: boolean): Promise<void> {
    const number = this.#written + 1;
    const [node, attribute] = [runPath(this.#path, run.id), `written_${run.shard}`];
    const transaction = await client.startTransaction({
      title: this.#title(`writes ${number}`),
      timeoutMs: TRANSACTION_TIMEOUT_MS,
    });
    try {
      if (mayBeThere && (await lastWritten(client, node, attribute, transaction)) >= number) {
        await transaction.abort().catch(() => {});
        return;
      }
      await client.set(`${node}/@${attribute}`, number, { transaction });
      await client.writeTable(this.#path, logRows(batch, run), {
        append: true,
        transaction,
        signal: transaction.lost,
      });
      await transaction.commit();
    } catch (thrown) {
      await transaction.abort().catch(() => {});
      throw thrown;
    }
  }

  #title(what: string): string {
    return `rtn ${this.#run?.operation} ${this.#run?.id} ${what}`;
  }
}

/** The number of the last batch that was written, read under a lock that no other writer can hold at the same time. */
async function lastWritten(
  client: YtClient,
  node: string,
  attribute: string,
  transaction: YtTransaction,
): Promise<number> {
  await client.lock(node, { mode: 'shared', attributeKey: attribute, transaction });
  if (!(await client.exists(`${node}/@${attribute}`, { transaction }))) return 0;
  return Number(await client.get(`${node}/@${attribute}`, { transaction }));
}

function isWorthAnotherTry(error: RtnError): boolean {
  return (
    (error.code === 'unavailable' && error.isRetriable) ||
    WORTH_ANOTHER_TRANSACTION.some((code) => hasYtCode(error, code))
  );
}
