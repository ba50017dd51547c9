import type { Pull } from 'zeromq';
import type { ComponentSpec } from '../component.js';
import { foreignCode, oneLine, RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming } from '../pipeline/record.js';
import { isTextShown, parseRows } from './row-text.js';

export const zmqSpec: ComponentSpec = {
  kind: 'reader',
  key: 'zmq',
  construct: 'zmq',
  description:
    'Receives rows as JSON objects over ZeroMQ, one or an array of them a message, on a bound PULL socket.',
  binds: 'input',
  schemes: [],
  fields: {
    endpoint: {
      description:
        'Where the socket binds: tcp://127.0.0.1:5571. Bind to loopback unless the network is trusted.',
      schema: { type: 'string', pattern: '^(tcp|ipc)://.+' },
      isRequired: true,
    },
    high_water_mark: {
      description: 'Most messages that may wait in the socket, per sender; the sender waits after that.',
      schema: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1_000 },
      tuning: true,
    },
    max_message_bytes: {
      description: 'Longest message; a sender of a longer one is disconnected.',
      schema: { type: 'integer', minimum: 1, default: 16_777_216 },
    },
  },
};

interface ZmqOptions {
  readonly endpoint: string;
  readonly highWaterMark?: number;
  readonly maxMessageBytes?: number;
}

/** What a pending receive waits before it looks whether the end was asked for, in milliseconds. */
const RECEIVE_TIMEOUT_MS = 100;

/**
 * A stream of rows over ZeroMQ: `use: zmq`. PUSH and PULL have no acknowledgement: at End the reader stops accepting
 * connections and hands over what its socket already holds; what is still on the way then is the sender's to know.
 */
export function zmq(input: BoundInput, options: ZmqOptions): Reader {
  let socket: Pull | undefined;
  const isShown = isTextShown(input);
  return {
    isEndless: true,
    total: undefined,
    async open() {
      const { Pull } = await import('zeromq');
      socket = new Pull({
        receiveHighWaterMark: options.highWaterMark ?? 1_000,
        maxMessageSize: options.maxMessageBytes ?? 16_777_216,
        receiveTimeout: RECEIVE_TIMEOUT_MS,
        linger: 0,
      });
      try {
        await socket.bind(options.endpoint);
      } catch (thrown) {
        throw bindError(input.name, options.endpoint, thrown);
      }
    },
    async read(out, signal) {
      if (socket === undefined) throw new Error('read was called before open');
      const parse = (text: string, position: number) => parseRows(text, position, isShown);
      await receiveUntilEnd(socket, options.endpoint, parse, out, signal);
    },
    async close() {
      socket?.close();
    },
  };
}

/**
 * At End the socket is unbound, which ends its connections, and then emptied. Handing over waits for room without a
 * signal: what was taken off the socket is never dropped here.
 */
async function receiveUntilEnd(
  socket: Pull,
  endpoint: string,
  parse: (text: string, position: number) => Incoming[],
  out: Queue<Incoming>,
  signal: AbortSignal,
): Promise<void> {
  let position = 0;
  let isUnbound = false;
  for (;;) {
    if (signal.aborted && !isUnbound) {
      await socket.unbind(endpoint);
      isUnbound = true;
    }
    const frames = await receive(socket);
    if (frames === undefined && isUnbound) return;
    for (const frame of frames ?? []) {
      const records = parse(frame.toString('utf8'), position);
      position += records.length;
      const admitted = out.trySendMany(records);
      if (admitted < records.length) await out.sendMany(records.slice(admitted));
    }
  }
}

/** The frames of one message, or undefined when none came in time. */
async function receive(socket: Pull): Promise<Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (thrown) {
    if (foreignCode(thrown) === 'EAGAIN') return undefined;
    throw new RtnError('unavailable', `the ZeroMQ socket failed: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function bindError(input: string, endpoint: string, thrown: unknown): RtnError {
  const next =
    foreignCode(thrown) === 'EADDRINUSE'
      ? 'stop what listens there, or give another endpoint'
      : 'give an endpoint such as tcp://127.0.0.1:5571';
  return new RtnError(
    'configuration',
    `input ${input} cannot be received at ${oneLine(endpoint)}: ${messageOf(thrown)}`,
    {
      cause: thrown,
      next,
    },
  );
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
