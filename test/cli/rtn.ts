import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../src/cli/command.js';
import { SPECS } from '../registry/specs.js';

const HOUSE = join(import.meta.dirname, '..', 'registry', 'house');

/** A folder with a copy of the small registry that these tests share. */
export class Sandbox {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-')));

  constructor() {
    cpSync(HOUSE, this.root, { recursive: true });
  }

  /** Runs `rtn` in the folder. */
  async rtn(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const said = { out: '', err: '' };
    const session = {
      cwd: this.root,
      env: {},
      hasColor: false,
      exitCode: 0,
      components: async () => SPECS,
      out: (text: string) => {
        said.out += text;
      },
      err: (text: string) => {
        said.err += text;
      },
    };
    return { code: await runCommand(words, session), ...said };
  }

  git(...args: string[]): string {
    const settings = [
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@example.org',
      '-c',
      'init.defaultBranch=main',
      '-c',
      'core.autocrlf=false',
      '-c',
      'commit.gpgsign=false',
    ];
    return execFileSync('git', [...settings, ...args], {
      cwd: this.root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  commit(message: string): void {
    this.git('init', '-q');
    this.git('add', '-A');
    this.git('commit', '-q', '-m', message);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** Replaces a text that must be there. */
  edit(path: string, from: string, to: string): void {
    const text = this.read(path);
    if (!text.includes(from)) throw new Error(`${path} does not contain ${from}`);
    this.write(path, text.replace(from, to));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
