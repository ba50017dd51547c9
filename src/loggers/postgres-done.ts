import { type Bitmap, type DoneChange, SEGMENT_SIZE } from '../pipeline/claims.js';

/**
 * The beginning of a statement that notes in the ledger what a shard has done: `with` and its parts, and the values of
 * its parameters, $1 (the run) to $7 (the watermark, which the statement itself sets). Others begin at $8.
 */
export const NOTE_DONE = `with marked as (
    insert into rtn.claims (run_id, shard, segment, done)
    select $1, $2, segment, bits from unnest($3::bigint[], $4::bytea[]) as given (segment, bits)
    on conflict (run_id, shard, segment) do update set done = excluded.done),
  noted as (
    insert into rtn.unsent (run_id, shard, position, reason)
    select $1, $2, position, reason from unnest($5::bigint[], $6::text[]) as given (position, reason)
    on conflict do nothing),
  folded as (
    delete from rtn.claims where run_id = $1 and shard = $2 and segment < $7::bigint / ${SEGMENT_SIZE})`;

/** The values of `NOTE_DONE`. */
export function doneValues(runId: string, shard: number, { done, unsent, watermark }: DoneChange): unknown[] {
  const positions = unsent.map(({ position }) => position);
  const reasons = unsent.map(({ reason }) => reason);
  return [runId, shard, ...bitmapArrays(done), positions, reasons, watermark];
}

/** Bitmaps as the two arrays that `unnest` takes. */
export function bitmapArrays(bitmaps: readonly Bitmap[]): [indexes: number[], bits: Buffer[]] {
  return [bitmaps.map(({ index }) => index), bitmaps.map(({ bits }) => Buffer.from(bits))];
}
