import { fault, YT_CODE } from './fault.js';
import type { QuickBlock } from './quick-block.js';
import { MAX_ROW } from './row-lines.js';
import type { SkiffScanner } from './skiff-scanner.js';

/** Bytes that are taken along when a row is put together that came in pieces: the most part of a usual row. */
const HEAD_BYTES = 512;

/** Cuts a stream of rows in skiff into blocks of whole rows. Of what comes, only rows that were cut are copied. */
export async function* skiffBlocks(
  input: AsyncIterable<Buffer>,
  scanner: SkiffScanner,
): AsyncGenerator<QuickBlock> {
  const rest = new Rest();
  for await (const piece of input) {
    let from = 0;
    while (rest.length > 0 && from < piece.length) {
      const held = rest.length;
      const taken = piece.subarray(from, from + Math.max(scanner.wanted - held, 0) + HEAD_BYTES);
      const head = rest.join(taken, scanner.wanted);
      const block = head === undefined ? undefined : scanner.scan(head);
      from += taken.length;
      if (block === undefined) {
        if (scanner.wanted > MAX_ROW) throw fault(YT_CODE.generic, `A row is longer than ${MAX_ROW} bytes`);
        continue;
      }
      yield block;
      rest.clear();
      from += block.bytes.length - held - taken.length;
    }
    const left = piece.subarray(from);
    const block = left.length === 0 ? undefined : scanner.scan(left);
    if (block !== undefined) yield block;
    rest.hold(left.subarray(block?.bytes.length ?? 0));
  }
  if (rest.length > 0) throw fault(YT_CODE.generic, 'Rows in skiff end in the middle of a row');
}

/** The beginning of a row whose end has not come yet. */
class Rest {
  length = 0;
  #pieces: Buffer[] = [];

  hold(piece: Buffer): void {
    if (piece.length > 0) this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** Adds a piece. All that there is, once it comes to so many bytes. */
  join(piece: Buffer, wanted: number): Buffer | undefined {
    this.hold(piece);
    if (this.length < wanted) return undefined;
    const all = Buffer.concat(this.#pieces, this.length);
    this.#pieces = [all];
    return all;
  }

  clear(): void {
    [this.#pieces, this.length] = [[], 0];
  }
}
