import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Clock } from '../clock.js';
import type { JsonSchema } from '../component.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import type { InputDefinition } from './binding.js';
import type { Counts } from './counts.js';
import type { Place } from './ending.js';
import type { Outstanding } from './outstanding.js';
import type { Queue } from './queue.js';
import type { Incoming, Message, Row, SendResult } from './record.js';
import type { Selection } from './selection.js';
import { isSensitive, scalarText, sensitiveDigest } from './sensitive.js';

/** How many rows are judged before others get a turn. */
const BATCH = 256;

export interface AdmissionControl {
  readonly counts: Counts;
  /** The part of the input that this run takes; undefined for all of it. */
  readonly selection?: Selection | undefined;
  /** Gets the rows that are taken. */
  readonly outstanding?: Outstanding | undefined;
  /** Aborted at Stop. */
  readonly stopSignal: AbortSignal;
  /** Called when a row cannot be judged. */
  stop(error: RtnError, at: Place): void;
  /** Called when nothing more is selected, so that reading ends. */
  complete(): void;
}

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
  #refused = 0;

  constructor(input: InputDefinition, clock: Clock) {
    this.#input = input;
    this.#clock = clock;
    this.#validate = compileRowSchema(input.row);
    this.#isKeySensitive = isSensitive(input.row, input.key);
    this.#isRecipientSensitive = input.recipient !== undefined && isSensitive(input.row, input.recipient);
  }

  /** Results that it has put on the queue of results. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Moves rows on until the incoming queue is done, or `stopSignal` is aborted; returns how many rows it had taken and
   * leaves without a message or a result.
   */
  async run(
    incoming: Queue<Incoming>,
    messages: Queue<Message>,
    results: Queue<SendResult>,
    control: AdmissionControl,
  ): Promise<number> {
    const { counts, selection, stopSignal } = control;
    for (;;) {
      const received = await incoming.receiveMany(BATCH, stopSignal);
      if (received.length === 0) return 0;
      const batch = selection === undefined ? received : selection.take(received);
      if (selection?.isComplete) control.complete();
      counts.notSelected += received.length - batch.length;
      counts.read += batch.length;
      control.outstanding?.take(batch, this.#clock.monotonic());
      const { admitted, refused } = this.#judgeAll(batch, control);
      const refusedCount = await results.sendMany(refused, stopSignal);
      this.#refused += refusedCount;
      const kept = refusedCount + (await messages.sendMany(admitted, stopSignal));
      if (kept < batch.length) return batch.length - kept;
    }
  }

  /** A row that cannot be judged stops the run; it and those behind it are left. */
  #judgeAll(batch: readonly Incoming[], control: AdmissionControl) {
    const admitted: Message[] = [];
    const refused: SendResult[] = [];
    for (const record of batch) {
      try {
        this.#judge(record, admitted, refused);
      } catch (thrown) {
        control.stop(toRtnError(thrown), { position: record.position });
        break;
      }
    }
    return { admitted, refused };
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
      refused.push(
        this.#rejected(position, row, 'invalid_row', describe(this.#validate.errors, this.#input.row)),
      );
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
    return this.#isKeySensitive ? sensitiveDigest(text) : text;
  }

  #recipient(row: Row): string | null {
    if (this.#input.recipient === undefined) return null;
    const text = scalarText(row[this.#input.recipient]);
    return text !== null && this.#isRecipientSensitive ? sensitiveDigest(text) : text;
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

/** The first column whose value would have to be rounded to be a JSON number. */
function unsafeColumn(row: Row): string | undefined {
  for (const column in row) if (typeof row[column] === 'bigint') return column;
  return undefined;
}

/** What is wrong with a row; never its values, nor the keys within a sensitive one. */
function describe(errors: readonly ErrorObject[] | null | undefined, schema: JsonSchema): string {
  const error = errors?.[0];
  if (error === undefined) return 'the row does not fit the schema';
  const [name = '', ...within] = error.instancePath.slice(1).split('/');
  const column = [name, ...(isSensitive(schema, name) ? [] : within)].join('.');
  return column === '' ? `${error.message}` : `column ${column} ${error.message}`;
}
