import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');
const PATH = 'operations/driver_push/1.4.10.yaml';

/** A git repository with a copy of our own registry, everything committed. */
function repository() {
  const folder = temporaryFolder();
  for (const part of ['operations', 'layers', 'templates', 'src', 'package-lock.json'])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...words], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  return {
    read,
    edit: (path: string, from: string, to: string) =>
      writeFileSync(join(folder, path), read(path).replace(from, to)),
    rtn(...words: string[]) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(ROOT, 'dist', 'cli', 'main.js'), ...words],
        { cwd: folder, encoding: 'utf8' },
      );
      return { status, output: stdout + stderr };
    },
  };
}

test.each([
  ['params', 'default: 64', 'default: 32'],
  ['interface', 'maxLength: 1024', 'maxLength: 2048'],
  ['wrapper', 'max_attempts: 5', 'max_attempts: 6'],
])(
  'an edit of the published %s is told by part, and the printed fix moves it into a new draft',
  (part, from, to) => {
    const { rtn, edit, read } = repository();
    const before = read(PATH);
    edit(PATH, from, to);
    const red = rtn('check');
    expect(red.status).toBe(1);
    expect(red.output).toMatch(new RegExp(`${PATH}:\\d+:\\d+ error version/immutable`));
    expect(red.output).toContain(`its ${part} changed`);
    const fix = /fix: rtn (.+)/.exec(red.output)?.[1] ?? '';
    expect(rtn(...fix.split(' '))).toMatchObject({ status: 0 });
    expect(rtn('check')).toMatchObject({ status: 0 });
    expect(read(PATH)).toBe(before);
    const draft = read('operations/driver_push/1.4.11.yaml');
    expect(draft).toContain(to);
    expect(draft).toContain('# A single status counts');
    expect(rtn('publish', 'driver_push')).toMatchObject({ status: 0 });
    expect(rtn('check')).toMatchObject({ status: 0 });
    expect(read(PATH)).toContain('status: deprecated');
    expect(read('operations/driver_push/1.4.11.yaml')).toContain('status: active');
  },
);

test.each([
  ['a comment', 'status: active', 'status: active # since autumn'],
  ['the description', 'Sends one push', 'Sends one and only one push'],
])('an edit of %s is no change', (_, from, to) => {
  const { rtn, edit } = repository();
  edit(PATH, from, to);
  expect(rtn('check')).toMatchObject({ status: 0 });
});

test('drafts are generated only when asked for', () => {
  const { rtn } = repository();
  rtn('bump', 'driver_push');
  expect(rtn('generate', 'driver_push@1.4.11').status).not.toBe(0);
  expect(rtn('generate', 'driver_push@1.4.11', '--draft').output).toContain(
    'driver_push-1.4.11.one-shot.mjs',
  );
});
