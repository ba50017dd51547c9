import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { Clock } from '../clock.js';
import type { JsonSchema } from '../component.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import type { InputDefinition } from './binding.js';
import type { Counts } from './counts.js';
import type { Place, Stage } from './ending.js';
import { type Journal, MAX_CLAIM } from './journal.js';
import type { Outstanding } from './outstanding.js';
import type { InDoubtPolicy } from './plan.js';
import type { Queue } from './queue.js';
import type { Incoming, Message, Row, SendResult } from './record.js';
import type { Selection } from './selection.js';
import { isSensitive, scalarText, sensitiveDigest } from './sensitive.js';
import { measureQuickly } from './text-length.js';

/** How many rows are judged before others get a turn: as many as one claim holds, since each claim is a durable write. */
const BATCH = MAX_CLAIM;

/** What the log says of a message that may have been sent when a runner died. */
export const IN_DOUBT_TEXT = 'the runner died while this was being sent; whether it arrived is not known';

export interface AdmissionControl {
  readonly counts: Counts;
  /** The part of the input that this run takes; undefined for all of it. */
  readonly selection?: Selection | undefined;
  /** The only positions that are wanted, where the run repeats a part of another one. */
  readonly wanted?: ReadonlySet<number> | undefined;
  /** Tells what earlier starts have done, and claims what is to be sent; undefined in a dry run. */
  readonly journal?: Journal | undefined;
  /** What becomes of rows that may have been sent when an earlier start died. */
  readonly inDoubt: InDoubtPolicy;
  /** Gets the rows that are taken. */
  readonly outstanding?: Outstanding | undefined;
  /** Aborted at Stop. */
  readonly stopSignal: AbortSignal;
  /** Called when a row cannot be judged, or the messages from there on cannot be claimed. */
  stop(error: RtnError, at: Place, stage?: Stage): void;
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
    const { counts, stopSignal } = control;
    for (;;) {
      const received = await incoming.receiveMany(BATCH, stopSignal);
      if (received.length === 0) return 0;
      const batch = this.#toDo(received, control);
      counts.read += batch.length;
      control.outstanding?.take(batch, this.#clock.monotonic());
      const heldBefore = counts.held;
      const { admitted, refused } = this.#judgeAll(batch, control);
      const refusedCount = await results.sendMany(refused, stopSignal);
      this.#refused += refusedCount;
      const sent = await this.#passOn(admitted, messages, control);
      const left = batch.length - refusedCount - sent - (counts.held - heldBefore);
      if (left > 0) return left;
    }
  }

  /** Those of the records that are selected and that no earlier start has done. */
  #toDo(received: readonly Incoming[], control: AdmissionControl): readonly Incoming[] {
    const { counts, selection, journal, wanted } = control;
    const asked = wanted === undefined ? received : received.filter(({ position }) => wanted.has(position));
    const selected = selection === undefined ? asked : selection.take(asked);
    if (selection?.isComplete) control.complete();
    counts.notSelected += received.length - selected.length;
    if (journal === undefined || journal.hasNothingDone) return selected;
    const toDo = selected.filter(({ position }) => !journal.isDone(position));
    counts.alreadyDone += selected.length - toDo.length;
    return toDo;
  }

  /** Claims messages and hands them to the sender, a claim at a time; gives how many it took. */
  async #passOn(
    admitted: readonly Message[],
    messages: Queue<Message>,
    { journal, stopSignal, stop }: AdmissionControl,
  ): Promise<number> {
    if (journal === undefined) return messages.sendMany(admitted, stopSignal);
    let passed = 0;
    while (passed < admitted.length) {
      const rest = passed === 0 ? admitted : admitted.slice(passed);
      let claimed: number;
      try {
        claimed = await journal.claim(rest, stopSignal);
      } catch (thrown) {
        stop(toRtnError(thrown), { id: rest[0]?.id, position: rest[0]?.position ?? 0 }, 'ledger');
        break;
      }
      const wanted = claimed === rest.length ? rest : rest.slice(0, claimed);
      const taken = await messages.sendMany(wanted, stopSignal);
      passed += taken;
      if (taken < wanted.length || claimed === 0) break;
    }
    return passed;
  }

  /** A row that cannot be judged stops the run; it and those behind it are left. */
  #judgeAll(batch: readonly Incoming[], control: AdmissionControl) {
    const admitted: Message[] = [];
    const refused: SendResult[] = [];
    const { journal } = control;
    const hasDoubts = journal?.hasDoubts === true;
    for (const record of batch) {
      try {
        if (hasDoubts && journal.isInDoubt(record.position) && control.inDoubt !== 'resend')
          this.#settleDoubt(record, refused, control);
        else this.#judge(record, admitted, refused);
      } catch (thrown) {
        control.stop(toRtnError(thrown), { position: record.position });
        break;
      }
    }
    return { admitted, refused };
  }

  #settleDoubt(
    record: Incoming,
    refused: SendResult[],
    { journal, inDoubt, counts, outstanding }: AdmissionControl,
  ): void {
    const row = 'row' in record ? record.row : null;
    const result = { ...this.#rejected(record.position, row, 'in_doubt', IN_DOUBT_TEXT), reason: 'in-doubt' };
    if (inDoubt === 'hold') {
      counts.held++;
      journal?.keep([record.position]);
      outstanding?.settle([result]);
    } else {
      journal?.admitInDoubt();
      refused.push({ ...result, outcome: 'unknown' });
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
  measureQuickly(ajv);
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
