import { type Clock, sleep } from '../clock.js';
import { RtnError, toRtnError } from '../error.js';
import { holderText, isHolderGone, thisHolder } from '../pipeline/holder.js';
import type { YtClient } from '../yt/client.js';
import { hasYtCode } from '../yt/failure.js';
import type { TransactionRef } from '../yt/options.js';
import type { YtTransaction } from '../yt/transaction.js';
import type { SourceIdentity } from './move-source.js';

/** The attribute of the folder that says how far the log has been moved. It changes with the rows, or not at all. */
const ATTRIBUTE = 'rtn_pg2yt';

/** Of a transaction: who started it. */
const HOLDER = 'rtn_holder';

const [NO_SUCH_PATH, EXISTS, LOCKED, NO_TRANSACTION] = [500, 501, 402, 11_000];

/** A mover that dies keeps the folder locked for no longer. */
const TRANSACTION_TIMEOUT_MS = 15_000;

const LOOK_EVERY_MS = 250;

/** A table of one day. */
const DAY_NAME = /^\d{4}-\d\d-\d\d$/;

/** What the folder says. */
export interface FolderState {
  /** All rows with a smaller xid stand in the folder. */
  readonly cursor: bigint;
  /** All rows with a smaller xid have been deleted from Postgres. Never above the cursor. */
  readonly deleted: bigint;
  /** The timeline of Postgres when the cursor was set. */
  readonly timeline: number;
  /** The run that set the cursor. */
  readonly runId: string;
}

interface StoredState {
  readonly source: SourceIdentity;
  readonly cursor: string;
  readonly deleted: string;
  readonly timeline: number;
  readonly run_id: string;
  readonly moved_at: string;
}

export interface FolderOptions {
  readonly client: YtClient;
  readonly path: string;
  readonly source: SourceIdentity;
  readonly clock: Clock;
  readonly runId: string;
  readonly operation: string;
  /** How long to wait for another mover. */
  readonly waitMs: number;
  /** Ends the waiting: `lock` then gives undefined. */
  readonly signal: AbortSignal;
}

/**
 * The destination folder. Whoever moves holds an exclusive lock on it, inside the transaction that appends the rows and
 * sets the cursor; the cursor is always read again under that lock, so that a commit whose answer was lost does no harm.
 */
export class MoveFolder {
  readonly #options: FolderOptions;
  /** Transactions of this mover, one of which may be left over from a call whose answer was lost. */
  readonly #own = new Set<string>();

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  get text(): string {
    return `${this.#options.path} at ${this.#options.client.proxy}`;
  }

  /** Whether it is there. Throws `configuration` where something else stands at the path. */
  async isThere(): Promise<boolean> {
    const type = await this.#typeOf(this.#options.path);
    if (type === undefined || type === 'map_node') return type !== undefined;
    throw new RtnError('configuration', `YT ${this.text} is a ${type}, and the log is moved to a folder`, {
      next: 'give the path of a folder, or one where nothing stands yet',
    });
  }

  /** Makes it where it is missing. */
  async make(): Promise<void> {
    if (await this.isThere()) return;
    const { client, path } = this.#options;
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent.startsWith('//') && (await this.#typeOf(parent)) === undefined)
      throw new RtnError('configuration', `YT ${this.text} cannot be made: ${parent} does not exist`, {
        next: `yt create map_node ${parent} --recursive`,
      });
    try {
      await client.create('map_node', path);
    } catch (thrown) {
      if (!hasYtCode(thrown, EXISTS)) throw thrown;
    }
  }

  /** How far the log has been moved. Throws `configuration` where the folder belongs to another log. */
  async read(transaction?: TransactionRef): Promise<FolderState> {
    const { client, path } = this.#options;
    const found = (await client.get(`${path}/@`, { attributes: [ATTRIBUTE], transaction })) as {
      readonly [ATTRIBUTE]?: StoredState;
    };
    const stored = found[ATTRIBUTE];
    if (stored === undefined) {
      await this.#requireNoTables(transaction);
      return { cursor: 0n, deleted: 0n, timeline: 0, runId: '' };
    }
    this.#requireSame(stored.source);
    const { cursor, deleted, timeline, run_id: runId } = stored;
    return { cursor: BigInt(cursor), deleted: BigInt(deleted), timeline, runId };
  }

  async write({ cursor, deleted, timeline }: FolderState, transaction: TransactionRef): Promise<void> {
    const { client, path, source, clock, runId } = this.#options;
    const stored: StoredState = {
      source,
      cursor: String(cursor),
      deleted: String(deleted),
      timeline,
      run_id: runId,
      moved_at: new Date(clock.now()).toISOString(),
    };
    await client.set(`${path}/@${ATTRIBUTE}`, stored, { transaction });
  }

  /**
   * A transaction that holds the folder; undefined when told to end meanwhile. Throws `temporary`, with the holder's
   * name, when another has it for longer than is waited.
   */
  async lock(): Promise<YtTransaction | undefined> {
    const { client, path, clock, operation, runId, waitMs, signal } = this.#options;
    const untilMs = clock.monotonic() + waitMs;
    while (!signal.aborted) {
      const transaction = await client.startTransaction({
        title: `rtn ${operation} ${runId} moves the log to ${path}`,
        timeoutMs: TRANSACTION_TIMEOUT_MS,
        attributes: { [HOLDER]: thisHolder() },
      });
      this.#own.add(transaction.id);
      try {
        await client.lock(path, { mode: 'exclusive', transaction });
        return transaction;
      } catch (thrown) {
        await transaction.abort().catch(() => {});
        if (!hasYtCode(thrown, LOCKED)) throw thrown;
      }
      const other = await this.#other();
      if (other === undefined || (await this.#ended(other))) continue;
      if (clock.monotonic() >= untilMs) throw this.#taken(other);
      await sleep(clock, LOOK_EVERY_MS, signal);
    }
    return undefined;
  }

  /** The transaction that has the folder; undefined when it has ended meanwhile. */
  async #other(): Promise<OtherMover | undefined> {
    const { client, path } = this.#options;
    try {
      const locks = (await client.get(`${path}/@locks`)) as { mode: string; transaction_id: string }[];
      const found = locks.find(({ mode }) => mode !== 'snapshot');
      if (found === undefined) return undefined;
      const id = found.transaction_id;
      const attributes = ['title', 'start_time', HOLDER];
      return { id, ...((await client.get(`#${id}/@`, { attributes })) as object) };
    } catch (thrown) {
      if (hasYtCode(thrown, NO_SUCH_PATH) || hasYtCode(thrown, NO_TRANSACTION)) return undefined;
      throw thrown;
    }
  }

  /** Ends a transaction of a process that is surely gone, or one of our own that was left behind. */
  async #ended({ id, [HOLDER]: holder }: OtherMover): Promise<boolean> {
    if (!this.#own.has(id) && (holder === undefined || !isHolderGone(holder))) return false;
    await this.#options.client
      .execute('POST', 'abort_transaction', { transaction_id: id })
      .catch((thrown: unknown) => {
        if (!hasYtCode(thrown, NO_TRANSACTION)) throw thrown;
      });
    return true;
  }

  #taken({ id, title, start_time: since, [HOLDER]: holder }: OtherMover): RtnError {
    const who = holder === undefined ? `the transaction ${id}` : holderText(holder);
    return new RtnError(
      'temporary',
      `YT ${this.text} is locked by ${who}${title === undefined ? '' : `, "${title}"`}${since === undefined ? '' : `, since ${since}`}`,
      { details: { transaction: id }, next: 'wait until it has ended, or give a longer --wait' },
    );
  }

  #requireSame(source: SourceIdentity): void {
    const own = this.#options.source;
    if (source.system === own.system && source.database === own.database && source.table === own.table)
      return;
    throw new RtnError(
      'configuration',
      `YT ${this.text} belongs to another log: expected ${sourceText(own)}, got ${sourceText(source)}`,
      { next: 'give each log a folder of its own; docs/pg2yt.md says what to do where the log has moved' },
    );
  }

  /** Tables without a cursor: nobody could say which rows they have. */
  async #requireNoTables(transaction: TransactionRef | undefined): Promise<void> {
    const { client, path } = this.#options;
    const names = (await client.list(path, { transaction })).filter((name) => DAY_NAME.test(name));
    if (names.length === 0) return;
    throw new RtnError(
      'configuration',
      `YT ${this.text} has tables (${names[0]}${names.length > 1 ? ', …' : ''}) and no attribute ${ATTRIBUTE}: how far they go is not known`,
      { next: 'give an empty folder; docs/pg2yt.md says what to do where the attribute was lost' },
    );
  }

  async #typeOf(path: string): Promise<string | undefined> {
    try {
      const found = (await this.#options.client.get(`${path}/@`, { attributes: ['type'] })) as {
        type: string;
      };
      return found.type;
    } catch (thrown) {
      if (toRtnError(thrown).code === 'configuration' && hasYtCode(thrown, NO_SUCH_PATH)) return undefined;
      throw thrown;
    }
  }
}

interface OtherMover {
  readonly id: string;
  readonly title?: string;
  readonly start_time?: string;
  readonly [HOLDER]?: string;
}

function sourceText({ system, database, table }: SourceIdentity): string {
  return `${table} of the database ${database} (system ${system})`;
}
