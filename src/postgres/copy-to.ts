import type { PoolClient } from 'pg';
import type { CopyToStreamQuery } from 'pg-copy-streams';

/**
 * The rows of `COPY … TO STDOUT` as bytes, read no faster than they are taken. How long that lasts is up to the taker: pg's
 * limit of a statement is lifted, which would end the stream in the middle, and whose timer, never cleared for a stream,
 * would keep the process.
 */
export async function copyTo(client: PoolClient, sql: string): Promise<CopyToStreamQuery> {
  const { to } = await import('pg-copy-streams');
  const stream: CopyToStreamQuery & { callback?: () => void } = client.query(to(sql));
  stream.callback?.();
  return stream;
}
