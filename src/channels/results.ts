import { OUTCOME_CLASSES, type OutcomeClass } from '../component.js';
import { oneLine, RtnError } from '../error.js';
import type { Answer, AnswerClass } from '../pipeline/contract.js';
import type { Message } from '../pipeline/record.js';
import { retryAfterMs } from './answers.js';
import type { AnswerBody } from './body.js';
import type { HttpResponse } from './exchange.js';
import { CLASS_MEANINGS } from './outcomes.js';
import { compilePointer, POINTER_PATTERN } from './pointer.js';
import { answerClass } from './status.js';
import { valueText } from './value-text.js';

const CODES = {
  type: 'array',
  minItems: 1,
  items: { type: ['string', 'number', 'boolean'] },
} as const;

const pointer = (description: string) => ({ type: 'string', pattern: POINTER_PATTERN, description });

/** The schema of the channel's `results`. */
export const RESULTS_SCHEMA = {
  type: 'object',
  required: ['at', 'code', 'outcomes'],
  additionalProperties: false,
  properties: {
    at: {
      type: 'string',
      pattern: '^(/[^/]*)*$',
      description: "JSON pointer to the list of outcomes in the answer; '' where the answer is the list.",
    },
    match: {
      type: 'object',
      required: ['row', 'answer'],
      additionalProperties: false,
      description:
        'How an outcome finds its message: by a value that both have. Without it by position, and the list must be as long as the batch.',
      properties: {
        row: { type: 'string', minLength: 1, description: 'Column of the row, which every row has.' },
        answer: pointer('JSON pointer within an outcome to the same value.'),
      },
    },
    code: pointer('JSON pointer within an outcome to the code that says what became of the message.'),
    provider_id: pointer("JSON pointer within an outcome to the provider's id of the message, for the log."),
    error_text: pointer('JSON pointer within an outcome to a text that explains it, for the log.'),
    outcomes: {
      type: 'object',
      required: ['sent'],
      additionalProperties: false,
      description: 'What each code means. One that is not listed is tried again, then failed; never sent.',
      properties: Object.fromEntries(
        OUTCOME_CLASSES.map((name) => [name, { ...CODES, description: CLASS_MEANINGS[name] }]),
      ),
    },
    suppress: {
      ...CODES,
      description:
        'Codes after which nobody should send to this recipient again; logged apart from the class.',
    },
  },
};

type Code = string | number | boolean;

/** How the answer to a batch tells of its messages. */
export interface ResultsOptions {
  readonly at: string;
  readonly match?: { readonly row: string; readonly answer: string };
  readonly code: string;
  readonly provider_id?: string;
  readonly error_text?: string;
  readonly outcomes: Readonly<Partial<Record<OutcomeClass, readonly Code[]>>>;
  readonly suppress?: readonly Code[];
}

/** Reads what became of each message of a batch out of one answer. Compiled once. */
export class Results {
  readonly #list: (document: unknown) => unknown;
  readonly #match: { readonly row: string; find(item: unknown): unknown } | undefined;
  readonly #code: (item: unknown) => unknown;
  readonly #providerId: (item: unknown) => unknown;
  readonly #errorText: (item: unknown) => unknown;
  readonly #classes = new Map<string, AnswerClass>();
  readonly #suppressed: ReadonlySet<string>;

  constructor({ at, match, code, provider_id, error_text, outcomes, suppress = [] }: ResultsOptions) {
    this.#list = compilePointer(at);
    this.#match = match && { row: match.row, find: compilePointer(match.answer) };
    this.#code = compilePointer(code);
    this.#providerId = provider_id === undefined ? () => undefined : compilePointer(provider_id);
    this.#errorText = error_text === undefined ? () => undefined : compilePointer(error_text);
    for (const name of OUTCOME_CLASSES)
      for (const listed of outcomes[name] ?? []) this.#classes.set(String(listed), answerClass(name));
    this.#suppressed = new Set(suppress.map(String));
  }

  /** The value by which the answer tells of a message; null where it tells by position. Throws `data` where the row lacks it. */
  matchOf({ row }: Message): string | null {
    if (this.#match === undefined) return null;
    const text = valueText(row[this.#match.row] ?? undefined);
    if (text === undefined)
      throw new RtnError('data', `the row has no ${this.#match.row}, by which the answer would tell of it`);
    return text;
  }

  /**
   * One answer a message, undefined for one that is not told of; a text that says why where the body cannot be read.
   * By position a list of another length tells of nobody: which one it left out cannot be known.
   */
  read(
    messages: readonly Message[],
    response: HttpResponse,
    body: AnswerBody,
    nowMs: number,
  ): readonly (Answer | undefined)[] | string {
    const list = this.#list(body.document);
    if (!Array.isArray(list))
      return body.document === undefined ? 'the answer is no JSON' : 'the answer has no list of outcomes';
    const waitMs = retryAfterMs(response.headers, nowMs);
    const answerTo = (item: unknown) => this.#answer(item, response.status, waitMs);
    const { find } = this.#match ?? {};
    if (find === undefined) {
      return list.length === messages.length
        ? list.map(answerTo)
        : `the answer has ${list.length} outcomes for ${messages.length} messages`;
    }
    const byMatch = new Map<string, unknown>();
    for (const item of list) {
      const text = valueText(find(item) ?? undefined);
      if (text !== undefined && !byMatch.has(text)) byMatch.set(text, item);
    }
    return messages.map((message) => {
      const text = this.matchOf(message) ?? '';
      return byMatch.has(text) ? answerTo(byMatch.get(text)) : undefined;
    });
  }

  #answer(item: unknown, httpStatus: number, waitMs: number | null): Answer {
    const code = valueText(this.#code(item) ?? undefined);
    const answered = (code === undefined ? undefined : this.#classes.get(code)) ?? 'retry';
    const isSent = answered === 'sent';
    const errorCode = isSent ? null : oneLine(code ?? 'no_code');
    const errorText = isSent ? null : lineOf(this.#errorText(item));
    return {
      class: answered,
      httpStatus,
      providerId: isSent ? lineOf(this.#providerId(item)) : null,
      errorCode,
      errorText,
      retryAfterMs: isSent ? null : waitMs,
      ...(code !== undefined && this.#suppressed.has(code) && { suppress: true }),
      ...(answered === 'terminal' && { error: terminalError(errorCode, errorText) }),
    };
  }
}

function lineOf(value: unknown): string | null {
  const text = valueText(value ?? undefined);
  return text === undefined ? null : oneLine(text);
}

function terminalError(code: string | null, errorText: string | null): RtnError {
  return new RtnError(
    'configuration',
    `the provider answered ${code} for a message, which ends the run${errorText === null ? '' : `: ${errorText}`}`,
    { details: { errorCode: code }, next: 'check endpoint, project and template' },
  );
}
