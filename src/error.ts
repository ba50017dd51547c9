/** What kind of failure it was. The exit codes of `rtn` and of runners are tables over this list (exit.ts). */
export type ErrorCode =
  /** The command line, a param or an environment variable is wrong. */
  | 'usage'
  /** Input data is unreadable or beyond what the operation tolerates. */
  | 'data'
  /** A provider or a database does not answer. */
  | 'unavailable'
  /** Results could not be written to the log. */
  | 'storage'
  /** Stopped before the end; the same command may be started again. */
  | 'temporary'
  /** Credentials were refused. */
  | 'credentials'
  /** Wrong project, endpoint, table or document: a person has to change something. */
  | 'configuration'
  /** The question could not be answered: no git, unknown base. */
  | 'undetermined'
  /** Our bug. */
  | 'internal';

export interface RtnErrorOptions {
  /** Facts for machines and logs: where, got, expected, a foreign code. Never a secret, never a message body. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change by a person. Default false. */
  readonly isRetriable?: boolean;
  /** The next command to type, or what to change. Printed under the message. */
  readonly next?: string;
}

/** The one error class. Match on `code`, never on the message; mistakes in documents are findings, not errors. */
export class RtnError extends Error {
  override readonly name = 'RtnError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly isRetriable: boolean;
  readonly next: string | undefined;

  constructor(code: ErrorCode, message: string, options: RtnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.isRetriable = options.isRetriable ?? false;
    this.next = options.next;
  }
}

/** Gives any thrown value as an RtnError; one that is not ours yet becomes `internal`, with the value as its cause. */
export function toRtnError(thrown: unknown): RtnError {
  if (thrown instanceof RtnError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new RtnError('internal', message, { cause: thrown });
}

/** The code that Node and the drivers put on their errors (`ECONNREFUSED`, `UND_ERR_SOCKET`, `42P01`), or undefined. */
export function foreignCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Makes foreign text safe for one terminal or log line: control characters become visible escapes, length is cut. */
export function oneLine(text: string, maxLength = 500): string {
  if (text.length <= maxLength && isPlain(text)) return text;
  const escaped = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) =>
      char === '\n'
        ? '\\n'
        : char === '\t'
          ? '\\t'
          : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped.length > maxLength ? `${escaped.slice(0, maxLength - 1)}…` : escaped;
}

/** Whether it is nothing but printable ASCII, as nearly every id of a provider: that is told without a regular expression. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
