import type { Pull, Subscriber } from 'zeromq';
import type { ComponentSpec } from '../component.js';
import { foreignCode, oneLine, RtnError } from '../error.js';
import type { BoundInput } from '../pipeline/binding.js';
import type { Reader } from '../pipeline/contract.js';
import type { Queue } from '../pipeline/queue.js';
import type { Incoming } from '../pipeline/record.js';
import { type Outline, outlineOf } from './outline.js';
import { messageRows } from './row-text.js';

const DEFAULTS = { highWaterMark: 1_000, maxMessageBytes: 16_777_216 } as const;

export const zmqSpec: ComponentSpec = {
  kind: 'reader',
  key: 'zmq',
  construct: 'zmq',
  description:
    'Receives rows over ZeroMQ. A message is one JSON object, an array of objects, or objects on a line each.',
  binds: [{ to: 'input', schemes: [] }],
  fields: {
    endpoint: {
      description:
        'Where the socket binds or connects: tcp://127.0.0.1:5571. Bind to loopback unless the network is trusted.',
      schema: { type: 'string', pattern: '^(tcp|ipc)://.+' },
      isRequired: true,
    },
    mode: {
      description:
        'Whether the senders come to this socket (bind) or it goes to theirs (connect). Only a bound PULL socket hands over all that it holds when it is told to end.',
      schema: { type: 'string', enum: ['bind', 'connect'], default: 'bind' },
    },
    socket: {
      description:
        'The kind of socket: pull takes its share of what PUSH sockets send, which wait while it is full; sub gets what PUB sockets publish, which drop what it has no room for.',
      schema: { type: 'string', enum: ['pull', 'sub'], default: 'pull' },
    },
    topic: {
      description:
        'For sub: what messages must begin with; all by default. Of a message in several frames the first is the topic and holds no rows.',
      schema: { type: 'string', default: '' },
    },
    high_water_mark: {
      description: 'Most messages that may wait in the socket, per sender; the sender waits after that.',
      schema: { type: 'integer', minimum: 1, maximum: 1_000_000, default: DEFAULTS.highWaterMark },
      tuning: true,
    },
    max_message_bytes: {
      description: 'Longest message; a sender of a longer one is disconnected, and that message is gone.',
      schema: { type: 'integer', minimum: 1, default: DEFAULTS.maxMessageBytes },
    },
  },
};

interface ZmqOptions {
  readonly endpoint: string;
  readonly mode?: 'bind' | 'connect';
  readonly socket?: 'pull' | 'sub';
  readonly topic?: string;
  readonly highWaterMark?: number;
  readonly maxMessageBytes?: number;
}

/** What a pending receive waits before it looks whether the end was asked for, in milliseconds. */
const RECEIVE_TIMEOUT_MS = 100;

/**
 * A stream of rows over ZeroMQ: `use: zmq`. ZeroMQ has no acknowledgement here: at End the reader stops accepting
 * connections and hands over what its socket already holds; what is still on the way then is the sender's to know. A
 * message that cannot be read is a malformed record, a longer one than `max_message_bytes` never arrives.
 */
export function zmq(input: BoundInput, options: ZmqOptions): Reader {
  const { endpoint, mode = 'bind', socket: kind = 'pull' } = options;
  let socket: Pull | Subscriber | undefined;
  const outline = outlineOf(input);
  return {
    isEndless: true,
    total: undefined,
    get pushEndpoint() {
      return kind === 'pull' && mode === 'bind' ? (socket?.lastEndpoint ?? undefined) : undefined;
    },
    async open() {
      if (options.topic && kind !== 'sub')
        throw new RtnError('configuration', `input ${input.name}: only a sub socket has a topic`);
      try {
        socket = await openSocket(kind, options);
        if (mode === 'bind') await socket.bind(endpoint);
        else socket.connect(endpoint);
      } catch (thrown) {
        throw openError(input.name, endpoint, thrown);
      }
    },
    async read(out, signal, range) {
      if (socket === undefined) throw new Error('read was called before open');
      const most = options.highWaterMark ?? DEFAULTS.highWaterMark;
      const disconnect =
        mode === 'bind' ? socket.unbind.bind(socket, socket.lastEndpoint ?? endpoint) : undefined;
      await new Receiving(socket, out, {
        hasTopic: kind === 'sub',
        outline,
        from: range?.from ?? 0,
      }).untilEnd(signal, disconnect, most);
    },
    async close() {
      socket?.close();
    },
  };
}

async function openSocket(kind: 'pull' | 'sub', options: ZmqOptions): Promise<Pull | Subscriber> {
  const { Pull, Subscriber } = await import('zeromq');
  const limits = {
    receiveHighWaterMark: options.highWaterMark ?? DEFAULTS.highWaterMark,
    maxMessageSize: options.maxMessageBytes ?? DEFAULTS.maxMessageBytes,
    receiveTimeout: RECEIVE_TIMEOUT_MS,
    linger: 0,
  };
  if (kind === 'pull') return new Pull(limits);
  const subscriber = new Subscriber(limits);
  subscriber.subscribe(options.topic ?? '');
  return subscriber;
}

/** Takes messages off the socket and hands their rows over; positions count rows. */
class Receiving {
  readonly #socket: Pull | Subscriber;
  readonly #out: Queue<Incoming>;
  readonly #hasTopic: boolean;
  readonly #outline: Outline;
  #position: number;

  constructor(
    socket: Pull | Subscriber,
    out: Queue<Incoming>,
    {
      hasTopic,
      outline,
      from,
    }: { readonly hasTopic: boolean; readonly outline: Outline; readonly from: number },
  ) {
    this.#position = from;
    this.#socket = socket;
    this.#out = out;
    this.#hasTopic = hasTopic;
    this.#outline = outline;
  }

  /**
   * At End a bound socket is unbound, which ends its connections, and then emptied. A connected one would lose by that
   * what it holds (libzmq drops it at once), so it is read until it is quiet, or has given the `most` that it can hold.
   */
  async untilEnd(
    signal: AbortSignal,
    disconnect: (() => Promise<void>) | undefined,
    most: number,
  ): Promise<void> {
    while (!signal.aborted) await this.#next();
    await disconnect?.();
    for (let taken = 0; disconnect !== undefined || taken < most; taken++) if (!(await this.#next())) return;
  }

  /** Handing over waits for room without a signal: what was taken off the socket is never dropped here. */
  async #next(): Promise<boolean> {
    const frames = await receive(this.#socket);
    if (frames === undefined) return false;
    for (const frame of this.#hasTopic && frames.length > 1 ? frames.slice(1) : frames) {
      const records = messageRows(frame, this.#position, this.#outline);
      this.#position += records.length;
      const admitted = this.#out.trySendMany(records);
      if (admitted < records.length) await this.#out.sendMany(records.slice(admitted));
    }
    return true;
  }
}

/** The frames of one message, or undefined when none came in time. */
async function receive(socket: Pull | Subscriber): Promise<Buffer[] | undefined> {
  try {
    return await socket.receive();
  } catch (thrown) {
    if (foreignCode(thrown) === 'EAGAIN') return undefined;
    throw new RtnError('unavailable', `the ZeroMQ socket failed: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function openError(input: string, endpoint: string, thrown: unknown): RtnError {
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
