import { parseLosslessJson } from '../yson/exact-json.js';

/** The body of an answer: parsed as JSON when something first asks for it, and no more than once. */
export class AnswerBody {
  readonly text: string;
  #document: unknown;
  #isParsed = false;

  constructor(text: string) {
    this.text = text;
  }

  /** The JSON value, integers outside the safe range as bigint; undefined where the body is none. */
  get document(): unknown {
    if (!this.#isParsed) {
      this.#isParsed = true;
      this.#document = parsed(this.text);
    }
    return this.#document;
  }
}

function parsed(text: string): unknown {
  try {
    return parseLosslessJson(text);
  } catch {
    return undefined;
  }
}
