import { type ErrorCode, foreignCode, oneLine, RtnError } from '../error.js';

/** An error as the server describes it. The meaningful code is often one of the inner ones. */
export interface YtError {
  readonly code: number;
  readonly message: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly inner_errors?: readonly YtError[];
}

interface Meaning {
  readonly code: ErrorCode;
  readonly isRetriable?: boolean;
  readonly next?: string;
}

const BUSY: Meaning = { code: 'unavailable', isRetriable: true };
const BAD_ROWS: Meaning = {
  code: 'data',
  next: "compare the rows with the table's schema (attribute @schema)",
};
const LOCKED: Meaning = {
  code: 'temporary',
  isRetriable: true,
  next: 'wait until the other transaction ends (attribute @locks)',
};
const REFUSED: Meaning = { code: 'credentials', next: 'set YT_TOKEN to a valid token of this cluster' };
const FORBIDDEN: Meaning = {
  code: 'credentials',
  next: 'ask the owner of the path for access (attribute @acl)',
};

/** What YT codes mean here. Source: the error codes of YTsaurus's client libraries. */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  ...[3, 100, 105, 108, 115, 116, 118, 120, 122, 700, 712, 716, 904, 1900, 2100].map(
    (code) => [code, BUSY] as const,
  ),
  ...[301, 302, 303, 306, 307, 308, 314, 315].map((code) => [code, BAD_ROWS] as const),
  ...[400, 401, 402, 403, 404].map((code) => [code, LOCKED] as const),
  ...[109, 110, 111, 900].map((code) => [code, REFUSED] as const),
  ...[901, 903].map((code) => [code, FORBIDDEN] as const),
  [309, { code: 'configuration', next: 'read other columns (attribute @schema)' }],
  [316, { code: 'configuration', next: 'write to a new table, or alter the schema of this one' }],
  [500, { code: 'configuration', next: 'check the path, and that YT_PROXY names the right cluster' }],
  [501, { code: 'configuration', next: 'take another path, or remove what stands there' }],
  [506, { code: 'configuration', next: 'remove recursively, or remove the children first' }],
  [902, { code: 'temporary', next: 'free space in the account, or raise its quota' }],
  [1000, { code: 'temporary', next: 'start again: the transaction this call relied on is gone' }],
  [11000, { code: 'temporary', next: 'start again: the transaction has ended' }],
]);

/** Where it happened, for messages and details. */
export interface Place {
  readonly command: string;
  readonly path?: string | undefined;
  /** Origin of the host that was asked. */
  readonly origin: string;
}

/** All codes in the error's tree, the outermost first. */
function ytCodes(error: YtError): number[] {
  return [error.code, ...(error.inner_errors ?? []).flatMap(ytCodes)];
}

/** Whether an error thrown by this client came from YT with this code anywhere in its tree: 500 no such path, 501 exists, 11000 no transaction. */
export function hasYtCode(thrown: unknown, code: number): boolean {
  return (
    thrown instanceof RtnError &&
    Array.isArray(thrown.details.ytCodes) &&
    thrown.details.ytCodes.includes(code)
  );
}

/** An error of YT as ours: the outermost code with a known meaning decides. */
export function fromYtError(error: YtError, place: Place): RtnError {
  const codes = ytCodes(error);
  const meaning = codes.map((code) => MEANINGS.get(code)).find((known) => known !== undefined);
  return new RtnError(meaning?.code ?? 'configuration', `${describe(place)}: ${deepest(error)}`, {
    isRetriable: meaning?.isRetriable ?? false,
    details: { ...place, ytCode: error.code, ytCodes: codes },
    ...(meaning?.next === undefined ? {} : { next: meaning.next }),
  });
}

/** An answer without an error of YT in it: not a proxy at all, or one that cannot serve now. */
export function fromStatus(status: number, text: string, place: Place): RtnError {
  const details = { ...place, status };
  const message = `${describe(place)}: HTTP ${status} ${oneLine(text, 200)}`.trimEnd();
  if (status === 401) return new RtnError('credentials', message, { details, next: REFUSED.next ?? '' });
  if (status === 403)
    return new RtnError('credentials', message, { details, next: 'ask for access to this cluster' });
  if (status >= 500 || status === 429)
    return new RtnError('unavailable', message, { details, isRetriable: true });
  return new RtnError('configuration', message, {
    details,
    next: 'check that YT_PROXY names an HTTP proxy of YTsaurus',
  });
}

/** No answer at all, or one cut short. */
export function fromNetwork(thrown: unknown, place: Place): RtnError {
  if (thrown instanceof RtnError) return thrown;
  const reason = foreignCode(thrown) ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new RtnError('unavailable', `${describe(place)}: ${oneLine(reason)}`, {
    details: { ...place, network: reason },
    cause: thrown,
    isRetriable: true,
    next: 'check that YT_PROXY is right and the cluster can be reached from here',
  });
}

function describe({ command, path, origin }: Place): string {
  return `YT ${command}${path === undefined ? '' : ` ${oneLine(path, 200)}`} at ${origin} failed`;
}

/** The outer message and the innermost one: what was tried and why it failed. */
function deepest(error: YtError): string {
  let inner = error;
  for (let next = inner.inner_errors?.[0]; next !== undefined; next = inner.inner_errors?.[0]) inner = next;
  const text = inner === error ? error.message : `${error.message}: ${inner.message}`;
  return `${oneLine(text)} (YT code ${inner.code})`;
}
