import { systemClock } from '../clock.js';
import { oneLine, RtnError } from '../error.js';
import type { StoredClaims, Unsent } from '../pipeline/claims.js';
import { NO_CONTROL, type RunControl, type RunRecord } from '../pipeline/ledger.js';
import type { Location } from '../pipeline/location.js';
import { ytAddress } from '../yt/address.js';
import type { YtClient } from '../yt/client.js';
import { parseLines } from '../yt/rows.js';
import { snapshotTable } from '../yt/snapshot.js';
import { LOG_COLUMNS } from './columns.js';
import type { LogRow } from './log-rows.js';
import { rowFrom, rowMatcher, summaryOf, unsentClasses } from './row-scan.js';
import {
  type DeletedRows,
  type Environment,
  type KnownRun,
  type LogErrors,
  newestOf,
  type RowFilter,
  type RunFilter,
  type RunStore,
  type UnsentClass,
} from './run-store.js';
import {
  listYtRuns,
  loadYtClaims,
  loadYtUnsent,
  readYtRun,
  readYtStarts,
  removeYtRun,
  setYtControl,
} from './yt-runs.js';

const TIMES = LOG_COLUMNS.filter(({ type }) => type === 'timestamptz').map(({ name }) => name);

/** Opens the runs of a log on YTsaurus. */
export async function openYtRuns(location: Location, environment: Environment): Promise<RunStore> {
  const { openYtClient } = await import('../yt/client.js');
  const { proxy, path } = ytAddress(location, environment, 'the log');
  return new YtRunStore(openYtClient({ proxy, token: environment.YT_TOKEN, environment }), path);
}

/** A log's table on YTsaurus and the runs beside it. The table is read through, whatever is asked of it. */
class YtRunStore implements RunStore {
  readonly #client: YtClient;
  readonly #path: string;

  constructor(client: YtClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  get address(): string {
    return `YT ${this.#path} at ${this.#client.proxy}`;
  }

  async list(filter: RunFilter): Promise<KnownRun[]> {
    const records = newestOf(await listYtRuns(this.#client, this.#path), filter);
    return Promise.all(records.map((record) => this.#withStarts(record)));
  }

  async find(runId: string): Promise<KnownRun | undefined> {
    const record = await readYtRun(this.#client, this.#path, runId);
    return record && this.#withStarts(record);
  }

  claims(runId: string, shard: number): Promise<StoredClaims> {
    return loadYtClaims(this.#client, this.#path, runId, shard);
  }

  async unsent({ runId, plan }: RunRecord): Promise<UnsentClass[]> {
    const all: Unsent[] = [];
    for (let shard = 0; shard < plan.shards; shard++)
      for (const unsent of await loadYtUnsent(this.#client, this.#path, runId, shard)) all.push(unsent);
    return unsentClasses(all);
  }

  errors({ runId }: RunRecord): Promise<LogErrors> {
    return summaryOf(this.rows({ runId }), () => systemClock.monotonic());
  }

  async setControl(runId: string, change: Partial<RunControl>): Promise<void> {
    const record = await readYtRun(this.#client, this.#path, runId);
    const control = { ...(record?.control ?? NO_CONTROL), ...change };
    await setYtControl(this.#client, this.#path, runId, control);
  }

  remove(runId: string): Promise<void> {
    return removeYtRun(this.#client, this.#path, runId);
  }

  /** The log as it stood when the reading began. */
  async *rows(filter: RowFilter): AsyncGenerator<readonly LogRow[]> {
    const matches = rowMatcher(filter);
    for await (const lines of this.#frozenLines()) {
      const wanted = lines.map(({ row }) => row).filter(matches);
      if (wanted.length > 0) yield wanted;
    }
  }

  async countRows(filter: RowFilter): Promise<number> {
    let count = 0;
    for await (const rows of this.rows(filter)) count += rows.length;
    return count;
  }

  /**
   * Rows of a static table cannot be taken out: it is written anew without them, through this machine, in one
   * transaction that keeps everybody else from appending. Runners would give up on that, so none may be under way.
   */
  async deleteRows(filter: RowFilter, progress: (deleted: number) => void): Promise<DeletedRows> {
    const running = (await listYtRuns(this.#client, this.#path)).filter(({ state }) => state === 'running');
    if (running.length > 0) throw isInUse(this.address, running);
    const matches = rowMatcher(filter);
    let deleted = 0;
    const transaction = await this.#client.startTransaction({ title: `rtn purges ${this.#path}` });
    try {
      await this.#client.lock(this.#path, { mode: 'exclusive', transaction });
      // The snapshot is of another transaction: it does not see what this one writes.
      const staying = async function* (all: AsyncIterable<readonly TableLine[]>) {
        for await (const lines of all) {
          const stay = lines.filter(({ row }) => !matches(row));
          deleted += lines.length - stay.length;
          if (stay.length > 0) yield stay.map(({ text }) => `${text}\n`).join('');
          progress(deleted);
        }
      };
      const { lost: signal } = transaction;
      await this.#client.writeTable(this.#path, staying(this.#frozenLines()), { transaction, signal });
      await transaction.commit();
    } catch (thrown) {
      await transaction.abort().catch(() => {});
      throw thrown;
    }
    return { deleted, kept: 0 };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #withStarts(record: RunRecord): Promise<KnownRun> {
    return { record, starts: await readYtStarts(this.#client, this.#path, record.runId) };
  }

  async *#frozenLines(): AsyncGenerator<readonly TableLine[]> {
    const transaction = await this.#client.startTransaction({ title: `rtn reads ${this.#path}` });
    try {
      const { path } = await snapshotTable(this.#client, this.#path, transaction);
      const { lost: signal } = transaction;
      for await (const bytes of await this.#client.readTable(path, { transaction, signal }))
        yield linesOf(bytes);
    } finally {
      await transaction.abort().catch(() => {});
    }
  }
}

/** A row of the table as JSON, and as a row of the log. */
interface TableLine {
  readonly text: string;
  readonly row: LogRow;
}

function linesOf(bytes: Buffer): TableLine[] {
  const texts = bytes.toString('utf8').split('\n').slice(0, -1);
  const rows = parseLines(bytes, new Set());
  return texts.map((text, index) => ({ text, row: rowFrom(withIsoTimes(rows[index] ?? {})) }));
}

/** Times are microseconds since the epoch in the table. */
function withIsoTimes(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const times = TIMES.map((name) => [name, new Date(Number(row[name]) / 1_000).toISOString()]);
  return { ...row, ...Object.fromEntries(times) };
}

function isInUse(address: string, running: readonly RunRecord[]): RtnError {
  const ids = running.slice(0, 5).map(({ runId }) => oneLine(runId, 200));
  const more = running.length > ids.length ? ` and ${running.length - ids.length} more` : '';
  return new RtnError(
    'configuration',
    `${address} is written anew to delete rows, and runs are under way: ${ids.join(', ')}${more}`,
    { next: `rtn runs stop ${ids[0]}, and so on; then the same command once they have ended` },
  );
}
