import type { Client, Dispatcher } from 'undici';
import { Fifo } from '../pipeline/fifo.js';
import type { Exchange } from './exchange.js';

type Request = Dispatcher.DispatchOptions;

/**
 * The connections to one origin, made when first needed: each an undici Client, with one request at a time. A Pool
 * looks through all of them for every request, which costs a tenth of the throughput and more with hundreds. As with a
 * Pool a connection rests for one turn of the event loop after an answer, since some servers close it then.
 */
export class Connections {
  readonly #make: () => Client;
  readonly #max: number;
  readonly #all: Client[] = [];
  readonly #free: Client[] = [];
  #resting: Client[] = [];
  readonly #waiting = new Fifo<{ readonly request: Request; readonly exchange: Exchange }>();

  constructor(make: () => Client, max: number) {
    this.#make = make;
    this.#max = max;
  }

  /** Starts the exchange, at once or when a connection is free. */
  dispatch(request: Request, exchange: Exchange): void {
    const client = this.#free.pop() ?? this.#another();
    if (client === undefined) this.#waiting.push({ request, exchange });
    else start(client, request, exchange);
  }

  /** The exchange has settled, or could not start: its connection may be used again. */
  release(exchange: Exchange): void {
    const client = exchange.connection;
    if (client === undefined) return;
    exchange.connection = undefined;
    if (this.#resting.push(client) === 1) setImmediate(this.#rested);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }

  #another(): Client | undefined {
    if (this.#all.length === this.#max) return undefined;
    const client = this.#make();
    this.#all.push(client);
    return client;
  }

  readonly #rested = (): void => {
    const rested = this.#resting;
    this.#resting = [];
    for (const client of rested) {
      const next = this.#nextWaiting();
      if (next === undefined) this.#free.push(client);
      else start(client, next.request, next.exchange);
    }
  };

  /** One that has settled meanwhile has missed its deadline here. */
  #nextWaiting(): { readonly request: Request; readonly exchange: Exchange } | undefined {
    let next = this.#waiting.shift();
    while (next?.exchange.isSettled === true) next = this.#waiting.shift();
    return next;
  }
}

function start(client: Client, request: Request, exchange: Exchange): void {
  exchange.connection = client;
  client.dispatch(request, exchange);
}
