import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');
const REGISTRY = ['operations', 'layers', 'templates', 'schemas', 'src', 'package.json', 'package-lock.json'];

test('the five minutes of the README lead from a copied operation to a checked draft and its dry run', {
  timeout: 120_000,
}, () => {
  const folder = copyOfTheRepository();
  const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', walk()], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder },
  });
  expect(stderr).not.toContain('error');
  expect(status).toBe(0);
  expect(stdout).toContain('new draft operation sms_winback@0.1.0');
  expect(stdout).toMatch(/artefacts: \d+ warnings? in/);
  expect(stdout).toContain('3 rows read, 2 valid, 1 rejected; nothing was sent or logged');
  expect(stdout).toContain('SMS: 2 segments of 2 texts (1 GSM-7, 1 UCS-2');

  const { status: published } = spawnSync('npx', ['rtn', 'publish', 'sms_winback'], { cwd: folder });
  expect(published).toBe(0);
});

/** The commands of the section, as one script; they stand indented in a list. */
function walk(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, section = ''] = /\n## Your first operation, in five minutes\n(.*?)\n## /s.exec(readme) ?? [];
  const blocks = [...section.matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map(([, block = '']) => block);
  expect(blocks).toHaveLength(3);
  return blocks.join('').replaceAll(/^ {3}/gm, '');
}

/** A git work tree with what `rtn check` looks at; what was installed and built is that of the repository. */
function copyOfTheRepository(): string {
  const folder = temporaryFolder();
  for (const name of REGISTRY) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  for (const name of ['node_modules', 'dist']) symlinkSync(join(ROOT, name), join(folder, name));
  const git = (...words: string[]) => spawnSync('git', words, { cwd: folder });
  git('init', '-q');
  git('add', ...REGISTRY);
  const committed = git('-c', 'user.name=a', '-c', 'user.email=a@b.c', 'commit', '-qm', 'the registry');
  expect(committed.status).toBe(0);
  return folder;
}
