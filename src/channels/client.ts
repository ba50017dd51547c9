import type { Agent } from 'undici';
import type { Run } from '../pipeline/contract.js';
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

  constructor(timeoutMs: number, maxBodyBytes: number) {
    this.#timeoutMs = timeoutMs;
    this.#maxBodyBytes = maxBodyBytes;
  }

  async open(run: Run, concurrency: number): Promise<void> {
    const undici = await import('undici');
    const timeoutMs = this.#timeoutMs;
    this.#run = run;
    this.#deadlines = new Deadlines(run.clock, timeoutMs);
    this.#agent = new undici.Agent({
      connections: concurrency,
      // Our own deadlines are tighter; these only catch what they cannot see.
      headersTimeout: 2 * timeoutMs,
      bodyTimeout: 2 * timeoutMs,
      connect: { timeout: timeoutMs },
    });
  }

  /** The run it was opened for. */
  get run(): Run {
    if (this.#run === undefined) throw new Error('send was called before open');
    return this.#run;
  }

  /** Sends one request; `settle` is called once. Throws what undici says of a request that it cannot write. */
  exchange(request: HttpRequest, settle: (result: ExchangeResult) => void): void {
    const [agent, deadlines] = [this.#agent, this.#deadlines];
    if (agent === undefined || deadlines === undefined) throw new Error('send was called before open');
    const exchange: Exchange = new Exchange(this.run.clock.monotonic(), this.#maxBodyBytes, (result) => {
      deadlines.remove(exchange);
      settle(result);
    });
    deadlines.add(exchange);
    try {
      agent.dispatch(request, exchange);
    } catch (thrown) {
      deadlines.remove(exchange);
      throw thrown;
    }
  }

  async close(): Promise<void> {
    this.#deadlines?.close();
    await this.#agent?.destroy();
  }
}
