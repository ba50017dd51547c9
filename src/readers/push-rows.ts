import { RtnError } from '../error.js';
import type { Row } from '../pipeline/record.js';
import { writeLosslessJson } from '../yson/exact-json.js';
import { openPushSocket, type PushSocketOptions } from './push-socket.js';

export interface PushOptions extends PushSocketOptions {
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

/** A message is closed at so many characters, so that it stays below the service's limit. */
const MESSAGE_CHARACTERS = 262_144;

/**
 * Sends rows to a service, `use: zmq`, at the pace at which it takes them; by default to one on a bound PULL socket. Throws
 * `unavailable`, with `details.rows` and `details.messages`, when nobody is there or nothing was taken for `timeoutMs`.
 * There is no acknowledgement: a row that was pushed may still be lost if the service is killed; its log has the last word.
 */
export async function pushRows(
  endpoint: string,
  rows: Iterable<Row> | AsyncIterable<Row>,
  { rowsPerMessage = 100, timeoutMs = 30_000, ...options }: PushOptions = {},
): Promise<Pushed> {
  const socket = await openPushSocket(endpoint, options, timeoutMs);
  const pushed = { rows: 0, messages: 0 };
  try {
    for await (const message of messagesOf(rows, rowsPerMessage)) {
      await socket.send(message.text).catch((thrown: unknown) => {
        throw withCounts(thrown, pushed);
      });
      pushed.rows += message.rows;
      pushed.messages++;
    }
  } finally {
    socket.close();
  }
  return { ...pushed, disconnects: socket.disconnects };
}

/** The error with how far it came. */
function withCounts(error: unknown, pushed: object): unknown {
  if (!(error instanceof RtnError)) return error;
  const { code, message, isRetriable, next, cause } = error;
  return new RtnError(code, message, {
    cause,
    isRetriable,
    details: { ...error.details, ...pushed },
    ...(next !== undefined && { next }),
  });
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
