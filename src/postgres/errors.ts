import { type ErrorCode, foreignCode, oneLine, RtnError } from '../error.js';

interface Translation {
  readonly code: ErrorCode;
  readonly isRetriable: boolean;
  readonly next?: string;
}

/** What a Postgres or connection error means, by SQLSTATE, its class (first two characters), or Node's code. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  // Connection and server state: the same statement may succeed later.
  '08': { code: 'unavailable', isRetriable: true },
  '53': { code: 'unavailable', isRetriable: true },
  '57P01': { code: 'unavailable', isRetriable: true },
  '57P02': { code: 'unavailable', isRetriable: true },
  '57P03': { code: 'unavailable', isRetriable: true },
  '40001': { code: 'unavailable', isRetriable: true },
  '40P01': { code: 'unavailable', isRetriable: true },
  '25P03': { code: 'unavailable', isRetriable: true },
  '53100': { code: 'storage', isRetriable: false, next: 'free disk space on the database server' },
  ECONNREFUSED: {
    code: 'unavailable',
    isRetriable: true,
    next: 'check that Postgres listens where DATABASE_URL says',
  },
  ECONNRESET: { code: 'unavailable', isRetriable: true },
  EPIPE: { code: 'unavailable', isRetriable: true },
  ETIMEDOUT: { code: 'unavailable', isRetriable: true },
  ENOTFOUND: { code: 'unavailable', isRetriable: true, next: 'check the host in DATABASE_URL' },
  // A person has to change something.
  '28': { code: 'credentials', isRetriable: false, next: 'check the user and the password in DATABASE_URL' },
  '42501': {
    code: 'credentials',
    isRetriable: false,
    next: 'grant the role the right that the message names',
  },
  '3D000': { code: 'configuration', isRetriable: false, next: 'check the database name in DATABASE_URL' },
  '42': { code: 'configuration', isRetriable: false },
};

/** Connections that are lost, or on which nothing comes back, as pg reports them: in words only. */
const LOST_CONNECTION =
  /Connection terminated|timeout exceeded when trying to connect|Client was closed|is not queryable|Query read timeout/;

/** Translates an error of pg: `what` says what failed ("the log table driver_push_log could not be made"). */
export function postgresError(what: string, thrown: unknown): RtnError {
  if (thrown instanceof RtnError) return thrown;
  const state = foreignCode(thrown) ?? '';
  const message = messageOf(thrown);
  const isLost = LOST_CONNECTION.test(message);
  const found =
    TRANSLATIONS[state] ?? TRANSLATIONS[state.slice(0, 2)] ?? (isLost ? TRANSLATIONS.ECONNRESET : undefined);
  const { code, isRetriable, next } = found ?? { code: 'storage', isRetriable: false };
  return new RtnError(code, `${what}: ${oneLine(message)}${state === '' ? '' : ` (${state})`}`, {
    cause: thrown,
    isRetriable,
    details: { sqlstate: state },
    ...(next !== undefined && { next }),
  });
}

/** pg wraps the errors of several addresses in an AggregateError whose own message is empty. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return messageOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message : String(thrown);
}
