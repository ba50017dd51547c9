import { foreignCode, oneLine, RtnError } from '../error.js';
import type { Answer } from '../pipeline/contract.js';
import type { RuleOutcome } from './rules.js';

/** Errors that say the request cannot have reached the provider: nobody listened, no such name, never connected. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Errors of a TLS handshake that no repeat mends (Node's documentation of tls, "X509 certificate error codes"): the
 * certificate is not one for this host, or nobody trusted has signed it; or what listens there speaks no TLS at all.
 */
const CERTIFICATE_ERROR =
  /^(CERT_.*|ERR_TLS_CERT.*|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_.*|(DEPTH_ZERO_)?SELF_SIGNED_CERT.*|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|ERR_SSL_WRONG_VERSION_NUMBER)$/;

/** The code by which rules and the log call an error. */
export function networkCode(error: Error): string {
  return foreignCode(error) ?? foreignCode(error.cause) ?? error.name;
}

/**
 * What a request that got no answer comes to. Surely unsent: repeat blindly. Perhaps sent: repeat only where the
 * provider recognises the repeat by its idempotency key; else it is in doubt. What a rule says comes before all that.
 */
export function networkAnswer(
  error: Error,
  { wasStarted, isIdempotent, rule }: { wasStarted: boolean; isIdempotent: boolean; rule?: RuleOutcome },
): Answer {
  const code = networkCode(error);
  const errorText = oneLine(error.message);
  const isUnsent = !wasStarted || NEVER_SENT.has(code);
  const ofItself = CERTIFICATE_ERROR.test(code)
    ? 'terminal'
    : isUnsent || isIdempotent
      ? 'retry'
      : 'in-doubt';
  const answerClass = rule?.class ?? ofItself;
  return {
    class: answerClass,
    httpStatus: null,
    providerId: null,
    errorCode: code,
    errorText,
    retryAfterMs: null,
    ...(rule?.isSuppressed && { suppress: true }),
    ...(answerClass === 'terminal' && { error: terminalError(code, errorText) }),
  };
}

function terminalError(code: string, errorText: string): RtnError {
  return new RtnError('configuration', `the provider cannot be talked to (${code}): ${errorText}`, {
    details: { errorCode: code },
    next: 'check the endpoint and its certificate, then start the same command again',
  });
}
