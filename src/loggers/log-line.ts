import type { Run } from '../pipeline/contract.js';
import type { SendResult } from '../pipeline/record.js';
import { jsonText } from '../yson/json-text.js';
import { isoTimes, LOG_COLUMNS } from './columns.js';

/** Gives results of a run as lines of JSON with the log's columns, their line ends included. */
export function logLines(run: Run): (result: SendResult) => string {
  const head = lineHead(run);
  return (result) => head + lineTail(result);
}

/**
 * Lines as bytes in one buffer, which is used again: to join them as text first and encode that takes twice as long.
 * What `bytes` gives is valid until `clear`.
 */
export class LineBuffer {
  readonly #head: Buffer;
  #buffer: Buffer = Buffer.allocUnsafeSlow(65_536);
  #size = 0;

  constructor(run: Run) {
    this.#head = Buffer.from(lineHead(run));
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  clear(): void {
    this.#size = 0;
  }

  add(result: SendResult): void {
    const line = lineTail(result);
    const mostBytes = this.#head.length + 3 * line.length;
    if (this.#size + mostBytes > this.#buffer.length) this.#grow(mostBytes);
    this.#size += this.#head.copy(this.#buffer, this.#size);
    this.#size += this.#buffer.write(line, this.#size);
  }

  #grow(neededBytes: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * (this.#size + neededBytes));
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
  }
}

/** A line as far as it is the same for all results of a run. */
function lineHead(run: Run): string {
  const columns = LOG_COLUMNS.filter(({ isOfRun }) => isOfRun === true);
  const members = columns.map(({ name, of }) => `"${name}":${JSON.stringify(of({} as SendResult, run))},`);
  return `{${members.join('')}`;
}

const startedAt = isoTimes();
const finishedAt = isoTimes();

/** The rest of a line. Spelt out, since a loop over LOG_COLUMNS takes twice as long; a test holds the two together. */
function lineTail(result: SendResult): string {
  const { position, attempts, httpStatus, suppress } = result;
  return `"message_id":${jsonText(result.messageId)},"position":${position},"outcome":"${result.outcome}","recipient":${jsonText(
    result.recipient,
  )},"channel":${jsonText(result.channel)},"attempts":${attempts},"http_status":${httpStatus},"provider_id":${jsonText(
    result.providerId,
  )},"error_code":${jsonText(result.errorCode)},"error_text":${jsonText(
    result.errorText,
  )},"suppress":${suppress},"started_at":"${startedAt(result.startedAtMs)}","finished_at":"${finishedAt(result.finishedAtMs)}"}\n`;
}
