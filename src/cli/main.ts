#!/usr/bin/env node
import { once } from 'node:events';
import module from 'node:module';
import process from 'node:process';
import { COMMAND_EXIT } from '../exit.js';
import { mayColor } from './session.js';

// Half of a short command is compiling our own modules; Node 22 and later can keep what they compiled. Only what is
// imported afterwards gains, hence no import of the commands above.
const { enableCompileCache } = module as { enableCompileCache?: () => unknown };
enableCompileCache?.();
const { runCommand } = await import('./command.js');

// `rtn check --json | head`: the reader has gone, which is its right. Nothing more can be said, so the end is quiet.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? (process.exitCode ?? COMMAND_EXIT.ok) : COMMAND_EXIT.internal);
  });
}

// Not process.exit: what was written to a pipe has to drain first.
process.exitCode = await runCommand(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  hasColor: mayColor(process.stdout.isTTY === true, process.env),
  // A terminal that does not know its width says 0.
  columns: (process.stdout.isTTY === true && process.stdout.columns) || undefined,
  components: async () => (await import('../components.js')).COMPONENTS,
  out: (text) => void process.stdout.write(text),
  drained: async () => {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  },
  err: (text) => void process.stderr.write(text),
  ...(process.stdin.isTTY === true &&
    process.stdout.isTTY === true && {
      ask: async (text: string, fallback?: string) =>
        (await import('./question.js')).askOnTerminal(text, fallback),
    }),
  exitCode: COMMAND_EXIT.ok,
});
