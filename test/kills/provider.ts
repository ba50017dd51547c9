import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VirtualClock } from '../../src/clock.js';
import { isGone } from './rows.js';

export interface ReceiptsOptions {
  /** Whether a repeat is recognised: of a message by its idempotency key, of an item of a batch by its id. */
  readonly isIdempotent: boolean;
  readonly seed: number;
}

interface Item {
  readonly id: string;
  readonly to: string;
}

/** Of a thousand requests so many come to that. */
const TROUBLE = { throttled: 1, down: 8, cut: 4, slow: 2 } as const;
const SLOWEST_MS = 1_500;

/**
 * A provider on loopback that keeps a receipt of all it carried out. It is now and then slow, throttled, down, or cuts
 * the connection after it has done what it was asked. A request that has arrived is carried out, also when whoever sent
 * it is dead by then.
 */
export class Receipts {
  /** How often each message was carried out, by id. */
  readonly effects = new Map<string, number>();
  /** Of these the sender never got an answer, though it lived. */
  readonly cutOff = new Set<string>();
  /** Requests ever begun. */
  requests = 0;
  readonly #options: ReceiptsOptions;
  readonly #dice: VirtualClock;
  readonly #seen = new Set<string>();
  readonly #server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    this.#receive(request, response),
  );
  #underWay = 0;
  #listeners: (() => void)[] = [];

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#dice = new VirtualClock({ seed: options.seed });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await new Promise((resolve) => this.#server.once('listening', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves once `isReached` holds; asked after each request. */
  until(isReached: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (isReached()) resolve();
        else this.#listeners.push(look);
      };
      look();
    });
  }

  /** Resolves when nothing is under way any more. */
  quiet(): Promise<void> {
    return this.until(() => this.#underWay === 0);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.requests++;
      this.#underWay++;
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Item & { items?: Item[] };
      const key = request.headers['idempotency-key'];
      const lot = this.#dice.random() * 1_000;
      const isSlow = lot < TROUBLE.slow;
      const delayMs = this.#dice.random() * (isSlow ? SLOWEST_MS : 4);
      setTimeout(() => {
        this.#answer(body, typeof key === 'string' ? key : undefined, lot - TROUBLE.slow, response);
        this.#underWay--;
        for (const look of this.#listeners.splice(0)) look();
      }, delayMs);
      for (const look of this.#listeners.splice(0)) look();
    });
  }

  #answer(body: Item & { items?: Item[] }, key: string | undefined, lot: number, response: ServerResponse) {
    const { throttled, down, cut } = TROUBLE;
    const items = body.items ?? [body];
    if (lot >= 0 && lot < throttled + down)
      return void response.writeHead(lot < throttled ? 429 : 503).end('{}');
    const results = items.map((item) => ({ id: item.id, status: this.#carryOut(item, key) }));
    if (lot >= 0 && lot < throttled + down + cut) {
      for (const { id } of items) this.cutOff.add(id);
      return void response.destroy();
    }
    if (body.items !== undefined) return void response.writeHead(200).end(JSON.stringify({ results }));
    response.writeHead(results[0]?.status === 'gone' ? 410 : 200).end('{}');
  }

  #carryOut({ id, to }: Item, key: string | undefined): 'ok' | 'gone' {
    if (isGone(to)) return 'gone';
    const identity = key ?? id;
    if (!this.#options.isIdempotent || !this.#seen.has(identity))
      this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
    this.#seen.add(identity);
    return 'ok';
  }
}
