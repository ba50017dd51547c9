import { spawn } from 'node:child_process';
import { foreignCode, RtnError } from '../error.js';

/** Runs one git command to its end and gives its output. Throws `undetermined` when git is missing or refuses. */
export async function git(folder: string, args: readonly string[]): Promise<string> {
  const child = spawn('git', ['--no-optional-locks', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => reject(notStarted(cause)));
    child.on('close', resolve);
  });
  if (status !== 0) {
    const complaint = Buffer.concat(complaints).toString().trim();
    throw new RtnError('undetermined', `git ${args[0]} failed: ${complaint || `exit code ${status}`}`, {
      details: { args, status },
    });
  }
  return Buffer.concat(output).toString();
}

/** The commit that is checked out; undefined outside of git, and before the first commit. */
export async function headOf(folder: string): Promise<string | undefined> {
  const head = await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']).catch(() => undefined);
  return head?.trim();
}

/** The error of a git that could not be started at all. */
export function notStarted(cause: Error): RtnError {
  const reason =
    foreignCode(cause) === 'ENOENT' ? 'git is not installed, or the folder does not exist' : cause.message;
  return new RtnError('undetermined', `git cannot be started: ${reason}`, { cause });
}
