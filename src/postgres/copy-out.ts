import type { PoolClient } from 'pg';
import type { CopyToStreamQuery } from 'pg-copy-streams';

/**
 * The rows of `COPY … TO STDOUT` as a stream of bytes, read no faster than they are taken. pg's limit of a statement is lifted:
 * it would end a stream that is read slowly, and its timer, which only a query's callback ends, would keep the process.
 */
export async function copyOut(client: PoolClient, sql: string): Promise<CopyToStreamQuery> {
  const { to } = await import('pg-copy-streams');
  const stream: CopyToStreamQuery & { callback?: () => void } = client.query(to(sql));
  stream.callback?.();
  return stream;
}
