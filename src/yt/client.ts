import { type Clock, systemClock } from '../clock.js';
import { Connection, type Verb } from './connection.js';
import { type CallOptions, commonParameters } from './options.js';
import { asciiJson, TEXT_JSON } from './parameters.js';
import { proxyOrigin } from './proxy.js';
import { type ReadTableOptions, readTable, type TableRows } from './read-table.js';
import { DEFAULT_RETRY, type RetryPolicy } from './retry.js';
import { type TransactionOptions, YtTransaction } from './transaction.js';
import { type WriteTableOptions, writeTable } from './write-table.js';

export interface YtClientOptions {
  /** YT_PROXY: `host`, `host:port` or `http(s)://host[:port]`. */
  readonly proxy: string;
  /** YT_TOKEN. */
  readonly token?: string | undefined;
  /** Where YT_USE_HOSTS is read: `0` keeps heavy commands on the proxy itself. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Overrides YT_USE_HOSTS. */
  readonly useHosts?: boolean;
  readonly clock?: Clock;
  /** Overrides parts of the retry policy. */
  readonly retry?: Partial<RetryPolicy>;
}

/** What stands at a path. */
export type NodeType =
  | 'map_node'
  | 'table'
  | 'document'
  | 'string_node'
  | 'int64_node'
  | 'double_node'
  | 'boolean_node'
  | 'file';

export interface CreateOptions extends CallOptions {
  /** Make missing parents. */
  readonly recursive?: boolean;
  /** A node of the same type that is there already is taken as made. */
  readonly ignoreExisting?: boolean;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface LockOptions extends CallOptions {
  readonly mode: 'snapshot' | 'shared' | 'exclusive';
  /** With `shared`: claims one child of a map, not the whole. */
  readonly childKey?: string;
  /** With `shared`: claims one attribute. */
  readonly attributeKey?: string;
}

/** Opens a client of one cluster. Nothing is sent before the first call. Throws `usage` for an address or token that cannot be. */
export function openYtClient(options: YtClientOptions): YtClient {
  return new YtClient(options);
}

/**
 * A client of the HTTP API of YTsaurus. Every call throws an RtnError: `unavailable` when the cluster cannot be
 * reached (after repeats), `credentials`, `configuration` for a path or schema that is wrong, `temporary` for a lock
 * conflict or an ended transaction; `hasYtCode` tells YT's own codes apart. Values are JSON as YT writes it: a value
 * with attributes is `{$value, $attributes}`.
 */
export class YtClient {
  /** Origin of the proxy, for messages. */
  readonly proxy: string;
  readonly #connection: Connection;
  readonly #transactions = new Set<YtTransaction>();

  constructor({ proxy, token, environment = {}, useHosts, clock = systemClock, retry }: YtClientOptions) {
    this.proxy = proxyOrigin(proxy);
    this.#connection = new Connection({
      proxy: this.proxy,
      token: token === '' ? undefined : token,
      clock,
      retry: { ...DEFAULT_RETRY, ...retry },
      useHosts: useHosts ?? environment.YT_USE_HOSTS !== '0',
    });
  }

  /** The value at a path: a node's content, `PATH/@attribute`, or with `attributes` those of `PATH/@`. */
  async get(
    path: string,
    options: CallOptions & { readonly attributes?: readonly string[] } = {},
  ): Promise<unknown> {
    return (await this.#read('get', path, options)).value;
  }

  async exists(path: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.#read('exists', path, options)).value === true;
  }

  /** Names of the children of a map node, sorted. */
  async list(path: string, options: CallOptions = {}): Promise<string[]> {
    return ((await this.#read('list', path, options)).value as string[]).sort();
  }

  /** Replaces the value at a path; `PATH/@attribute` sets an attribute. `recursive` makes missing parents. */
  async set(
    path: string,
    value: unknown,
    options: CallOptions & { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const { recursive = false, force = false } = options;
    const parameters = { path, recursive, force, input_format: TEXT_JSON, ...commonParameters(options) };
    await this.#connection.light('PUT', 'set', parameters, {
      body: asciiJson(value),
      signal: options.signal,
    });
  }

  /** Sets several attributes of a node at once; others stay. */
  async setAttributes(
    path: string,
    attributes: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<void> {
    const parameters = { path: `${path}/@`, input_format: TEXT_JSON, ...commonParameters(options) };
    await this.#connection.light('PUT', 'multiset_attributes', parameters, {
      body: asciiJson(attributes),
      signal: options.signal,
    });
  }

  /** Makes a node and gives its id. */
  async create(type: NodeType, path: string, options: CreateOptions = {}): Promise<string> {
    const { recursive = false, ignoreExisting = false, attributes = {} } = options;
    const answer = await this.execute(
      'POST',
      'create',
      { type, path, recursive, ignore_existing: ignoreExisting, attributes },
      options,
    );
    return (answer as { node_id: string }).node_id;
  }

  /** Removes a node. `recursive` takes what is below along; `force` accepts that nothing is there. */
  async remove(
    path: string,
    options: CallOptions & { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const { recursive = false, force = false } = options;
    await this.execute('POST', 'remove', { path, recursive, force }, options);
  }

  /** Gives a table another schema: where it has rows, one with more optional columns, or fewer required ones. */
  async alterTable(
    path: string,
    { schema, ...options }: CallOptions & { readonly schema: unknown },
  ): Promise<void> {
    await this.execute('POST', 'alter_table', { path, schema }, options);
  }

  /** Locks a node for `options.transaction`; a conflict throws `temporary` (YT code 402) at once. */
  async lock(
    path: string,
    { mode, childKey, attributeKey, ...options }: LockOptions,
  ): Promise<{ readonly lockId: string; readonly nodeId: string }> {
    const keys = {
      ...(childKey === undefined ? {} : { child_key: childKey }),
      ...(attributeKey === undefined ? {} : { attribute_key: attributeKey }),
    };
    const answer = (await this.execute(
      'POST',
      'lock',
      { path, mode, waitable: false, ...keys },
      options,
    )) as { lock_id: string; node_id: string };
    return { lockId: answer.lock_id, nodeId: answer.node_id };
  }

  /** Starts a transaction that is pinged until it ends. */
  async startTransaction(options: TransactionOptions = {}): Promise<YtTransaction> {
    const transaction = await YtTransaction.start(this.#connection, options);
    for (const earlier of this.#transactions) if (earlier.isEnded) this.#transactions.delete(earlier);
    this.#transactions.add(transaction);
    return transaction;
  }

  /** Reads rows as JSON lines; see {@link TableRows}. Resolves when the answer has begun. */
  readTable(path: string, options: ReadTableOptions = {}): Promise<TableRows> {
    return readTable(this.#connection, path, options);
  }

  /** Writes rows, all or nothing, never repeated by itself; see {@link WriteTableOptions}. */
  writeTable(
    path: string,
    rows: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
    options: WriteTableOptions = {},
  ): Promise<void> {
    return writeTable(this.#connection, path, rows, options);
  }

  /** Any other light command of API v4, with the same repeats: POST when it changes something, GET when it only reads. */
  execute(
    verb: Verb,
    command: string,
    parameters: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#connection.light(
      verb,
      command,
      { ...parameters, output_format: TEXT_JSON, ...commonParameters(options) },
      { signal: options.signal },
    );
  }

  /** Closes every connection. Transactions that still live are left to their timeout. */
  async close(): Promise<void> {
    for (const transaction of this.#transactions) transaction.detach();
    await this.#connection.close();
  }

  async #read(
    command: string,
    path: string,
    { attributes, ...options }: CallOptions & { readonly attributes?: readonly string[] },
  ): Promise<{ value: unknown }> {
    const filter = attributes === undefined ? {} : { attributes };
    return (await this.execute('GET', command, { path, ...filter }, options)) as { value: unknown };
  }
}
