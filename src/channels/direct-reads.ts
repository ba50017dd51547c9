import type { OnReadOpts, Socket } from 'node:net';

/** Where every socket reads to; what it has read is copied out before another one reads. */
const BUFFER = Buffer.allocUnsafeSlow(65_536);

/**
 * The reading side of one plain TCP socket, past the stream. Node makes 64 KiB for every read, wraps them, puts them into the
 * stream and tells of them a tick later, which takes 1 to 2 µs an answer. Here the bytes are read into one buffer, copied at
 * their size, and handed to the listener of 'readable' by the `read()` that it calls there.
 * Bytes that it leaves go into the stream, in order, and with them back-pressure; 'end', 'error' and 'close' come as ever.
 */
export class DirectReads {
  /** For `net.connect`. */
  readonly onread: OnReadOpts = { buffer: BUFFER, callback: (bytes) => this.#arrive(bytes) };
  #socket: Socket | undefined;
  #arrived: Buffer | undefined;

  /** To be called when the socket that was given `onread` has connected, before it reads. */
  attach(socket: Socket): void {
    this.#socket = socket;
    const read = socket.read.bind(socket);
    socket.read = (size) => {
      if (size !== undefined) return read(size);
      const arrived = this.#arrived;
      if (arrived === undefined) return socket.readableLength === 0 ? null : read();
      this.#arrived = undefined;
      return arrived;
    };
  }

  /** Takes the first bytes of the buffer; false when no more should be read for now. */
  #arrive(size: number): boolean {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('bytes came before the socket was attached');
    const bytes = Buffer.allocUnsafe(size);
    BUFFER.copy(bytes, 0, 0, size);
    if (socket.readableLength > 0) return socket.push(bytes);
    this.#arrived = bytes;
    socket.emit('readable');
    if (this.#arrived === undefined) return true;
    this.#arrived = undefined;
    return socket.push(bytes);
  }
}
