import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Command, InvalidArgumentError } from 'commander';
import { foreignCode, oneLine, RtnError, toRtnError } from '../error.js';
import { COMMAND_EXIT } from '../exit.js';
import type { Row } from '../pipeline/record.js';
import { MAX_LINE_BYTES, readLines } from '../readers/lines.js';
import { outlineOf } from '../readers/outline.js';
import type { PushOptions } from '../readers/push-rows.js';
import { parseRow } from '../readers/row-text.js';
import type { Session } from './session.js';

interface PushFlags {
  readonly to: string;
  readonly rows: number;
  readonly timeout: number;
  readonly bind?: boolean;
  readonly publish?: boolean;
  readonly topic?: string;
  readonly subscribers?: number;
}

/** Broken lines that are told one by one. */
const MOST_LINES = 20;

const AFTER_HELP = `
It waits while a service is full. ZeroMQ has no acknowledgement: the log of the service has the last word. What is published
reaches only those who have subscribed by then; with --publish it waits for --subscribers of them, and for no others.

Exit codes: 0 all rows were pushed, 1 some lines are broken or the service took nothing more.

Examples:
  rtn push rows.ndjson --to tcp://127.0.0.1:5571
  rtn push rows.ndjson --to tcp://127.0.0.1:5571 --bind --publish --topic push. --subscribers 2`;

/** `rtn push`: rows to a service, from a file or another program. */
export function register(command: Command, session: Session): void {
  command
    .argument(
      '<file>',
      'one JSON object a line, such as the replay file that a service named; - for standard input',
    )
    .requiredOption(
      '--to <endpoint>',
      'where the service listens, or with --bind connects to: tcp://127.0.0.1:5571',
    )
    .option('--rows <n>', 'most rows in one message', wholeNumber, 100)
    .option('--timeout <seconds>', 'how long the service may take nothing', wholeNumber, 30)
    .option('--bind', 'listen there, for services that connect (mode: connect)')
    .option('--publish', 'to services that subscribe (socket: sub): each gets all rows')
    .option('--topic <text>', 'with --publish: what services choose by, a frame before the rows')
    .option('--subscribers <n>', 'with --publish: services to wait for before the first row (1)', wholeNumber)
    .addHelpText('after', AFTER_HELP)
    .action((file: string, flags: PushFlags) => push(file, flags, session));
}

async function push(file: string, flags: PushFlags, session: Session): Promise<void> {
  const { pushRows } = await import('../readers/push-rows.js');
  const { to } = flags;
  const broken: string[] = [];
  try {
    const pushed = await pushRows(to, rowsOf(file, broken), optionsOf(flags));
    session.out(
      `${pushed.rows} rows pushed to ${to} in ${pushed.messages} ${pushed.messages === 1 ? 'message' : 'messages'}\n`,
    );
    if (pushed.disconnects > 0) {
      session.err(
        'The connection broke while rows were pushed: some of them may be lost. Look into the log of the service.\n',
      );
      session.exitCode = COMMAND_EXIT.findings;
    }
  } catch (thrown) {
    throw counted(toRtnError(thrown));
  }
  if (broken.length === 0) return;
  session.err(brokenText(file, broken));
  session.exitCode = COMMAND_EXIT.findings;
}

function optionsOf({ rows, timeout, bind, publish, topic, subscribers }: PushFlags): PushOptions {
  if (publish !== true && (topic !== undefined || subscribers !== undefined))
    throw new RtnError('usage', '--topic and --subscribers go with --publish');
  return {
    rowsPerMessage: rows,
    timeoutMs: timeout * 1_000,
    mode: bind === true ? 'bind' : 'connect',
    socket: publish === true ? 'pub' : 'push',
    ...(topic !== undefined && { topic }),
    ...(subscribers !== undefined && { subscribers }),
  };
}

/** The rows of a file; lines that are none are told in `broken`. Throws `usage` where it cannot be read. */
async function* rowsOf(file: string, broken: string[]): AsyncGenerator<Row> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file);
  const outline = outlineOf({ row: {} });
  let number = 0;
  try {
    for await (const lines of readLines(source, { maxLineBytes: MAX_LINE_BYTES, keepsBlank: true })) {
      for (const line of lines) {
        number++;
        if (typeof line === 'string' && line.trim() === '') continue;
        const record =
          typeof line === 'string' ? parseRow(line, number, outline) : { malformed: line.reason };
        if ('row' in record) yield record.row;
        else broken.push(`${number}: ${record.malformed}`);
      }
    }
  } catch (thrown) {
    if (foreignCode(thrown) === undefined) throw thrown;
    const reason = foreignCode(thrown) === 'ENOENT' ? 'there is no such file' : `${foreignCode(thrown)}`;
    throw new RtnError('usage', `${oneLine(file)} cannot be read: ${reason}`, { cause: thrown });
  }
}

/** How far it came, in the message. */
function counted(error: RtnError): RtnError {
  const { rows } = error.details;
  if (typeof rows !== 'number') return error;
  return new RtnError(error.code, `${error.message}; ${rows} rows were pushed before`, {
    details: error.details,
    cause: error,
    ...(error.next !== undefined && { next: error.next }),
  });
}

function brokenText(file: string, broken: readonly string[]): string {
  const lines = broken.slice(0, MOST_LINES).map((problem) => `${file}:${problem}; it was not pushed`);
  if (broken.length > MOST_LINES) lines.push(`and ${broken.length - MOST_LINES} more broken lines`);
  return `${lines.join('\n')}\n`;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('expected a whole number from 1.');
  return Number(text);
}
