import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import { RtnError } from '../error.js';
import type { Session } from './session.js';

/** One thing that a verb has to know. */
export interface Question {
  /** As it is asked on a terminal, without a colon. */
  readonly text: string;
  /** What gives the answer on the command line: `--title TEXT`. */
  readonly flag: string;
  /** What an empty answer means, and no answer where nobody can be asked. */
  readonly fallback?: string | undefined;
  /** Says what is wrong with an answer, and what was probably meant. */
  problem?(answer: string): { readonly message: string; readonly meant?: string | undefined } | undefined;
}

/**
 * The answer from the command line, else from the terminal, asked until it is right. Throws `usage` where it is wrong on
 * the command line, or missing where nobody can be asked.
 */
export async function answer(
  given: string | undefined,
  question: Question,
  session: Session,
): Promise<string> {
  const { text, flag, problem } = question;
  let { fallback } = question;
  if (given !== undefined) {
    const wrong = given.trim() === '' ? { message: `${flag} is empty` } : problem?.(given);
    if (wrong === undefined) return given;
    const hint = 'meant' in wrong && wrong.meant !== undefined ? `; did you mean '${wrong.meant}'?` : '';
    throw new RtnError('usage', `${wrong.message}${hint}`);
  }
  if (session.ask === undefined) {
    if (fallback !== undefined) return fallback;
    throw new RtnError('usage', `${flag} is missing, and there is no terminal to ask on`);
  }
  for (;;) {
    const said = await session.ask(text, fallback);
    const wrong = said === '' ? undefined : problem?.(said);
    if (wrong !== undefined) {
      session.err(`${wrong.message}\n`);
      fallback = wrong.meant ?? fallback;
    } else if (said !== '' || fallback === '') return said;
  }
}

/** Asks one line on the terminal; an empty one gives the fallback. Throws `usage` when the terminal is closed instead. */
export async function askOnTerminal(text: string, fallback = ''): Promise<string> {
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    const said = await new Promise<string>((resolve, reject) => {
      terminal.once('close', () => {
        stdout.write('\n');
        reject(new RtnError('usage', 'left at a question; nothing was written'));
      });
      terminal.question(`${text}${fallback === '' ? '' : ` [${fallback}]`}: `).then(resolve, reject);
    });
    return said.trim() === '' ? fallback : said.trim();
  } finally {
    terminal.removeAllListeners('close').close();
  }
}
