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
  /** Asks a person and gives the answer; undefined where there is no terminal. Default: this process's. */
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

/** Asks on this process's terminal; undefined where it has none. A closed terminal and an abort are an empty answer. */
export function terminalAsk(signal: AbortSignal): ((question: string) => Promise<string>) | undefined {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  return (question) =>
    new Promise((resolve) => {
      const terminal = createInterface({ input: stdin, output: stderr });
      terminal.once('close', () => resolve(''));
      signal.addEventListener('abort', () => terminal.close(), { once: true });
      void terminal.question(question).then((said) => {
        resolve(said);
        terminal.close();
      });
    });
}
