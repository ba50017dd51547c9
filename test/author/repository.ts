import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { SPECS } from '../registry/specs.js';

const HOUSE = join(import.meta.dirname, '..', 'registry', 'house');
const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];

/** A folder with a copy of the small registry, in git only once something is committed; gone with the test. */
export function repository() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-author-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  cpSync(HOUSE, root, { recursive: true });

  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const git = (...words: string[]) =>
    execFileSync('git', [...IDENTITY, ...words], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  const commit = (message: string) => {
    git('-c', 'init.defaultBranch=main', 'init', '-q');
    git('add', '-A');
    git('commit', '-q', '-m', message);
  };
  const rtnOn = async (columns: number | undefined, ...words: string[]) => {
    const said = { out: '', err: '' };
    const code = await runCommand(words, {
      cwd: root,
      env: {},
      hasColor: false,
      columns,
      exitCode: 0,
      components: async () => SPECS,
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
    });
    return { code, ...said };
  };
  const rtn = (...words: string[]) => rtnOn(undefined, ...words);
  return {
    root,
    read,
    write,
    git,
    rtn,
    /** As on a terminal of this width. */
    rtnOn,
    /** Replaces a text that must be there. */
    edit(path: string, from: string, to: string) {
      if (!read(path).includes(from)) throw new Error(`${path} does not contain ${from}`);
      write(
        path,
        read(path).replace(from, () => to),
      );
    },
    commit,
    /** Publishes everything and commits it. */
    async publish() {
      const result = await rtn('publish', 'driver_push', '--with-deps');
      if (result.code !== 0) throw new Error(result.err);
      commit('published');
    },
  };
}
