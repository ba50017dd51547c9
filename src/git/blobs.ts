import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { RtnError } from '../error.js';
import { notStarted } from './git.js';

interface Question {
  readonly resolve: (content: Uint8Array | undefined) => void;
  readonly reject: (reason: RtnError) => void;
}

/**
 * Contents of objects through one `git cat-file --batch` process, which answers in the order of the questions; starting
 * git once instead of once a file is what makes a registry of thousands of versions quick. Ends with `close`.
 *
 * Wire format (git-cat-file(1), BATCH OUTPUT): `<oid> SP <type> SP <size> LF <contents> LF`, or `<question> SP missing LF`.
 */
export class BlobReader {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Question[] = [];
  #buffer: Buffer = Buffer.alloc(0);
  #failure: RtnError | undefined;

  constructor(folder: string) {
    this.#child = spawn('git', ['--no-optional-locks', 'cat-file', '--batch'], { cwd: folder });
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.on('error', (cause) => this.#fail(notStarted(cause)));
    this.#child.on('close', () =>
      this.#fail(new RtnError('undetermined', 'git cat-file ended before it had answered')),
    );
    // A dead process is reported by `close`; the broken pipe on top of it says nothing new.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.resume();
  }

  /** The bytes of a path in a commit, or undefined where the commit does not have it. */
  read(commit: string, path: string): Promise<Uint8Array | undefined> {
    return /[\n\0]/.test(path) ? Promise.resolve(undefined) : this.#ask(`${commit}:${path}`);
  }

  /** The bytes of a blob by its id. */
  readObject(id: string): Promise<Uint8Array | undefined> {
    return this.#ask(id);
  }

  #ask(question: string): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${question}\n`);
    });
  }

  /** Ends the process once it has answered what was asked. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#failure !== undefined) resolve();
      else this.#child.once('close', () => resolve());
    });
    this.#child.stdin.end();
    await closed;
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    for (let answer = this.#take(); answer !== undefined; answer = this.#take())
      this.#waiting.shift()?.resolve(answer.content);
  }

  /** Cuts one whole answer off the buffer, or gives undefined until the rest of it has come. */
  #take(): { content: Uint8Array | undefined } | undefined {
    const end = this.#buffer.indexOf('\n');
    if (end < 0) return undefined;
    const match = / (blob|tree|commit|tag) (\d+)$/.exec(this.#buffer.toString('utf8', 0, end));
    const start = end + 1;
    const size = match === null ? -1 : Number(match[2]);
    if (this.#buffer.length < start + size + 1) return undefined;
    const content =
      match?.[1] === 'blob' ? Uint8Array.from(this.#buffer.subarray(start, start + size)) : undefined;
    this.#buffer = this.#buffer.subarray(start + size + 1);
    return { content };
  }

  #fail(reason: RtnError): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
