import { type Clock, sleep } from '../clock.js';
import { foreignCode, RtnError } from '../error.js';

const ATTEMPTS = 4;
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;

/**
 * Posts JSON to an address that is itself a secret: no message has it. Tried four times within a minute where the other
 * side does not answer, is busy or broken. Throws `unavailable`, or `configuration` for an address that is none or is
 * refused for good; `name` stands for it in messages.
 */
export async function postWebhook(
  { name, url }: { readonly name: string; readonly url: string | undefined },
  body: unknown,
  clock: Clock,
): Promise<void> {
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new RtnError(
      'configuration',
      `the alert was not sent: ${name} ${url === undefined || url === '' ? 'is not set' : 'is no http(s) address'}`,
      { next: `set ${name} to the address of the webhook` },
    );
  for (let attempt = 1; ; attempt++) {
    const problem = await post(url, body);
    if (problem === undefined) return;
    const { words, isRetriable } = problem;
    if (!isRetriable || attempt === ATTEMPTS)
      throw new RtnError(
        isRetriable ? 'unavailable' : 'configuration',
        `the alert was not sent: the address in ${name} answered ${words}`,
      );
    await sleep(clock, FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + clock.random()));
  }
}

/** What went wrong, in words without the address; undefined where it was taken. */
async function post(
  url: string,
  body: unknown,
): Promise<{ words: string; isRetriable: boolean } | undefined> {
  const { request } = await import('undici');
  try {
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.dump();
    if (statusCode < 300) return undefined;
    return { words: `HTTP ${statusCode}`, isRetriable: statusCode >= 500 || statusCode === 429 };
  } catch (thrown) {
    // Its message has the host.
    return { words: `with no answer (${foreignCode(thrown) ?? 'timeout'})`, isRetriable: true };
  }
}
