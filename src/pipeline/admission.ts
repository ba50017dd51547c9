import { createHash } from 'node:crypto';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Clock } from '../clock.js';
import type { JsonSchema } from '../component.js';
import { oneLine, RtnError } from '../error.js';
import type { InputDefinition } from './binding.js';
import type { Counts } from './counts.js';
import type { Queue } from './queue.js';
import type { Incoming, Message, Row, SendResult } from './record.js';

/** How many rows are judged before others get a turn. */
const BATCH = 256;

/**
 * Judges the rows of one input: those that fit its schema become messages, the others become results at once, with
 * the reason. Nothing is dropped. The schema is compiled to one function when the run starts.
 */
export class Admission {
  readonly #input: InputDefinition;
  readonly #validate: ValidateFunction;
  readonly #isKeySensitive: boolean;
  readonly #isRecipientSensitive: boolean;
  readonly #clock: Clock;

  constructor(input: InputDefinition, clock: Clock) {
    this.#input = input;
    this.#clock = clock;
    this.#validate = compileRowSchema(input.row);
    this.#isKeySensitive = isSensitive(input.row, input.key);
    this.#isRecipientSensitive = input.recipient !== undefined && isSensitive(input.row, input.recipient);
  }

  /**
   * Moves rows on until the incoming queue is done, or `stopSignal` is aborted; returns how many rows it had taken and
   * leaves without a message or a result.
   */
  async run(
    incoming: Queue<Incoming>,
    messages: Queue<Message>,
    results: Queue<SendResult>,
    { counts, stopSignal }: { readonly counts: Counts; readonly stopSignal: AbortSignal },
  ): Promise<number> {
    for (;;) {
      const batch = await incoming.receiveMany(BATCH, stopSignal);
      if (batch.length === 0) return 0;
      counts.read += batch.length;
      const admitted: Message[] = [];
      const refused: SendResult[] = [];
      for (const record of batch) this.#judge(record, admitted, refused);
      const kept =
        (await results.sendMany(refused, stopSignal)) + (await messages.sendMany(admitted, stopSignal));
      if (kept < batch.length) return batch.length - kept;
    }
  }

  #judge(record: Incoming, admitted: Message[], refused: SendResult[]): void {
    if ('malformed' in record) {
      refused.push(this.#rejected(record.position, null, 'malformed', record.malformed));
      return;
    }
    const { position, row } = record;
    const unsafe = unsafeColumn(row);
    if (unsafe !== undefined) {
      const text = `column ${unsafe} holds an integer that JSON numbers cannot carry; declare it as a string`;
      refused.push(this.#rejected(position, row, 'unsafe_integer', text));
    } else if (this.#validate(row)) {
      admitted.push({ id: this.#id(row, position), position, recipient: this.#recipient(row), row });
    } else {
      refused.push(this.#rejected(position, row, 'invalid_row', describe(this.#validate.errors)));
    }
  }

  #rejected(position: number, row: Row | null, errorCode: string, errorText: string): SendResult {
    const nowMs = this.#clock.now();
    return {
      outcome: 'rejected',
      messageId: row === null ? `#${position}` : this.#id(row, position),
      position,
      recipient: row === null ? null : this.#recipient(row),
      channel: null,
      attempts: 0,
      httpStatus: null,
      providerId: null,
      errorCode,
      errorText: oneLine(errorText),
      suppress: false,
      startedAtMs: nowMs,
      finishedAtMs: nowMs,
    };
  }

  /** The key column's value; `#<position>` for a row that has none. */
  #id(row: Row, position: number): string {
    const text = scalarText(row[this.#input.key]);
    if (text === null) return `#${position}`;
    return this.#isKeySensitive ? digest(text) : text;
  }

  #recipient(row: Row): string | null {
    if (this.#input.recipient === undefined) return null;
    const text = scalarText(row[this.#input.recipient]);
    return text !== null && this.#isRecipientSensitive ? digest(text) : text;
  }
}

/** Compiles the schema of an input's rows; throws `configuration` when it is no JSON Schema. */
function compileRowSchema(schema: JsonSchema): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: false, messages: true });
  formats.default(ajv);
  try {
    return ajv.compile(schema);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RtnError(
      'configuration',
      `the schema of the input's rows cannot be compiled: ${oneLine(reason)}`,
      { cause },
    );
  }
}

function isSensitive(schema: JsonSchema, column: string): boolean {
  const properties = schema.properties as Readonly<Record<string, JsonSchema>> | undefined;
  return properties?.[column]?.['x-sensitive'] === true;
}

/** Values of sensitive columns stand in the log as a digest: equal values stay equal, the value is not shown. */
function digest(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

function scalarText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : null;
}

/** The first column whose value would have to be rounded to be a JSON number. */
function unsafeColumn(row: Row): string | undefined {
  for (const column in row) if (typeof row[column] === 'bigint') return column;
  return undefined;
}

function describe(errors: readonly ErrorObject[] | null | undefined): string {
  const error = errors?.[0];
  if (error === undefined) return 'the row does not fit the schema';
  const column = error.instancePath.slice(1).replaceAll('/', '.');
  return column === '' ? `${error.message}` : `column ${column} ${error.message}`;
}
