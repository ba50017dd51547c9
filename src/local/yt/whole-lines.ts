const NEWLINE = 0x0a;

/**
 * The lines that pieces of bytes complete. A line ends at a line feed alone: other ends of lines, of which Unicode has
 * some, may stand in a string.
 */
export class WholeLines {
  #begun: Buffer[] = [];
  #length = 0;

  /** Bytes of the line whose end has not come yet. */
  get length(): number {
    return this.#length;
  }

  /** Takes a piece; gives the lines that it completes, with their ends, none or many. */
  take(piece: Buffer): Buffer {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    const lines = end === 0 ? piece.subarray(0, 0) : Buffer.concat([...this.#begun, piece.subarray(0, end)]);
    if (end > 0) [this.#begun, this.#length] = [[], 0];
    this.#begun.push(piece.subarray(end));
    this.#length += piece.length - end;
    return lines;
  }

  /** The line whose end has not come yet. */
  rest(): Buffer {
    return Buffer.concat(this.#begun);
  }
}
