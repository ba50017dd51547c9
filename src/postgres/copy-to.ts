import type { PoolClient } from 'pg';
import type { CopyToStreamQuery } from 'pg-copy-streams';

/** The longest time that a timer takes. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/**
 * The rows of `COPY … TO STDOUT`, as fast as they are taken. How long that lasts is up to the taker: the time limit of
 * other statements would end it in the middle, and pg sets one that it never clears for a stream.
 */
export async function copyTo(client: PoolClient, sql: string): Promise<CopyToStreamQuery> {
  const { to } = await import('pg-copy-streams');
  const source = client.query(Object.assign(to(sql), { query_timeout: NO_LIMIT_MS })) as CopyToStreamQuery & {
    /** pg's own, which ends the timer. */
    callback?: (error: null) => void;
  };
  source.once('close', () => source.callback?.(null));
  return source;
}
