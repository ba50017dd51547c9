import { RtnError } from '../../error.js';

/** Codes of YT that this server answers with. */
export const YT_CODE = {
  generic: 1,
  invalidCredentials: 111,
  sortOrderViolation: 301,
  uniqueKeyViolation: 306,
  schemaViolation: 307,
  snapshotHeld: 400,
  concurrentLock: 402,
  resolve: 500,
  exists: 501,
  notEmpty: 506,
  prerequisite: 1000,
  noSuchTransaction: 11000,
  transactionState: 11003,
} as const;

/** An error to be answered with a code of YT. */
export function fault(
  ytCode: number,
  message: string,
  attributes: Readonly<Record<string, unknown>> = {},
): RtnError {
  return new RtnError('data', message, { details: { ytCode, attributes } });
}

/** Any thrown value as the error that goes on the wire. What is not a fault is our bug and says so. */
export function wireError(
  thrown: unknown,
  extra: Readonly<Record<string, unknown>> = {},
): { code: number; message: string; attributes: object; inner_errors: [] } {
  const isOurs = thrown instanceof RtnError;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = isOurs && typeof thrown.details.ytCode === 'number' ? thrown.details.ytCode : YT_CODE.generic;
  const own = isOurs && typeof thrown.details.attributes === 'object' ? thrown.details.attributes : {};
  const text = isOurs ? message : `Internal error of the local server: ${message}`;
  return { code, message: text, attributes: { ...own, ...extra }, inner_errors: [] };
}
