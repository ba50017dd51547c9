import type { Agent } from 'undici';
import type { Run } from '../pipeline/contract.js';
import { Connections } from './connections.js';
import { connectorOf } from './connector.js';
import { Deadlines, Exchange, type ExchangeResult } from './exchange.js';

/** A request as undici dispatches it. */
export type HttpRequest = Parameters<Agent['dispatch']>[0];

/** The connections to a provider, and one deadline for each request. */
export class HttpClient {
  readonly #timeoutMs: number;
  readonly #maxBodyBytes: number;
  #run: Run | undefined;
  #agent: Agent | undefined;
  #deadlines: Deadlines | undefined;
  #makeConnections: (origin: string) => Connections = () => {
    throw new Error('send was called before open');
  };
  /** Those to the origin that was asked for first, mostly the only one; any other goes by the agent. */
  #connections: Connections | undefined;
  #origin = '';

  constructor(timeoutMs: number, maxBodyBytes: number) {
    this.#timeoutMs = timeoutMs;
    this.#maxBodyBytes = maxBodyBytes;
  }

  async open(run: Run, concurrency: number): Promise<void> {
    const undici = await import('undici');
    const timeoutMs = this.#timeoutMs;
    this.#run = run;
    this.#deadlines = new Deadlines(run.clock, timeoutMs);
    const options = {
      // Our own deadlines are tighter; these only catch what they cannot see.
      headersTimeout: 2 * timeoutMs,
      bodyTimeout: 2 * timeoutMs,
      connect: connectorOf(undici.buildConnector, timeoutMs),
    };
    this.#agent = new undici.Agent({ ...options, connections: concurrency });
    this.#makeConnections = (origin) =>
      new Connections(() => new undici.Client(origin, options), concurrency);
  }

  /** The run it was opened for. */
  get run(): Run {
    if (this.#run === undefined) throw new Error('send was called before open');
    return this.#run;
  }

  /** Sends one request; `settle` is called once. Throws what undici says of a request that it cannot write. */
  exchange(request: HttpRequest, settle: (result: ExchangeResult) => void): void {
    const agent = this.#agent;
    if (agent === undefined) throw new Error('send was called before open');
    const connections = this.#connectionsTo(String(request.origin));
    const exchange = new Exchange(this, this.#maxBodyBytes, settle);
    this.#deadlines?.add(exchange);
    try {
      (connections ?? agent).dispatch(request, exchange);
    } catch (thrown) {
      this.ended(exchange);
      throw thrown;
    }
  }

  /** An exchange has settled, or could not start. */
  ended(exchange: Exchange): void {
    this.#deadlines?.remove(exchange);
    this.#connections?.release(exchange);
  }

  #connectionsTo(origin: string): Connections | undefined {
    if (this.#connections === undefined) {
      this.#connections = this.#makeConnections(origin);
      this.#origin = origin;
    }
    return origin === this.#origin ? this.#connections : undefined;
  }

  async close(): Promise<void> {
    this.#deadlines?.close();
    await Promise.all([this.#connections?.close(), this.#agent?.destroy()]);
  }
}
