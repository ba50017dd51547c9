import { stderr, stdin } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { RtnError } from '../error.js';
import { count } from '../observe/progress.js';

/** More messages than this are confirmed by a person, where there is one. */
const ASK_ABOVE = 10_000;

interface Confirmation {
  /** `driver_push 1.4.10`. */
  readonly what: string;
  /** Messages that would be sent, as far as known. */
  readonly expected: number | undefined;
  readonly input: string;
  readonly log: string;
  /** Whether `--yes` was given. */
  readonly isConfirmed: boolean;
  /** Asks a person and gives the answer; undefined where there is no terminal. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

/** Asks before many messages are sent. Throws `temporary` on any answer but yes. */
export async function confirm({ what, expected, input, log, isConfirmed, ask }: Confirmation): Promise<void> {
  if (isConfirmed || ask === undefined || expected === undefined || expected <= ASK_ABOVE) return;
  const from = input === '' ? '' : ` of ${input}`;
  const said = await ask(
    `${what} is about to send ${count(expected)} messages${from} and to log to ${log}. Send? [y/N] `,
  );
  if (/^(y|yes)$/i.test(said.trim())) return;
  throw new RtnError('temporary', 'not confirmed; nothing was sent', {
    next: 'start again and answer y, or give --yes; --dry-run shows what would be sent',
  });
}

interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Asks on the terminal; undefined where there is none. Ctrl-C, a closed terminal and an abort are an empty answer. */
export function terminalAsk(
  signal: AbortSignal,
  { input, output }: Terminal = { input: stdin, output: stderr },
): ((question: string) => Promise<string>) | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return (question) =>
    new Promise((resolve) => {
      const terminal = createInterface({ input, output });
      const answer = (said: string) => {
        resolve(said);
        terminal.close();
      };
      terminal.once('close', () => resolve(''));
      signal.addEventListener('abort', () => terminal.close(), { once: true });
      // Ctrl-C and Ctrl-D reject the question.
      terminal.question(question).then(answer, () => {
        output.write('\n');
        answer('');
      });
    });
}
