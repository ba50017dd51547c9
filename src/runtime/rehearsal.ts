import type { JsonSchema } from '../component.js';
import { oneLine, toRtnError } from '../error.js';
import type { Concealer } from '../pipeline/concealer.js';
import type { Logger, Run, Sender, SenderOutline } from '../pipeline/contract.js';
import type { Message, SendResult } from '../pipeline/record.js';
import { withoutSensitive } from '../pipeline/sensitive.js';
import { previewLines } from './preview.js';
import { SmsCount, type SmsSummary } from './sms-count.js';

/** Sample requests that are shown. */
const SAMPLES = 3;

/** Reasons kept apart; what comes after counts together. */
const MAX_REASONS = 1_000;

/** Messages rendered before others get a turn. */
const BATCH = 256;

/** Why rows would be rejected. */
export interface Reason {
  readonly errorCode: string;
  readonly errorText: string;
  /** Position of the first such row. */
  readonly position: number;
  count: number;
}

/** A request that would be sent, without secrets and without the values of sensitive columns. */
export interface SampleRequest {
  /** `message m1, position 0`. */
  readonly of: string;
  readonly lines: readonly string[];
}

/**
 * A sender and a logger for a dry run: the sender renders each message and calls it sent when that is possible, the
 * logger counts. Neither the real ones nor the channel are opened, so nothing is connected to.
 */
export class Rehearsal {
  readonly samples: SampleRequest[] = [];
  readonly #outline: SenderOutline | undefined;
  readonly #row: JsonSchema;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #reasons = new Map<string, Reason>();
  readonly #shown: Message[] = [];
  readonly #sms: SmsCount;

  constructor(
    outline: SenderOutline | undefined,
    row: JsonSchema,
    secrets: Readonly<Record<string, string>>,
    params: Readonly<Record<string, unknown>>,
  ) {
    this.#outline = outline;
    this.#row = row;
    this.#secrets = secrets;
    this.#sms = new SmsCount(row);
    this.#sms.priceBy(params);
  }

  /** What the SMS come to; undefined where the operation sends none. */
  get sms(): SmsSummary | undefined {
    return this.#sms.summary;
  }

  /** Whether requests can be rendered and shown. */
  get canPreview(): boolean {
    return this.#outline?.channel.preview !== undefined;
  }

  /** Why rows would be rejected, the most frequent first. */
  get reasons(): readonly Reason[] {
    return [...this.#reasons.values()].sort((a, b) => b.count - a.count);
  }

  sender(): Sender {
    let run: Run;
    return {
      open: async (opened) => {
        run = opened;
      },
      send: async (messages, results, { signal, concealer }) => {
        for (;;) {
          const batch = await messages.receiveMany(BATCH, signal);
          if (batch.length === 0) break;
          const rendered = batch.map((message) => this.#render(message, run, concealer));
          const kept = await results.sendMany(rendered, signal);
          if (kept < batch.length) return { left: batch.length - kept };
        }
        this.#takeSamples(run);
        return { left: 0 };
      },
      close: async () => {},
    };
  }

  logger(): Logger {
    return {
      unwritten: [],
      address: 'nowhere',
      ledger: undefined,
      open: async () => {},
      close: async () => {},
      log: async (results, { settle, written }) => {
        for (;;) {
          const batch = await results.receiveMany(BATCH);
          if (batch.length === 0) return;
          for (const result of batch) if (result.outcome === 'rejected') this.#note(result);
          written(batch, settle(batch));
        }
      },
    };
  }

  #render(message: Message, run: Run, concealer: Concealer | undefined): SendResult {
    const nowMs = run.clock.now();
    const told = this.#problemOf(message, run);
    const problem = told && (concealer?.of([message.row]).text(told) ?? told);
    if (problem === undefined) {
      this.#sms.add(message.row);
      if (this.#shown.length < SAMPLES) this.#shown.push(message);
    }
    return {
      outcome: problem === undefined ? 'sent' : 'rejected',
      messageId: message.id,
      position: message.position,
      recipient: message.recipient,
      channel: this.#outline?.channel.key ?? null,
      attempts: 0,
      httpStatus: null,
      providerId: null,
      errorCode: problem === undefined ? null : 'unsendable_row',
      errorText: problem ?? null,
      suppress: false,
      startedAtMs: nowMs,
      finishedAtMs: nowMs,
    };
  }

  #problemOf(message: Message, run: Run): string | undefined {
    try {
      const { channel, itemsPerRequest = 1 } = this.#outline ?? {};
      if (itemsPerRequest > 1 && channel?.batches !== undefined) channel.batches.bytesOf(message);
      else channel?.preview?.([message], run);
      return undefined;
    } catch (thrown) {
      return oneLine(toRtnError(thrown).message);
    }
  }

  /** One request for each of the first messages, or one for all of them where a request carries many. */
  #takeSamples(run: Run): void {
    const { channel, itemsPerRequest = 1 } = this.#outline ?? {};
    if (channel?.preview === undefined || this.#shown.length === 0) return;
    const requests = itemsPerRequest > 1 ? [this.#shown] : this.#shown.map((message) => [message]);
    for (const messages of requests) {
      const masked = messages.map((message) => ({
        ...message,
        row: withoutSensitive(message.row, this.#row),
      }));
      const of = messages
        .map(({ id, position }) => `message ${oneLine(id, 80)}, position ${position}`)
        .join('; ');
      try {
        this.samples.push({ of, lines: previewLines(channel.preview(masked, run), this.#secrets) });
      } catch (thrown) {
        const problem = oneLine(toRtnError(thrown).message);
        this.samples.push({ of, lines: [`cannot be shown without its sensitive values: ${problem}`] });
      }
    }
  }

  #note({ errorCode, errorText, position }: SendResult): void {
    const isFull = this.#reasons.size >= MAX_REASONS;
    const key = JSON.stringify([errorCode, errorText]);
    const known = this.#reasons.get(key) ?? (isFull ? this.#reasons.get('other') : undefined);
    if (known !== undefined) known.count++;
    else if (isFull)
      this.#reasons.set('other', { errorCode: 'other', errorText: 'other reasons', position, count: 1 });
    else
      this.#reasons.set(key, {
        errorCode: errorCode ?? 'rejected',
        errorText: errorText ?? '',
        position,
        count: 1,
      });
  }
}
