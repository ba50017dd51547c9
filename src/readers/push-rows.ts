import type { Push } from 'zeromq';
import { foreignCode, oneLine, RtnError } from '../error.js';
import type { Row } from '../pipeline/record.js';
import { writeLosslessJson } from '../yson/exact-json.js';

export interface PushOptions {
  /** Most rows in one message. Messages cost time, not bytes. Default 100. */
  readonly rowsPerMessage?: number;
  /** How long a full service may take nothing before it fails, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

/** What became of pushed rows, as far as the sending side can know. */
export interface Pushed {
  /** Rows handed to the socket, which waits while the service is full. */
  readonly rows: number;
  readonly messages: number;
  /** How often the connection broke: what was under way then may be lost. */
  readonly disconnects: number;
}

/** Messages that may wait in the sending socket: what a broken connection can cost, with what is in the kernel. */
const HIGH_WATER_MARK = 4;

/** A message is closed at so many characters, so that it stays below the service's limit. */
const MESSAGE_CHARACTERS = 262_144;

/**
 * Sends rows to a service, `use: zmq` on a bound PULL socket, at the pace at which it takes them. Throws `unavailable`,
 * with `details.rows` and `details.messages`, when nobody is there or nothing was taken for `timeoutMs`. There is no
 * acknowledgement: a row that was pushed may still be lost if the service is killed; its log has the last word.
 */
export async function pushRows(
  endpoint: string,
  rows: Iterable<Row> | AsyncIterable<Row>,
  { rowsPerMessage = 100, timeoutMs = 30_000 }: PushOptions = {},
): Promise<Pushed> {
  const { Push } = await import('zeromq');
  const socket = new Push({
    sendHighWaterMark: HIGH_WATER_MARK,
    sendTimeout: timeoutMs,
    linger: timeoutMs,
    immediate: true,
  });
  let disconnects = 0;
  socket.events.on('disconnect', () => disconnects++);
  const pushed = { rows: 0, messages: 0 };
  try {
    connect(socket, endpoint);
    for await (const message of messagesOf(rows, rowsPerMessage)) {
      await send(socket, message.text, endpoint, pushed);
      pushed.rows += message.rows;
      pushed.messages++;
    }
  } finally {
    // What the socket holds is still sent in the background, for as long as `linger`.
    socket.close();
  }
  return { ...pushed, disconnects };
}

function connect(socket: Push, endpoint: string): void {
  try {
    socket.connect(endpoint);
  } catch (cause) {
    throw new RtnError('usage', `rows cannot be pushed to ${oneLine(endpoint)}: it is no ZeroMQ endpoint`, {
      cause,
      next: 'give one such as tcp://127.0.0.1:5571',
    });
  }
}

async function send(socket: Push, text: string, endpoint: string, pushed: object): Promise<void> {
  try {
    await socket.send(text);
  } catch (cause) {
    if (foreignCode(cause) !== 'EAGAIN') throw cause;
    throw new RtnError(
      'unavailable',
      `${oneLine(endpoint)} takes nothing: no service is there, or it is full`,
      {
        cause,
        details: { ...pushed },
        isRetriable: true,
        next: 'see whether the service runs and what its /readyz says',
      },
    );
  }
}

/** Objects on a line each, up to so many rows or characters a message. */
async function* messagesOf(
  rows: Iterable<Row> | AsyncIterable<Row>,
  most: number,
): AsyncGenerator<{ readonly text: string; readonly rows: number }> {
  let lines: string[] = [];
  let characters = 0;
  for await (const row of rows) {
    const line = writeLosslessJson(row);
    lines.push(line);
    characters += line.length;
    if (lines.length < most && characters < MESSAGE_CHARACTERS) continue;
    yield { text: lines.join('\n'), rows: lines.length };
    lines = [];
    characters = 0;
  }
  if (lines.length > 0) yield { text: lines.join('\n'), rows: lines.length };
}
