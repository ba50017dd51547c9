import type { ComponentSpec } from '../component.js';
import { RtnError } from '../error.js';
import type { Answer, Channel, RequestPreview, Run } from '../pipeline/contract.js';
import { idempotencyKey } from '../pipeline/idempotency.js';
import type { Message, Row } from '../pipeline/record.js';
import { Answers, unsendableRow } from './answers.js';
import { HttpClient, type HttpRequest } from './client.js';
import { MAX_BODY_BYTES } from './exchange.js';
import { Frame } from './frame.js';
import { compileHeaderList, compileHeaders } from './headers.js';
import { HttpBatches } from './http-batch.js';
import { OUTCOMES_SCHEMA, type OutcomeTable } from './outcomes.js';
import { POINTER_PATTERN } from './pointer.js';
import { previewOf } from './preview.js';
import { RESULTS_SCHEMA, Results, type ResultsOptions } from './results.js';
import { compileTarget } from './target.js';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
const DEFAULT_TIMEOUT_MS = 15_000;
/** An answer to a batch tells of every message. */
const MAX_BATCH_BODY_BYTES = 67_108_864;

export const httpChannelSpec: ComponentSpec = {
  kind: 'channel',
  key: 'http',
  construct: 'httpChannel',
  description: 'Hands messages to an HTTP provider by requests with a JSON body.',
  fields: {
    method: { description: 'HTTP method.', schema: { type: 'string', enum: METHODS, default: 'POST' } },
    url: {
      description: 'Address of the request. A row value within it becomes one percent-encoded segment.',
      schema: { type: 'string', minLength: 1 },
      isRequired: true,
      perRow: true,
      encoding: 'url',
    },
    headers: {
      description: 'Request headers by name. A row whose value would break out of a header is rejected.',
      schema: {
        type: 'object',
        propertyNames: { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
        additionalProperties: { type: 'string' },
      },
      perRow: true,
    },
    body: {
      description:
        'JSON body of the request. Below use: batch it holds one {each: …}, which becomes the list of what each row makes of it.',
      schema: {},
      perRow: true,
      each: true,
    },
    idempotency_key: {
      description:
        "Header that carries the message's idempotency key, by which the provider recognises a repeat. Without it a request that may have been carried out is never repeated.",
      schema: { type: 'string', pattern: '^[A-Za-z0-9-]+$' },
    },
    timeout: {
      description: 'Longest wait for one answer; the request is then aborted.',
      schema: { default: `${DEFAULT_TIMEOUT_MS / 1_000}s` },
      isDuration: true,
      tuning: true,
    },
    provider_id: {
      description: "JSON pointer to the provider's id of the message in its answer, for the log.",
      schema: { type: 'string', pattern: POINTER_PATTERN },
    },
    error_code: {
      description:
        "JSON pointer to the provider's own code of a refusal in its answer, for the log; without it http_ and the status.",
      schema: { type: 'string', pattern: POINTER_PATTERN },
    },
    results: {
      description:
        'Below use: batch, how the answer tells of each message. Without it all have the outcome of their request.',
      schema: RESULTS_SCHEMA,
      batchOnly: true,
      columns: ['/match/row'],
      outcomeTables: [{ at: '/outcomes', suppress: '/suppress' }],
    },
    outcomes: {
      description:
        'What each HTTP status means; a single status counts before its hundred (5xx). A status that is not listed is tried again, then failed; never sent.',
      schema: OUTCOMES_SCHEMA,
      isRequired: true,
      outcomeTables: [{ at: '', suppress: '/suppress', rules: '/rules', hasStatuses: true }],
    },
  },
};

export interface HttpChannelOptions {
  readonly method?: (typeof METHODS)[number];
  readonly url: string | ((row: Row) => string);
  readonly headers?: Readonly<Record<string, string>> | ((row: Row) => Readonly<Record<string, string>>);
  /** With `each` a function of the list of items, which it must hold once. */
  readonly body?: unknown | ((rowOrItems: Row) => unknown);
  /** What a row adds to a batch. */
  readonly each?: (row: Row) => unknown;
  readonly results?: ResultsOptions;
  readonly idempotencyKey?: string;
  readonly timeoutMs?: number;
  readonly providerId?: string;
  readonly errorCode?: string;
  readonly outcomes: OutcomeTable;
}

/** A channel that speaks HTTP/1.1 with JSON bodies: `use: http`. */
export function httpChannel(options: HttpChannelOptions): Channel {
  return new HttpChannel(options);
}

class HttpChannel implements Channel {
  readonly key = 'http';
  readonly isIdempotent: boolean;
  readonly batches?: HttpBatches;
  readonly #client: HttpClient;
  readonly #answers: Answers;
  /** Undefined where it carries batches alone. */
  #requestOf: ((message: Message, run: Run) => HttpRequest) | undefined;

  constructor(options: HttpChannelOptions) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, idempotencyKey: keyHeader, method, each } = options;
    const isIdempotent = keyHeader !== undefined || method === 'GET' || method === 'PUT';
    // The key of a batch is of its messages together: those that are sent again after a crash make other batches.
    this.isIdempotent = each === undefined ? isIdempotent : method === 'GET' || method === 'PUT';
    this.#answers = new Answers({ ...options, isIdempotent });
    this.#client = new HttpClient(timeoutMs, each === undefined ? MAX_BODY_BYTES : MAX_BATCH_BODY_BYTES);
    this.#requestOf = each === undefined ? compileRequest(options, this.key) : undefined;
    if (each !== undefined) this.batches = this.#batchesOf({ ...options, each });
  }

  open(run: Run, concurrency: number): Promise<void> {
    return this.#client.open(run, concurrency);
  }

  send(message: Message): Promise<Answer> {
    this.#single();
    return new Promise((resolve) => {
      this.attempt(message, resolve);
    });
  }

  attempt(message: Message, settle: (answer: Answer) => void): void {
    const { run } = this.#client;
    const requestOf = this.#single();
    try {
      this.#client.exchange(requestOf(message, run), (result) => settle(this.#answers.of(result, run.clock)));
    } catch (thrown) {
      settle(unsendableRow(thrown));
    }
  }

  preview(messages: readonly Message[], run: Run): RequestPreview {
    if (this.batches !== undefined) return this.batches.preview(messages, run);
    const [message] = messages;
    if (message === undefined || this.#requestOf === undefined)
      throw new Error('preview was called without a message');
    return previewOf(this.#requestOf(message, run));
  }

  async refresh(): Promise<boolean> {
    const renewed = this.#client.run.renewed?.();
    if (!(renewed instanceof HttpChannel)) return false;
    this.#requestOf = renewed.#requestOf;
    if (renewed.batches !== undefined) this.batches?.renew(renewed.batches);
    return true;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #single(): (message: Message, run: Run) => HttpRequest {
    if (this.#requestOf !== undefined) return this.#requestOf;
    throw new RtnError('configuration', 'this channel puts many messages into one request', {
      next: 'use: batch, or give the body without `each`',
    });
  }

  #batchesOf(
    options: HttpChannelOptions & { readonly each: NonNullable<HttpChannelOptions['each']> },
  ): HttpBatches {
    const { url, headers, body, each, results, idempotencyKey: keyHeader, method = 'POST' } = options;
    if (typeof url === 'function' || typeof headers === 'function' || typeof body !== 'function')
      throw new RtnError(
        'configuration',
        'a batch needs a constant address, constant headers and a body that is a function of its items',
      );
    const target = compileTarget(url)({});
    const headersOf = compileHeaders(headers);
    return new HttpBatches({
      channel: this.key,
      client: this.#client,
      answers: this.#answers,
      frame: new Frame(body as (items: unknown) => unknown, each),
      results: results && new Results(results),
      request: () => ({ ...target, method, headers: headersOf({}) }),
      keyHeader,
    });
  }
}

/** Compiles what makes a request of a message. It throws where the row makes none. */
function compileRequest(
  { url, headers, body, idempotencyKey: keyHeader, method = 'POST' }: HttpChannelOptions,
  channel: string,
): (message: Message, run: Run) => HttpRequest {
  const targetOf = compileTarget(url);
  const headersOf = compileHeaderList(headers, keyHeader);
  const contentOf = typeof body === 'function' ? (body as (row: Row) => unknown) : () => body;
  return ({ id, position, row }, run) => {
    const sent = headersOf(row);
    if (keyHeader !== undefined)
      sent.push(keyHeader, idempotencyKey(run.operation, run.keyId, channel, id, position));
    const { origin, path } = targetOf(row);
    const content = contentOf(row);
    // Spelt out: with a spread the engine makes an object that undici takes 3 µs longer to read.
    return {
      origin,
      path,
      method,
      headers: sent,
      body: content === undefined ? null : JSON.stringify(content),
    };
  };
}
