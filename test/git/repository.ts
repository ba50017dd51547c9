import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../setup/yt.js';

/** An empty git repository in a temporary folder, gone with the test. */
export function repository() {
  const root = temporaryFolder();
  const git = (...words: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...words],
      {
        cwd: root,
        encoding: 'utf8',
        stdio: 'pipe',
      },
    ).trim();
  git('-c', 'init.defaultBranch=main', 'init', '-q');
  return {
    root,
    git,
    /** Writes files and commits all; gives the commit. */
    commit(files: Readonly<Record<string, string | Uint8Array>>): string {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', 'a commit');
      return git('rev-parse', 'HEAD');
    },
  };
}
