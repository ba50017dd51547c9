import type { Answer, BatchAnswer, BatchChannel, RequestPreview, Run } from '../pipeline/contract.js';
import { batchIdempotencyKey } from '../pipeline/idempotency.js';
import type { Message } from '../pipeline/record.js';
import { type Answers, unsendableRow } from './answers.js';
import { AnswerBody } from './body.js';
import type { HttpClient, HttpRequest } from './client.js';
import type { ExchangeResult } from './exchange.js';
import type { Frame } from './frame.js';
import { previewOf } from './preview.js';
import type { Results } from './results.js';

export interface HttpBatchesOptions {
  /** The channel's key, a part of every idempotency key. */
  readonly channel: string;
  readonly client: HttpClient;
  readonly answers: Answers;
  readonly frame: Frame;
  /** Undefined where all messages have the outcome of their request. */
  readonly results: Results | undefined;
  /** A request without its body. */
  readonly request: () => Omit<HttpRequest, 'headers'> & { readonly headers: Record<string, string> };
  /** The header of the idempotency key. */
  readonly keyHeader: string | undefined;
}

/** How an HTTP channel carries batches. */
export class HttpBatches implements BatchChannel {
  #options: HttpBatchesOptions;

  constructor(options: HttpBatchesOptions) {
    this.#options = options;
  }

  /** Makes its requests as another does, which was made with new secrets. */
  renew(renewed: HttpBatches): void {
    const { frame, request } = renewed.#options;
    this.#options = { ...this.#options, frame, request };
  }

  bytesOf(message: Message): number {
    // And the comma before it.
    return Buffer.byteLength(this.#options.frame.textOf(message)) + 1;
  }

  matchOf(message: Message): string | null {
    return this.#options.results?.matchOf(message) ?? null;
  }

  send(messages: readonly Message[]): Promise<BatchAnswer> {
    return new Promise((resolve) => {
      const { client } = this.#options;
      try {
        client.exchange(this.#request(messages, client.run), (result) =>
          resolve(this.#answer(messages, result)),
        );
      } catch (thrown) {
        resolve({ whole: unsendableRow(thrown) });
      }
    });
  }

  /** The request as it would leave; needs nothing to be open. */
  preview(messages: readonly Message[], run: Run): RequestPreview {
    return previewOf(this.#request(messages, run));
  }

  #request(messages: readonly Message[], { operation, id }: Run): HttpRequest {
    const { channel, frame, keyHeader, request } = this.#options;
    const { headers, ...rest } = request();
    if (keyHeader !== undefined) headers[keyHeader] = batchIdempotencyKey(operation, id, channel, messages);
    return { ...rest, headers, body: frame.bodyOf(messages) };
  }

  #answer(messages: readonly Message[], result: ExchangeResult): BatchAnswer {
    const { answers, client, results } = this.#options;
    const { clock } = client.run;
    if (!('response' in result)) return { whole: answers.of(result, clock) };
    const { response } = result;
    const body = new AnswerBody(response.body);
    const whole: Answer = answers.ofResponse(response, body, clock);
    if (whole.class !== 'sent' || results === undefined) return { whole };
    const items = results.read(messages, response, body, clock.now());
    return typeof items === 'string' ? { whole: answers.unreadable(response, items) } : { whole, items };
  }
}
