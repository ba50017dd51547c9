import { VirtualClock } from '../../src/clock.js';
import { RtnError } from '../../src/error.js';
import type { Answer, AnswerClass, Channel, SendReport } from '../../src/pipeline/contract.js';
import { newCounts } from '../../src/pipeline/counts.js';
import { Queue } from '../../src/pipeline/queue.js';
import type { Message, SendResult } from '../../src/pipeline/record.js';
import { type AsyncSenderOptions, asyncSender } from '../../src/senders/async.js';
import { type BatchSenderOptions, batchSender } from '../../src/senders/batch.js';
import { testRun } from '../setup/run.js';

/** An answer as a channel gives it; a terminal one brings its error. */
export function answer(answerClass: AnswerClass, overrides: Partial<Answer> = {}): Answer {
  const error = answerClass === 'terminal' ? { error: new RtnError('credentials', 'refused') } : {};
  return {
    class: answerClass,
    httpStatus: null,
    providerId: null,
    errorCode: null,
    errorText: null,
    retryAfterMs: null,
    ...error,
    ...overrides,
  };
}

export const ANSWERS = {
  serverError: answer('retry', { httpStatus: 503, errorCode: 'http_503', errorText: 'down' }),
  unreachable: answer('retry', { errorCode: 'ECONNREFUSED' }),
  throttled: answer('throttled', { httpStatus: 429, errorCode: 'http_429' }),
  refused: answer('rejected', { httpStatus: 400, errorCode: 'http_400', errorText: 'bad project' }),
  unlisted: answer('retry', { httpStatus: 418, errorCode: 'http_418' }),
  refresh: answer('refresh', { httpStatus: 401, errorCode: 'http_401' }),
} as const;

export function messagesOf(count: number): Message[] {
  return Array.from({ length: count }, (_, position) => ({
    id: `m${position}`,
    position,
    recipient: null,
    row: {},
  }));
}

/** A request as the provider saw it. */
export interface SeenRequest {
  readonly ids: readonly string[];
  readonly atMs: number;
  /** How many requests had come before, and how many are in flight with this one. */
  readonly index: number;
  readonly inFlight: number;
  /** Of a request with one message: how often that has come, this time counted. */
  readonly attempt: number;
}

export interface Script {
  /** What the provider answers to a request with one message. */
  readonly answers?: (id: string, attempt: number, request: SeenRequest) => Answer;
  readonly latencyMs?: number | ((request: SeenRequest) => number);
  readonly refresh?: () => Promise<boolean>;
}

/** A provider in virtual time that follows a script and keeps what it saw. */
export class Provider {
  readonly clock: VirtualClock;
  readonly requests: SeenRequest[] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #script: Script;
  readonly #attempts = new Map<string, number>();

  constructor(clock: VirtualClock, script: Script) {
    this.clock = clock;
    this.#script = script;
  }

  /** The times at which a message came. */
  timesOf(id: string): number[] {
    return this.requests.filter(({ ids }) => ids.includes(id)).map(({ atMs }) => atMs);
  }

  /** Takes a request; `reply` is asked when its latency has passed. */
  take<T>(ids: readonly string[], reply: (request: SeenRequest) => T): Promise<T> {
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    const [id = ''] = ids;
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    const { length: index } = this.requests;
    const request = { ids, atMs: this.clock.monotonic(), index, inFlight: this.inFlight, attempt };
    this.requests.push(request);
    const { latencyMs = 10 } = this.#script;
    return new Promise((resolve) => {
      this.clock.schedule(typeof latencyMs === 'number' ? latencyMs : latencyMs(request), () => {
        this.inFlight--;
        resolve(reply(request));
      });
    });
  }

  channel(): Channel {
    const { answers = () => answer('sent'), refresh } = this.#script;
    return {
      key: 'scripted',
      open: async () => {},
      close: async () => {},
      send: ({ id }) => this.take([id], (request) => answers(id, request.attempt, request)),
      ...(refresh !== undefined && { refresh }),
    };
  }
}

interface Inlet {
  /** How many messages there are; they are all in the queue from the beginning, and it is closed unless `isOpen`. */
  readonly messages: number;
  readonly isOpen?: boolean;
  readonly resultCapacity?: number;
  readonly seed?: number;
  readonly maySend?: (nowMs: number) => boolean;
}

export type AsyncScenario = Inlet & Script & Partial<Omit<AsyncSenderOptions, 'channel'>>;

/** Starts an async sender in virtual time over a scripted provider. */
export async function playAsync(scenario: AsyncScenario) {
  const clock = new VirtualClock({ seed: scenario.seed ?? 1 });
  const provider = new Provider(clock, scenario);
  return play(scenario, clock, provider, asyncSender({ ...scenario, channel: provider.channel() }));
}

export type BatchScenario = Inlet & Partial<Omit<BatchSenderOptions, 'channel'>>;

/** Starts a batch sender in virtual time over a channel of the test's own. */
export async function playBatch(
  scenario: BatchScenario,
  { clock, provider, channel }: { clock: VirtualClock; provider: Provider; channel: Channel },
) {
  return play(scenario, clock, provider, batchSender({ ...scenario, channel }));
}

async function play(
  { messages, isOpen = false, resultCapacity = 100_000, maySend }: Inlet,
  clock: VirtualClock,
  provider: Provider,
  sender: ReturnType<typeof asyncSender>,
) {
  const run = testRun({ clock });
  await sender.open(run);
  const queue = new Queue<Message>(Math.max(100, messages));
  queue.trySendMany(messagesOf(messages));
  if (!isOpen) queue.close();
  const results = new Queue<SendResult>(resultCapacity);
  const stop = new AbortController();
  const counts = newCounts();
  let stopped: Error | undefined;
  const control = {
    signal: stop.signal,
    counts,
    ...(maySend !== undefined && { maySend: () => maySend(clock.monotonic()) }),
    stop(error: Error) {
      stopped ??= error;
      stop.abort();
    },
  };
  let report: SendReport | undefined;
  void sender.send(queue, results, control).then((value) => {
    report = value;
  });
  return {
    clock,
    provider,
    run,
    queue,
    results,
    counts,
    stop,
    /** Undefined while the sender runs. */
    report: () => report,
    /** The error that ended the run, if one did. */
    stopped: () => stopped,
  };
}

/** Takes the results that wait. */
export async function drain(results: Queue<SendResult>): Promise<SendResult[]> {
  return results.length === 0 ? [] : results.receiveMany(1_000_000);
}

/** The most requests in any window of a second, wherever it begins. */
export function mostInASecond(requests: readonly { readonly atMs: number }[]): number {
  let most = 0;
  let first = 0;
  for (const [index, { atMs }] of requests.entries()) {
    while ((requests[first]?.atMs ?? 0) <= atMs - 1_000) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
