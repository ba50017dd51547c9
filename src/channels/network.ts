import { foreignCode, oneLine } from '../error.js';
import type { Answer } from '../pipeline/contract.js';

/** Errors that say the request cannot have reached the provider: nobody listened, no such name, never connected. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * What a request that got no answer comes to. Surely unsent: repeat blindly. Perhaps sent: repeat only where the
 * provider recognises the repeat by its idempotency key; else it is in doubt.
 */
export function networkAnswer(
  error: Error,
  { wasStarted, isIdempotent }: { wasStarted: boolean; isIdempotent: boolean },
): Answer {
  const code = foreignCode(error) ?? foreignCode(error.cause) ?? error.name;
  const isUnsent = !wasStarted || NEVER_SENT.has(code);
  return {
    class: isUnsent || isIdempotent ? 'retry' : 'in-doubt',
    httpStatus: null,
    providerId: null,
    errorCode: code,
    errorText: oneLine(error.message),
    retryAfterMs: null,
  };
}
