import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { oneLine, toRtnError } from '../error.js';
import { COMMAND_EXIT, commandExit } from '../exit.js';
import type { Session } from './session.js';
import { VERBS } from './verbs.js';

/** Runs `rtn` with the words behind its name. Never throws and never ends the process; gives the exit code. */
export async function runCommand(words: readonly string[], session: Session): Promise<number> {
  try {
    const program = await programFor(words, session);
    await program.parseAsync([...words], { from: 'user' });
    return session.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? COMMAND_EXIT.ok : COMMAND_EXIT.usage;
    return report(thrown, session);
  }
}

async function programFor(words: readonly string[], session: Session): Promise<Command> {
  const program = new Command('rtn')
    .description('A registry of bulk-communication operations: judge, version, generate and run them.')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(rtn --help lists the verbs)')
    .addHelpText('after', '\nExample:\n  rtn check\n\nrtn VERB --help tells about one verb.');
  settle(program, session);
  // `--version` behind a verb is the verb's own.
  program.enablePositionalOptions();
  // A verb's options are only known from its file; the other verbs are names with a summary.
  const asked = words[0] === 'help' ? words[1] : words[0];
  for (const { name, summary, load } of VERBS) {
    const command = program.command(name).description(summary);
    settle(command, session);
    command.showHelpAfterError(`(rtn ${name} --help shows how)`);
    if (name === asked) {
      (await load()).register(command, session);
      hintAtSubVerbs(command, name);
    }
  }
  if (words.length === 0) program.action(() => program.help());
  return program;
}

/** A mistake behind a sub-verb names the sub-verb's help. */
function hintAtSubVerbs(command: Command, path: string): void {
  for (const each of command.commands) {
    const own = `${path} ${each.name()}`;
    each.showHelpAfterError(`(rtn ${own} --help shows how)`);
    hintAtSubVerbs(each, own);
  }
}

function settle(command: Command, session: Session): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => session.out(text),
    writeErr: (text) => session.err(text),
    getOutHasColors: () => session.hasColor,
    getErrHasColors: () => session.hasColor,
  });
}

function report(thrown: unknown, session: Session): number {
  const error = toRtnError(thrown);
  if (error.code === 'internal') {
    const origin = error.cause instanceof Error ? error.cause : error;
    session.err(
      `rtn: this is a bug in rtn, not in your files: ${oneLine(error.message)}\n${origin.stack ?? ''}\n`,
    );
  } else {
    session.err(`rtn: ${error.message}\n${error.next === undefined ? '' : `next: ${error.next}\n`}`);
  }
  return commandExit(error.code);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
