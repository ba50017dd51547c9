import { OUTCOME_CLASSES, type OutcomeClass } from '../component.js';
import type { AnswerClass } from '../pipeline/contract.js';
import type { AnswerBody } from './body.js';
import type { HttpResponse } from './exchange.js';
import { compilePointer, POINTER_PATTERN } from './pointer.js';
import { answerClass, compileStatuses, STATUSES_SCHEMA, type Status } from './status.js';
import { valueText } from './value-text.js';

/** The schema of one rule of a channel's `outcomes`. */
export const OUTCOME_RULE_SCHEMA = {
  type: 'object',
  required: ['class'],
  additionalProperties: false,
  properties: {
    status: { ...STATUSES_SCHEMA, description: 'Statuses that it is about.' },
    header: { type: 'string', minLength: 1, description: 'A header that the answer must have.' },
    at: {
      type: 'string',
      pattern: POINTER_PATTERN,
      description: 'JSON pointer to a value that the body must hold.',
    },
    is: {
      type: 'array',
      minItems: 1,
      items: { type: ['string', 'number', 'boolean', 'null'] },
      description:
        'What the value at the pointer, or without a pointer the header, must be one of; 17 and "17" are the same. Without it any will do.',
    },
    error: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description:
        'Codes of a request that got no answer, such as ECONNRESET, UND_ERR_SOCKET or timeout; goes with no other condition.',
      examples: [['timeout']],
    },
    class: { type: 'string', enum: OUTCOME_CLASSES, description: 'What it comes to.' },
    suppress: {
      type: 'boolean',
      default: false,
      description: 'Whether nobody should send to this recipient again.',
    },
  },
} as const;

/** One of the ordered rules of an outcome table: all its conditions must hold. */
export interface OutcomeRule {
  readonly status?: readonly Status[];
  readonly header?: string;
  readonly at?: string;
  readonly is?: readonly (string | number | boolean | null)[];
  readonly error?: readonly string[];
  readonly class: OutcomeClass;
  readonly suppress?: boolean;
}

/** What a rule that holds says. */
export interface RuleOutcome {
  readonly class: AnswerClass;
  readonly isSuppressed: boolean;
}

/** The rules of a table, each compiled to a test; undefined where no rule holds. */
export interface CompiledRules {
  ofResponse(response: HttpResponse, body: AnswerBody): RuleOutcome | undefined;
  ofError(code: string): RuleOutcome | undefined;
}

type Test = (response: HttpResponse, body: AnswerBody) => boolean;

export function compileRules(rules: readonly OutcomeRule[]): CompiledRules {
  const forResponses: (readonly [Test, RuleOutcome])[] = [];
  const byError = new Map<string, RuleOutcome>();
  for (const rule of rules) {
    const outcome = { class: answerClass(rule.class), isSuppressed: rule.suppress === true };
    const test = compileTest(rule);
    if (rule.error === undefined) forResponses.push([test ?? (() => true), outcome]);
    // No answer is at once an error and has a status, a header or a body.
    else if (test === undefined)
      for (const code of rule.error) if (!byError.has(code)) byError.set(code, outcome);
  }
  return {
    ofResponse: (response, body) => forResponses.find(([test]) => test(response, body))?.[1],
    ofError: (code) => byError.get(code),
  };
}

/** Undefined where the rule has no condition on a response. */
function compileTest({ status, header, at, is }: OutcomeRule): Test | undefined {
  const tests: Test[] = [];
  const isListed = compileValues(is);
  if (status !== undefined) {
    const hasStatus = compileStatuses(status);
    tests.push((response) => hasStatus(response.status));
  }
  if (header !== undefined) {
    const name = header.toLowerCase();
    const fits = at === undefined ? isListed : (value: string | undefined) => value !== undefined;
    tests.push(({ headers }) => [headers[name]].flat().some(fits));
  }
  if (at !== undefined) {
    const find = compilePointer(at);
    // Present is what is there at all, be it null, a list or a map.
    const fits = (value: unknown) => (is === undefined ? value !== undefined : isListed(valueText(value)));
    tests.push((_, body) => fits(find(body.document)));
  }
  const [first] = tests;
  if (tests.length < 2) return first;
  return (response, body) => tests.every((test) => test(response, body));
}

function compileValues(
  is: readonly (string | number | boolean | null)[] | undefined,
): (value: string | undefined) => boolean {
  if (is === undefined) return (value) => value !== undefined;
  const listed = new Set(is.map(String));
  return (value) => value !== undefined && listed.has(value);
}
