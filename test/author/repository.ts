import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import type { Session } from '../../src/cli/session.js';
import { SPECS } from '../registry/specs.js';

const HOUSE = join(import.meta.dirname, '..', 'registry', 'house');
const IDENTITY = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];

/** A folder with a copy of the small registry, or empty, in git only once something is committed; gone with the test. */
export function repository({ isEmpty = false, components = SPECS } = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rtn-author-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  if (!isEmpty) cpSync(HOUSE, root, { recursive: true });

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
  const run = async (words: readonly string[], { ask, columns }: Pick<Session, 'ask' | 'columns'> = {}) => {
    const said = { out: '', err: '' };
    const code = await runCommand(words, {
      cwd: root,
      env: {},
      hasColor: false,
      columns,
      exitCode: 0,
      components: async () => components,
      ...(ask && { ask }),
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
    });
    return { code, ...said };
  };
  return {
    root,
    read,
    write,
    git,
    rtn: (...words: string[]) => run(words),
    /** Runs a verb on a terminal where somebody gives these answers; tells what was asked, with what in brackets. */
    async asked(answers: readonly string[], ...words: string[]) {
      const left = [...answers];
      const questions: string[] = [];
      const ask = async (text: string, fallback = '') => {
        questions.push(fallback === '' ? text : `${text} [${fallback}]`);
        const said = left.shift();
        if (said === undefined) throw new Error(`nobody answers ${questions.at(-1)}`);
        return said === '' ? fallback : said;
      };
      const result = await run(words, { ask });
      return { ...result, questions, left };
    },
    /** As on a terminal of this width. */
    rtnOn: (columns: number | undefined, ...words: string[]) => run(words, { columns }),
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
      const result = await run(['publish', 'driver_push', '--with-deps']);
      if (result.code !== 0) throw new Error(result.err);
      commit('published');
    },
  };
}
