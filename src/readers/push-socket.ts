import type { Push, XPublisher } from 'zeromq';
import { systemClock } from '../clock.js';
import { foreignCode, oneLine, RtnError } from '../error.js';

/** The sending end of a stream: the counterpart of the socket that a service reads from, `use: zmq`. */
export interface PushSocketOptions {
  /** `connect` to a service that binds, or `bind` for services that connect. Default connect. */
  readonly mode?: 'connect' | 'bind';
  /** `push` for services whose socket is pull, `pub` for those whose socket is sub. Default push. */
  readonly socket?: 'push' | 'pub';
  /** For pub: the first frame of each message, by which services choose. */
  readonly topic?: string;
  /** For pub: so many subscribers are waited for before the first row, since it has no one to keep rows for. Default 1. */
  readonly subscribers?: number;
}

/** Messages that may wait in the sending socket: what a broken connection can cost, with what is in the kernel. */
const HIGH_WATER_MARK = 4;
/** A publisher with no room cannot say when there is some; it is asked again so soon, in milliseconds. */
const ASK_AGAIN_MS = 5;

export interface PushSocket {
  /** Hands a message over, waiting while the other side is full. Throws `unavailable` after the timeout. */
  send(text: string): Promise<void>;
  /** How often a connection broke. */
  readonly disconnects: number;
  /** What is still held is sent in the background, for as long as the timeout. */
  close(): void;
}

/** Opens the socket; of a publisher it returns once there are subscribers. Throws `usage` or `unavailable`. */
export async function openPushSocket(
  endpoint: string,
  options: PushSocketOptions,
  timeoutMs: number,
): Promise<PushSocket> {
  if (options.topic && options.socket !== 'pub')
    throw new RtnError('usage', 'only what is published has a topic');
  const { Push, XPublisher } = await import('zeromq');
  const limits = { sendHighWaterMark: HIGH_WATER_MARK, sendTimeout: timeoutMs, linger: timeoutMs };
  const publisher =
    options.socket === 'pub'
      ? new XPublisher({ ...limits, noDrop: true, verbosity: 'allSubs', receiveTimeout: timeoutMs })
      : undefined;
  const socket = publisher ?? new Push({ ...limits, immediate: true });
  let disconnects = 0;
  socket.events.on('disconnect', () => disconnects++);
  try {
    await attach(socket, endpoint, options.mode);
    if (publisher !== undefined) await subscribed(publisher, endpoint, options);
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
  // A PUSH socket waits by itself.
  const patienceMs = publisher === undefined ? 0 : timeoutMs;
  return {
    send: (text) => handOver(socket, options.topic ? [options.topic, text] : [text], endpoint, patienceMs),
    get disconnects() {
      return disconnects;
    },
    close: () => socket.close(),
  };
}

async function attach(
  socket: Push | XPublisher,
  endpoint: string,
  mode: 'connect' | 'bind' = 'connect',
): Promise<void> {
  try {
    if (mode === 'bind') await socket.bind(endpoint);
    else socket.connect(endpoint);
  } catch (cause) {
    if (foreignCode(cause) === 'EADDRINUSE')
      throw new RtnError('usage', `${oneLine(endpoint)} is taken: something listens there`, {
        cause,
        next: 'without --bind, if that is the service',
      });
    throw new RtnError('usage', `rows cannot be pushed to ${oneLine(endpoint)}: it is no ZeroMQ endpoint`, {
      cause,
      next: 'give one such as tcp://127.0.0.1:5571',
    });
  }
}

/** Waits for subscriptions that let our messages through; others are told if no more come. */
async function subscribed(
  socket: XPublisher,
  endpoint: string,
  { topic = '', subscribers = 1 }: PushSocketOptions,
): Promise<void> {
  const others = new Set<string>();
  for (let count = 0; count < subscribers; ) {
    const [frame] = await socket.receive().catch((cause: unknown) => {
      throw unsubscribed(cause, { endpoint, count, subscribers, others });
    });
    // The first byte of a subscription is 1; the rest is what messages have to begin with.
    if (frame?.[0] !== 1) continue;
    const wanted = frame.subarray(1).toString('utf8');
    if (topic.startsWith(wanted)) count++;
    else others.add(wanted);
  }
}

interface Waiting {
  readonly endpoint: string;
  readonly count: number;
  readonly subscribers: number;
  readonly others: ReadonlySet<string>;
}

function unsubscribed(cause: unknown, { endpoint, count, subscribers, others }: Waiting): unknown {
  if (foreignCode(cause) !== 'EAGAIN') return cause;
  const [other] = others;
  return new RtnError(
    'unavailable',
    `${oneLine(endpoint)} has ${count} of ${subscribers} subscribers, and no more came`,
    {
      cause,
      details: { rows: 0, messages: 0 },
      isRetriable: true,
      next:
        other === undefined
          ? 'start the service, or wait for fewer subscribers'
          : `a service asks for the topic ${JSON.stringify(other)}: give that`,
    },
  );
}

async function handOver(
  socket: Push | XPublisher,
  frames: string[],
  endpoint: string,
  patienceMs: number,
): Promise<void> {
  const untilMs = systemClock.monotonic() + patienceMs;
  for (;;) {
    try {
      return await socket.send(frames);
    } catch (cause) {
      if (foreignCode(cause) !== 'EAGAIN') throw cause;
      if (systemClock.monotonic() >= untilMs) throw fullError(endpoint, cause);
    }
    await new Promise<void>((resolve) => systemClock.schedule(ASK_AGAIN_MS, resolve));
  }
}

function fullError(endpoint: string, cause: unknown): RtnError {
  return new RtnError(
    'unavailable',
    `${oneLine(endpoint)} takes nothing: no service is there, or it is full`,
    {
      cause,
      isRetriable: true,
      next: 'see whether the service runs and what its /readyz says',
    },
  );
}
