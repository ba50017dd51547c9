import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader, Run } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming } from '../pipeline/record.js';
import { ytAddress } from '../yt/address.js';
import type { YtClient } from '../yt/client.js';
import type { TableSnapshot } from '../yt/snapshot.js';
import type { YtColumn } from '../yt/table-schema.js';
import type { YtTransaction } from '../yt/transaction.js';

/** 64-bit integers, which JSON numbers cannot carry exactly. */
const WIDE_INTEGERS: ReadonlySet<string> = new Set(['int64', 'uint64']);

/**
 * A static YTsaurus table, frozen under a snapshot lock for as long as the run reads it. A row's position is its index
 * in the table. Null values are left out, as if the column were missing.
 */
export class YtTableReader implements Reader {
  readonly isEndless = false;
  readonly #input: BoundInput;
  readonly #location: Location;
  #client: YtClient | undefined;
  #transaction: YtTransaction | undefined;
  #snapshot: TableSnapshot | undefined;

  constructor(input: BoundInput, location: Location) {
    this.#input = input;
    this.#location = location;
  }

  get total(): number | undefined {
    return this.#snapshot?.rowCount;
  }

  async open(run: Run): Promise<void> {
    const { openYtClient } = await import('../yt/client.js');
    const { snapshotTable } = await import('../yt/snapshot.js');
    const { environment, clock } = run;
    const { proxy, path } = ytAddress(this.#location, environment, 'the input');
    this.#client = openYtClient({
      proxy,
      token: environment.YT_TOKEN,
      environment,
      clock,
    });
    this.#transaction = await this.#client.startTransaction({
      title: `rtn ${run.operation} ${run.id} reads ${this.#location.text}`,
    });
    this.#snapshot = await snapshotTable(this.#client, path, this.#transaction);
    this.#checkColumns(this.#snapshot.columns);
  }

  async read(out: Queue<Incoming>, signal: AbortSignal): Promise<void> {
    const [client, transaction, snapshot] = [this.#client, this.#transaction, this.#snapshot];
    if (client === undefined || transaction === undefined || snapshot === undefined)
      throw new Error('read was called before open');
    const { parseLines } = await import('../yt/rows.js');
    const textColumns = this.#textColumns(snapshot.columns);
    let position = 0;
    try {
      const rows = await client.readTable(snapshot.path, {
        transaction,
        signal: AbortSignal.any([signal, transaction.lost]),
      });
      for await (const lines of rows) {
        const batch = parseLines(lines, textColumns).map((row): Incoming => ({ position: position++, row }));
        if ((await out.sendMany(batch, signal)) < batch.length) return;
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#transaction?.abort();
    } finally {
      await this.#client?.close();
    }
  }

  /** 64-bit integer columns that the operation declares as strings are read as text, digit by digit. */
  #textColumns(columns: readonly YtColumn[]): ReadonlySet<string> {
    const properties = (this.#input.row.properties ?? {}) as Readonly<
      Record<string, { readonly type?: unknown }>
    >;
    const wide = columns.filter(
      ({ name, type }) => WIDE_INTEGERS.has(type) && properties[name]?.type === 'string',
    );
    return new Set(wide.map(({ name }) => name));
  }

  /** A strict schema tells before the first row whether a required column is missing. */
  #checkColumns(columns: readonly YtColumn[]): void {
    if (this.#snapshot?.isSchemaStrict !== true) return;
    const required = (this.#input.row.required ?? []) as readonly string[];
    const missing = required.filter((name) => !columns.some((column) => column.name === name));
    if (missing.length === 0) return;
    const has = columns.map(({ name }) => name).join(', ');
    throw new RtnError(
      'configuration',
      `${this.#location.text} lacks the column ${missing.join(', ')} that the operation requires; it has ${has}`,
    );
  }
}
