import type { Clock } from '../clock.js';
import { oneLine, RtnError } from '../error.js';
import type { Answer, AnswerClass } from '../pipeline/contract.js';
import { AnswerBody } from './body.js';
import type { ExchangeResult, HttpResponse } from './exchange.js';
import { networkAnswer, networkCode } from './network.js';
import { compileOutcomes, type OutcomeTable } from './outcomes.js';
import { compilePointer } from './pointer.js';
import { parseRetryAfter } from './retry-after.js';
import { compileRules } from './rules.js';
import { valueText } from './value-text.js';

export interface AnswersOptions {
  readonly outcomes: OutcomeTable;
  /** JSON pointers into the body. */
  readonly providerId?: string;
  readonly errorCode?: string;
  /** Whether the provider recognises a repeat. */
  readonly isIdempotent: boolean;
}

/** What exchanges come to, by the channel's outcome table, compiled once. The body is parsed only where something asks for it. */
export class Answers {
  readonly #classify: ReturnType<typeof compileOutcomes>;
  readonly #rules: ReturnType<typeof compileRules> | undefined;
  readonly #findId: (body: AnswerBody) => string | null;
  readonly #findCode: (body: AnswerBody) => string | null;
  readonly #isIdempotent: boolean;

  constructor({ outcomes, providerId, errorCode, isIdempotent }: AnswersOptions) {
    this.#classify = compileOutcomes(outcomes);
    this.#rules = outcomes.rules === undefined ? undefined : compileRules(outcomes.rules);
    this.#findId = compileText(providerId);
    this.#findCode = compileText(errorCode);
    this.#isIdempotent = isIdempotent;
  }

  /** What an exchange comes to; the clock is asked where a Retry-After is a date. */
  of(result: ExchangeResult, clock: Clock): Answer {
    return 'response' in result
      ? this.ofResponse(result.response, new AnswerBody(result.response.body), clock)
      : this.#ofError(result.error, result.wasStarted);
  }

  ofResponse(response: HttpResponse, body: AnswerBody, clock: Clock): Answer {
    const { status } = response;
    const outcome = this.#rules?.ofResponse(response, body) ?? this.#classify(status);
    const answer =
      outcome.class === 'sent'
        ? this.#sent(status, body)
        : this.#notSent(outcome.class, status, body, retryAfterMs(response.headers, clock.now()));
    return outcome.isSuppressed ? { ...answer, suppress: true } : answer;
  }

  /**
   * An answer whose status says sent and whose body does not say what became of the messages: whether they were carried
   * out nobody knows.
   */
  unreadable({ status }: HttpResponse, problem: string): Answer {
    return {
      class: this.#isIdempotent ? 'retry' : 'in-doubt',
      httpStatus: status,
      providerId: null,
      errorCode: 'unreadable_answer',
      errorText: problem,
      retryAfterMs: null,
    };
  }

  #sent(httpStatus: number, body: AnswerBody): Answer {
    return {
      class: 'sent',
      httpStatus,
      providerId: this.#findId(body),
      errorCode: null,
      errorText: null,
      retryAfterMs: null,
    };
  }

  #notSent(
    answerClass: AnswerClass,
    httpStatus: number,
    body: AnswerBody,
    retryAfterMs: number | null,
  ): Answer {
    const errorText = oneLine(body.text) || null;
    return {
      class: answerClass,
      httpStatus,
      providerId: null,
      errorCode: this.#findCode(body) ?? `http_${httpStatus}`,
      errorText,
      retryAfterMs,
      ...(answerClass === 'terminal' && { error: terminalError(httpStatus, errorText) }),
    };
  }

  #ofError(error: Error, wasStarted: boolean): Answer {
    const rule = this.#rules?.ofError(networkCode(error));
    return networkAnswer(error, { wasStarted, isIdempotent: this.#isIdempotent, ...(rule && { rule }) });
  }
}

/** How long the provider asks to wait, in milliseconds. */
export function retryAfterMs(headers: HttpResponse['headers'], nowMs: number): number | null {
  const value = headers['retry-after'];
  return parseRetryAfter(Array.isArray(value) ? value[0] : value, nowMs);
}

/** Compiles a pointer to a look-up of a text for the log: on one line, null where there is none. */
function compileText(pointer: string | undefined): (body: AnswerBody) => string | null {
  if (pointer === undefined) return () => null;
  const find = compilePointer(pointer);
  return (body) => {
    const text = valueText(find(body.document) ?? undefined);
    return text === undefined ? null : oneLine(text);
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

/** The answer for a row that makes no request. */
export function unsendableRow(thrown: unknown): Answer {
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
