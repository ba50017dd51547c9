import type { Clock } from '../clock.js';
import { RtnError } from '../error.js';
import { fromNetwork } from './failure.js';
import { Hosts } from './hosts.js';
import { newMutationId } from './parameters.js';
import { type RetryPolicy, withRetries } from './retry.js';
import { type Answer, aborted, type Exchange, Transport } from './transport.js';

/** A light command's verb: POST changes something, GET only reads. PUT is a change with a value as its body. */
export type Verb = 'GET' | 'POST' | 'PUT';

const LIGHT_SILENCE_MS = 20_000;
/** A write is answered at its end, a read may wait for chunks. */
const HEAVY_SILENCE_MS = 600_000;
/** Until the proxy has answered once, a wrong address is likelier than an outage. */
const FIRST_ANSWER_MS = 10_000;

/** Calls of one cluster: retries for light commands, choice of a host for heavy ones. */
export class Connection {
  readonly proxy: string;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  readonly #transport: Transport;
  readonly #hosts: Hosts;
  readonly #useHosts: boolean;
  #hasAnswered = false;

  constructor(options: {
    proxy: string;
    token: string | undefined;
    clock: Clock;
    retry: RetryPolicy;
    useHosts: boolean;
  }) {
    this.proxy = options.proxy;
    this.clock = options.clock;
    this.retry = options.retry;
    this.#transport = new Transport(options.token);
    this.#hosts = new Hosts(
      options.proxy,
      () => this.#transport.page(options.proxy, '/hosts'),
      options.clock,
    );
    this.#useHosts = options.useHosts;
  }

  /**
   * A light command: repeated while the cluster is busy or out of reach, a change under one mutation id so that it is
   * carried out once. Gives the parsed answer. `attempts: 1` makes it a single try.
   */
  light(
    verb: Verb,
    command: string,
    parameters: object,
    options: { body?: string; signal?: AbortSignal | undefined; isOneTry?: boolean } = {},
  ): Promise<unknown> {
    const mutation = verb === 'GET' ? undefined : newMutationId();
    const { signal } = options;
    const call = async (attempt: number): Promise<unknown> => {
      const marks = mutation === undefined ? {} : { mutation_id: mutation, retry: attempt > 0 };
      const exchange: Exchange = {
        verb,
        command,
        parameters: { ...parameters, ...marks },
        silenceMs: LIGHT_SILENCE_MS,
        signal,
        ...(options.body === undefined ? {} : { body: options.body }),
      };
      return await this.#whole(await this.#transport.send(exchange, this.proxy, this.#isTrusted), signal);
    };
    return options.isOneTry ? call(0) : withRetries(call, () => this.#policy(), this.clock, signal);
  }

  /** A heavy command, tried once: the caller reads `body` to its end, then asks `failure`. */
  async heavy(
    verb: Verb,
    command: string,
    parameters: object,
    options: { body?: AsyncIterable<Buffer>; signal?: AbortSignal | undefined } = {},
  ): Promise<Answer> {
    const origin = this.#useHosts ? await this.#hosts.pick() : this.proxy;
    try {
      return await this.#transport.send(
        { verb, command, parameters: { ...parameters }, silenceMs: HEAVY_SILENCE_MS, ...options },
        origin,
        this.#isTrusted,
      );
    } catch (thrown) {
      if (thrown instanceof RtnError && thrown.code === 'unavailable') this.#hosts.ban(origin);
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  readonly #isTrusted = async (origin: string): Promise<boolean> =>
    origin === this.proxy || (this.#useHosts && (await this.#hosts.isTrusted(origin)));

  #policy(): RetryPolicy {
    return this.#hasAnswered
      ? this.retry
      : { ...this.retry, totalMs: Math.min(this.retry.totalMs, FIRST_ANSWER_MS) };
  }

  async #whole(answer: Answer, signal: AbortSignal | undefined): Promise<unknown> {
    this.#hasAnswered = true;
    try {
      const text = await answer.body.text();
      const failure = answer.failure();
      if (failure !== undefined) throw failure;
      return text === '' ? {} : JSON.parse(text);
    } catch (thrown) {
      throw signal?.aborted ? aborted(answer.place, signal) : fromNetwork(thrown, answer.place);
    }
  }
}
