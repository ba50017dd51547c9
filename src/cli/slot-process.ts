import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { type Clock, sleep } from '../clock.js';
import { RtnError } from '../error.js';
import type { RunnerFile } from '../generator/runner-files.js';
import { fileNameOf } from '../pipeline/file-name.js';
import { holderOf, isHolderGone, pidOfHolder } from '../pipeline/holder.js';
import type { KnownSlot } from '../schedule/history.js';
import type { Runners, SlotRunner } from '../schedule/runners.js';
import { makeRunnerFolder, RUNNER_FOLDER } from './runner-folder.js';

/** Where the output of a slot's process goes: to our own streams, to a file of the run in a folder, or line by line. */
export type SlotOutput =
  | { readonly kind: 'inherit' }
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'lines'; line(text: string): void };

export interface SlotProcessOptions {
  readonly file: RunnerFile;
  readonly flags: readonly string[];
  /** Names the log file. */
  readonly runId: string;
  readonly version: string;
  readonly graceMs: number;
  /** Folder of the package that the runner imports. */
  readonly root: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly output: SlotOutput;
}

/**
 * What stands between a new process and its runner: it waits for a byte on descriptor 3, which comes once the process
 * is in the history, and leaves where its server dies before. Its exit code stays in a file for those who adopt it.
 */
const GATE = `import { closeSync, readSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
let isOpen = false;
try {
  isOpen = readSync(3, Buffer.alloc(1), 0, 1, null) === 1;
  closeSync(3);
} catch {}
if (!isOpen) process.exit(75);
process.on('exit', (code) => {
  try {
    writeFileSync(new URL('exit', import.meta.url), String(code));
  } catch {}
});
process.argv.splice(1, 1);
await import(pathToFileURL(process.argv[1]).href);
`;

/** How often an adopted process is looked after: nobody tells us when it ends. */
const LOOK_MS = 500;

/** A server that cannot be seen from here and has said nothing for so long is taken for dead. */
const SILENCE_MS = 120_000;

const LONGEST_LINE = 4_000;

type SlotFate = ReturnType<Runners['fate']>;

/** Makes the process of a slot, which waits at the gate until `go`. */
export function startSlotProcess(options: SlotProcessOptions): SlotRunner {
  const { file, flags, root, cwd, env, output, version, graceMs } = options;
  const { folder, path } = makeRunnerFolder(file, root);
  try {
    const gate = join(folder, 'gate.mjs');
    writeFileSync(gate, GATE);
    const log = output.kind === 'folder' ? openLog(output.folder, options.runId) : undefined;
    const stream = output.kind === 'inherit' ? 'inherit' : (log ?? 'pipe');
    const child = spawn(process.execPath, [gate, path, ...flags], {
      cwd,
      env: { ...env },
      stdio: [output.kind === 'inherit' ? 'inherit' : 'ignore', stream, stream, 'pipe'],
      // Ctrl-C at the server's terminal is for the server, which ends its runners one after the other.
      detached: output.kind !== 'inherit',
    });
    if (log !== undefined) closeSync(log);
    const ended = endOf(child);
    if (child.pid === undefined) {
      ended.catch(() => {});
      throw new RtnError('temporary', 'node could not be started');
    }
    if (output.kind === 'lines') tellLines(child, output.line);
    const opening = child.stdio[3] as Writable;
    opening.on('error', () => {});
    return {
      process: `${holderOf(child.pid)} ${folder.slice(join(tmpdir(), RUNNER_FOLDER).length)}`,
      version,
      graceMs,
      go: () => void opening.end('1'),
      terminate: () => void child.kill('SIGTERM'),
      kill: () => void child.kill('SIGKILL'),
      ended,
      release: () => remove(folder),
    };
  } catch (thrown) {
    remove(folder);
    throw thrown;
  }
}

/** Waits for a process that another server started. */
export function adoptSlotProcess(
  process: string,
  { version, graceMs, clock }: { version: string; graceMs: number; clock: Clock },
): SlotRunner {
  const { holder, folder } = partsOf(process);
  const signal = (name: NodeJS.Signals) => {
    const pid = pidOfHolder(holder);
    if (pid === undefined || isHolderGone(holder)) return;
    try {
      globalThis.process.kill(pid, name);
    } catch {
      // It has gone meanwhile.
    }
  };
  const wait = async (): Promise<number> => {
    while (!isHolderGone(holder)) await sleep(clock, LOOK_MS);
    return exitCodeIn(folder) ?? 128 + constants.signals.SIGKILL;
  };
  return {
    process,
    version,
    graceMs,
    go: () => {},
    terminate: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
    ended: wait(),
    release: () => remove(folder),
  };
}

/** What has become of a slot that is not in the hands of `server`, as far as one can see from this machine. */
export function fateOfSlot({ server: other, process, silentMs }: KnownSlot, server: string): SlotFate {
  const isFree = other === null || other === server || isHolderGone(other);
  const isSeen = other === null || pidOfHolder(other) !== undefined;
  if (!isFree && (isSeen || silentMs < SILENCE_MS)) return 'elsewhere';
  if (process === null) return 'gone';
  const { holder, folder } = partsOf(process);
  if (!isHolderGone(holder)) return pidOfHolder(holder) === undefined ? 'gone' : 'orphan';
  const exitCode = exitCodeIn(folder);
  return exitCode === undefined ? 'gone' : { exitCode };
}

/** Takes away what a process has left that is no more. */
export function forgetSlotProcess(process: string): void {
  const { holder, folder } = partsOf(process);
  if (isHolderGone(holder)) remove(folder);
}

/** A store says which folder it is: only one that `makeRunnerFolder` may have made is believed. */
function partsOf(process: string): { holder: string; folder: string | undefined } {
  const [holder = '', name = ''] = process.split(' ');
  const isName = /^[A-Za-z0-9]{6}$/.test(name);
  return { holder, folder: isName ? join(tmpdir(), `${RUNNER_FOLDER}${name}`) : undefined };
}

function remove(folder: string | undefined): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

function exitCodeIn(folder: string | undefined): number | undefined {
  if (folder === undefined) return undefined;
  try {
    const text = readFileSync(join(folder, 'exit'), 'utf8');
    return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

function openLog(folder: string, runId: string): number {
  mkdirSync(folder, { recursive: true });
  return openSync(join(folder, `${logNameOf(runId)}.log`), 'a', 0o640);
}

/** `NAME@2026-11-24T09.17Z`: not every system takes a colon in a name. */
function logNameOf(runId: string): string {
  return fileNameOf(runId).replaceAll('%40', '@').replaceAll('%3A', '.');
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new RtnError('temporary', 'node could not be started', { cause })));
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** Line by line, none longer than what a log takes. */
function tellLines(child: ChildProcess, line: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) {
        lines.push(rest);
        rest = '';
      }
      for (const text of lines) if (text !== '') line(text.slice(0, LONGEST_LINE));
    });
    stream?.on('end', () => rest !== '' && line(rest));
    stream?.on('error', () => {});
  }
}
