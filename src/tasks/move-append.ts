import { RtnError } from '../error.js';
import type { YtClient } from '../yt/client.js';
import { skiffFormat } from '../yt/skiff.js';
import type { YtTransaction } from '../yt/transaction.js';
import { readColumns } from './move-columns.js';
import type { MoveBatch } from './move-plan.js';
import { skiffColumns } from './move-skiff.js';
import type { MoveSource } from './move-source.js';
import { readyTable, rowCount } from './move-tables.js';

export interface AppendOptions {
  readonly source: MoveSource;
  readonly client: YtClient;
  /** Path of the folder. */
  readonly path: string;
}

/**
 * Appends the rows of each day of a batch to its table, inside the transaction; gives their bytes. Throws what
 * `isMiscount` knows where they are not as many as were counted.
 */
export async function appendBatch(
  { source, client, path }: AppendOptions,
  batch: MoveBatch,
  transaction: YtTransaction,
  cut: AbortSignal,
): Promise<number> {
  const signal = AbortSignal.any([transaction.lost, cut]);
  const columns = await readColumns(source.pool, source.table);
  const format = skiffFormat(skiffColumns(columns));
  let bytes = 0;
  for (const { day, rows } of batch.days) {
    const table = `${path}/${day}`;
    const before = await readyTable(client, table, columns, transaction);
    let read = 0;
    const lines = source.rows(batch, day, columns, (count) => {
      read = count;
      if (count !== rows) throw miscounted(source.table.text, day, rows, count);
    });
    const counted = (async function* () {
      for await (const piece of lines) {
        bytes += piece.length;
        yield piece;
      }
    })();
    await client.writeTable(table, counted, { append: true, format, transaction, signal });
    const after = await rowCount(client, table, transaction);
    if (after - before !== read) throw miscounted(table, day, read, after - before);
  }
  return bytes;
}

/** Whether rows came or went while they were moved: they are worth counting again. */
export function isMiscount(thrown: unknown): thrown is RtnError {
  return thrown instanceof RtnError && thrown.details.isMiscount === true;
}

function miscounted(where: string, day: string, expected: number, got: number): RtnError {
  return new RtnError(
    'unavailable',
    `${where} changed while it was moved: expected ${expected} rows of ${day}, got ${got}`,
    { details: { isMiscount: true } },
  );
}
