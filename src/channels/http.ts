import type { Agent } from 'undici';
import type { ComponentSpec } from '../component.js';
import { oneLine, RtnError } from '../error.js';
import type { Answer, AnswerClass, Channel, RequestPreview, Run } from '../pipeline/contract.js';
import { idempotencyKey } from '../pipeline/idempotency.js';
import type { Message, Row } from '../pipeline/record.js';
import { Deadlines, Exchange, type ExchangeResult, type HttpResponse } from './exchange.js';
import { networkAnswer } from './network.js';
import { compileOutcomes, type OutcomeTable, type STATUS_CLASSES } from './outcomes.js';
import { compilePointer } from './pointer.js';
import { parseRetryAfter } from './retry-after.js';

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
const DEFAULT_TIMEOUT_MS = 15_000;

const statusList = {
  type: 'array',
  minItems: 1,
  items: {
    anyOf: [
      { type: 'integer', minimum: 100, maximum: 599 },
      { type: 'string', pattern: '^[1-5]xx$' },
    ],
  },
};

export const httpChannelSpec: ComponentSpec = {
  kind: 'channel',
  key: 'http',
  construct: 'httpChannel',
  description: 'Hands each message to an HTTP provider by one request with a JSON body.',
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
    body: { description: 'JSON body of the request.', schema: {}, perRow: true },
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
      schema: { type: 'string', pattern: '^(/[^/]*)+$' },
    },
    outcomes: {
      description:
        'What each HTTP status means; a single status counts before its hundred (5xx). A status that is not listed is tried again, then failed; never sent.',
      schema: {
        type: 'object',
        required: ['sent'],
        additionalProperties: false,
        properties: {
          sent: { ...statusList, description: 'Accepted by the provider.' },
          rejected: { ...statusList, description: 'This row or recipient, for good.' },
          throttled: {
            ...statusList,
            description: 'Slow down: everything waits as long as Retry-After asks, then this is tried again.',
          },
          retry: { ...statusList, description: 'Transient: tried again after a growing pause.' },
          terminal: {
            ...statusList,
            description: 'Nothing can be sent until a person changes something: the run stops.',
          },
        } satisfies Record<(typeof STATUS_CLASSES)[number], unknown>,
      },
      isRequired: true,
    },
  },
};

export interface HttpChannelOptions {
  readonly method?: (typeof METHODS)[number];
  readonly url: string | ((row: Row) => string);
  readonly headers?: Readonly<Record<string, string>> | ((row: Row) => Readonly<Record<string, string>>);
  readonly body?: unknown | ((row: Row) => unknown);
  readonly idempotencyKey?: string;
  readonly timeoutMs?: number;
  readonly providerId?: string;
  readonly outcomes: OutcomeTable;
}

/** A channel that speaks HTTP/1.1 with JSON bodies: `use: http`. */
export function httpChannel(options: HttpChannelOptions): Channel {
  return new HttpChannel(options);
}

class HttpChannel implements Channel {
  readonly key = 'http';
  readonly #options: HttpChannelOptions;
  readonly #classify: (status: number) => AnswerClass;
  readonly #providerId: ((document: unknown) => unknown) | undefined;
  readonly #isIdempotent: boolean;
  readonly #target: (row: Row) => { origin: string; path: string };
  #run: Run | undefined;
  #agent: Agent | undefined;
  #deadlines: Deadlines | undefined;

  constructor(options: HttpChannelOptions) {
    this.#options = options;
    this.#classify = compileOutcomes(options.outcomes);
    this.#providerId = options.providerId === undefined ? undefined : compilePointer(options.providerId);
    this.#isIdempotent =
      options.idempotencyKey !== undefined || options.method === 'GET' || options.method === 'PUT';
    const { url } = options;
    if (typeof url === 'string') {
      const target = splitUrl(url);
      this.#target = () => target;
    } else {
      this.#target = (row) => splitUrl(url(row));
    }
  }

  async open(run: Run, concurrency: number): Promise<void> {
    const undici = await import('undici');
    const timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
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

  send(message: Message): Promise<Answer> {
    const [agent, run, deadlines] = [this.#agent, this.#run, this.#deadlines];
    if (agent === undefined || run === undefined || deadlines === undefined)
      throw new Error('send was called before open');
    return new Promise((resolve) => {
      const exchange: Exchange = new Exchange(run.clock.monotonic(), (result) => {
        deadlines.remove(exchange);
        resolve(this.#answer(result));
      });
      let request: Parameters<Agent['dispatch']>[0];
      try {
        request = this.#request(message, run);
      } catch (thrown) {
        resolve(rejectedRow(thrown));
        return;
      }
      deadlines.add(exchange);
      agent.dispatch(request, exchange);
    });
  }

  async close(): Promise<void> {
    this.#deadlines?.close();
    await this.#agent?.destroy();
  }

  #request({ id, position, row }: Message, run: Run): Parameters<Agent['dispatch']>[0] {
    const { headers, body, idempotencyKey: keyHeader, method = 'POST' } = this.#options;
    const given = typeof headers === 'function' ? checkHeaders(headers(row)) : headers;
    const sent: Record<string, string> = { 'content-type': 'application/json', ...given };
    if (keyHeader !== undefined)
      sent[keyHeader] = idempotencyKey(run.operation, run.id, this.key, id, position);
    const content = typeof body === 'function' ? body(row) : body;
    return {
      ...this.#target(row),
      method,
      headers: sent,
      body: content === undefined ? null : JSON.stringify(content),
    };
  }

  #answer(result: ExchangeResult): Answer {
    if ('error' in result) {
      return networkAnswer(result.error, { wasStarted: result.wasStarted, isIdempotent: this.#isIdempotent });
    }
    const { response } = result;
    const answerClass = this.#classify(response.status);
    if (answerClass === 'sent') return this.#sentAnswer(response);
    const errorText = oneLine(response.body) || null;
    return {
      class: answerClass,
      httpStatus: response.status,
      providerId: null,
      errorCode: `http_${response.status}`,
      errorText,
      retryAfterMs: parseRetryAfter(headerText(response.headers['retry-after']), this.#run?.clock.now() ?? 0),
      ...(answerClass === 'terminal' && { error: terminalError(response.status, errorText) }),
    };
  }

  #sentAnswer({ status, body }: HttpResponse): Answer {
    return {
      class: 'sent',
      httpStatus: status,
      providerId: this.#findId(body),
      errorCode: null,
      errorText: null,
      retryAfterMs: null,
    };
  }

  #findId(body: string): string | null {
    if (this.#providerId === undefined) return null;
    try {
      const id = this.#providerId(JSON.parse(body));
      return typeof id === 'string' || typeof id === 'number' ? oneLine(String(id)) : null;
    } catch {
      return null;
    }
  }

  preview([message]: readonly Message[], run: Run): RequestPreview {
    if (message === undefined) throw new Error('preview was called without a message');
    const { method, origin, path, headers, body } = this.#request(message, run);
    return {
      target: `${method} ${origin}${path}`,
      headers: headers as Readonly<Record<string, string>>,
      body: typeof body === 'string' ? body : null,
    };
  }
}

/** Origin and path, as a dispatch wants them. */
function splitUrl(text: string): { origin: string; path: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new RtnError(
      'configuration',
      `the address of a request is wrong: got '${oneLine(text)}', expected http://… or https://…`,
    );
  }
  // A row value that is `.` or `..` would be folded away and lead the request somewhere else.
  if (/\/\.\.?(?=[/?#]|$)/.test(text)) {
    throw new RtnError(
      'data',
      `the address of a request has a segment that is '.' or '..': '${oneLine(text)}'`,
    );
  }
  return { origin: url.origin, path: url.pathname + url.search };
}

/** What may stand in a header value (RFC 9110, 5.5), as far as rows can break it: no control character but a tab. */
const FORBIDDEN_IN_HEADER = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

function checkHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    if (FORBIDDEN_IN_HEADER.test(String(value))) {
      throw new RtnError(
        'data',
        `header ${name} cannot hold this row's value: it has a control or non-Latin character`,
      );
    }
  }
  return headers;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function rejectedRow(thrown: unknown): Answer {
  const errorText = oneLine(thrown instanceof Error ? thrown.message : String(thrown));
  return {
    class: 'rejected',
    httpStatus: null,
    providerId: null,
    errorCode: 'unsendable_row',
    errorText,
    retryAfterMs: null,
  };
}

function terminalError(status: number, errorText: string | null): RtnError {
  const isCredentials = status === 401 || status === 403;
  const said = errorText === null ? '' : `: ${errorText}`;
  return new RtnError(
    isCredentials ? 'credentials' : 'configuration',
    `the provider answered ${status}, which ends the run${said}`,
    {
      details: { status },
      next: isCredentials
        ? 'check the secret that the operation sends, then start the same command again'
        : 'check the endpoint',
    },
  );
}
