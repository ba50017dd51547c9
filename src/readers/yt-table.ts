import { RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { IdentityRun, InputIdentity, Reader, ReadRange, Run } from '../pipeline/contract.js';
import type { Location } from '../pipeline/location.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming } from '../pipeline/record.js';
import { ytAddress } from '../yt/address.js';
import type { YtClient } from '../yt/client.js';
import type { TableSnapshot } from '../yt/snapshot.js';
import type { YtColumn } from '../yt/table-schema.js';
import type { YtTransaction } from '../yt/transaction.js';
import { requireColumns, schemaTypes } from './columns.js';

const INTEGERS = ['integer', 'number', 'string'];

/** What JSON values a column type of YT gives; a type that is not here may give any. Integers come as text where that is wanted. */
const JSON_TYPES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['int64', 'int32', 'int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8'].map((type) => [
      type,
      INTEGERS,
    ]),
  ),
  ...Object.fromEntries(
    ['date', 'datetime', 'timestamp', 'interval', 'date32', 'datetime64', 'timestamp64', 'interval64'].map(
      (type) => [type, INTEGERS],
    ),
  ),
  float: ['number', 'integer'],
  double: ['number', 'integer'],
  boolean: ['boolean'],
  string: ['string'],
  utf8: ['string'],
  uuid: ['string'],
  json: ['string'],
};

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

  /** The node and the revision of its content: both change when the table is written again. */
  async identify(run: IdentityRun): Promise<InputIdentity> {
    const { client, path } = await this.#connect(run);
    const { id, content_revision: revision } = (await client.get(`${path}/@`, {
      attributes: ['id', 'content_revision'],
    })) as { readonly id: string; readonly content_revision: number | string };
    return `${id}@${revision}`;
  }

  async open(run: Run): Promise<void> {
    const { client, path } = await this.#connect(run);
    const { snapshotTable } = await import('../yt/snapshot.js');
    this.#transaction = await client.startTransaction({
      title: `rtn ${run.operation} ${run.id} reads ${this.#location.text}`,
    });
    this.#snapshot = await snapshotTable(client, path, this.#transaction);
    this.#checkColumns(this.#snapshot.columns);
  }

  async read(out: Queue<Incoming>, signal: AbortSignal, range?: ReadRange): Promise<void> {
    const [client, transaction, snapshot] = [this.#client, this.#transaction, this.#snapshot];
    if (client === undefined || transaction === undefined || snapshot === undefined)
      throw new Error('read was called before open');
    const { parseLines } = await import('../yt/rows.js');
    const textColumns = this.#textColumns(snapshot.columns);
    let position = Math.min(range?.from ?? 0, snapshot.rowCount);
    try {
      // Not as `[#from:to]` behind the path: the client says the rows it wants anew when a connection breaks.
      const rows = await client.readTable(snapshot.path, {
        startRow: position,
        ...(range?.to !== undefined && { endRow: range.to }),
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

  async #connect({ environment, clock }: IdentityRun | Run): Promise<{ client: YtClient; path: string }> {
    const { openYtClient } = await import('../yt/client.js');
    const { proxy, path } = ytAddress(this.#location, environment, 'the input');
    this.#client ??= openYtClient({ proxy, token: environment.YT_TOKEN, environment, clock });
    return { client: this.#client, path };
  }

  async close(): Promise<void> {
    try {
      await this.#transaction?.abort();
    } finally {
      await this.#client?.close();
    }
  }

  /** Integer columns that the operation declares as strings are read as text, digit by digit. */
  #textColumns(columns: readonly YtColumn[]): ReadonlySet<string> {
    const names = columns.filter(({ type }) => JSON_TYPES[type] === INTEGERS).map(({ name }) => name);
    return new Set(names.filter((name) => isOnlyText(schemaTypes(this.#input, name))));
  }

  /** Tells before the first row whether a column is of another type than the operation's; a strict schema also, which are missing. */
  #checkColumns(columns: readonly YtColumn[]): void {
    const place = this.#location.text;
    if (this.#snapshot?.isSchemaStrict === true) {
      requireColumns(
        this.#input,
        columns.map(({ name }) => name),
        place,
      );
    }
    for (const { name, type } of columns) {
      const [wanted, given] = [schemaTypes(this.#input, name), JSON_TYPES[type]];
      if (wanted === undefined || given === undefined || wanted.some((each) => given.includes(each)))
        continue;
      throw new RtnError(
        'configuration',
        `${place} has the column ${name} as ${type}, the operation wants ${wanted.join(' or ')}`,
        { next: "give a table whose columns have the row's types (attribute @schema)" },
      );
    }
  }
}

function isOnlyText(types: readonly string[] | undefined): boolean {
  return types?.includes('string') === true && !types.includes('integer') && !types.includes('number');
}
