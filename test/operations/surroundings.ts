import type { YtClient } from '../../src/yt/client.js';

/** What a run of an operation is given to work with; whoever makes it takes it down. */
export interface Surroundings {
  /** Folder of the package, with dist/. */
  readonly root: string;
  /** An empty folder of the run's own. */
  readonly folder: string;
  readonly database: {
    readonly url: string;
    query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  };
  /** A YTsaurus without tables, where input or log is one. */
  readonly cluster?: { readonly client: YtClient; readonly address: string } | undefined;
}
