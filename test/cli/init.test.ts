import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { COMPONENTS } from '../../src/components.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { memoryTree } from '../../src/registry/tree.js';
import { judge } from '../../src/rules/judge.js';
import { planInit } from '../../src/scaffold/init.js';
import { repository } from '../author/repository.js';

const ROOT = join(import.meta.dirname, '..', '..');

const empty = () => repository({ isEmpty: true, components: COMPONENTS });

test.each([
  ['with git', true],
  ['without git', false],
])('an empty folder %s becomes a registry in which a new operation is clean', async (_, isGit) => {
  const { rtn, git, commit, write } = empty();
  if (isGit) {
    write('README.md', 'A repository.\n');
    commit('first');
  }
  expect(await rtn('init')).toMatchObject({ code: 0, err: '' });
  expect(await rtn('new', 'operation', 'order_ready', '--title', 'An order is ready')).toMatchObject({
    code: 0,
  });
  expect(await rtn('check', '--strict')).toMatchObject({ code: 0, out: '5 artefacts: no findings\n' });
  expect(await rtn('publish', 'order_ready')).toMatchObject({ code: 0 });
  expect(await rtn('generate', 'order_ready')).toMatchObject({ code: 0 });
  if (isGit) expect(git('status', '--porcelain')).toContain('?? operations/');
});

test('tells what was made, what is wanted yet and the next command', async () => {
  const { rtn } = empty();
  const { out } = await rtn('init', 'crm');
  expect(out.replace(/@\d+\.\d+\.\d+/g, '@X')).toBe(
    [
      'operations/.gitkeep: an empty folder for operations',
      'layers/default/1.0.0.yaml: layer default@X, published: the environment that runners run in',
      'templates/one-shot/: template one-shot@X, published',
      'templates/service/: template service@X, published',
      'templates/task/: template task@X, published',
      'schemas/: JSON Schemas, by which editors complete and check',
      '.github/workflows/registry.yml: a GitHub workflow that judges every pull request',
      'the workflow and the runners need the package: npm install --save-exact realtime-notifications@X',
      'next: cd crm && rtn new operation',
      '',
    ].join('\n'),
  );
});

test('copies the newest active templates of the package byte for byte', async () => {
  const { rtn, read, root } = empty();
  await rtn('init');
  const { files } = JSON.parse((await rtn('init', 'elsewhere', '--dry-run', '--json')).out);
  const copied = files.filter((file: string) => file.startsWith('templates/'));
  expect(copied).toHaveLength(6);
  for (const file of copied) expect(read(file)).toBe(readFileSync(join(ROOT, file), 'utf8'));
  expect(existsSync(join(root, 'elsewhere'))).toBe(false);
});

test('copies the partials of the templates, at whatever remove, each once', () => {
  const folder = (name: string, partials: string) => ({
    [`templates/${name}/1.0.0.yaml`]: `schema: template/v1\nname: ${name}\nversion: 1.0.0\nstatus: active\ntext: 1.0.0.mjs.hbs\npartials: {${partials}}\n`,
    [`templates/${name}/1.0.0.mjs.hbs`]: `// ${name}\n`,
  });
  const origin = loadRegistry(
    memoryTree({
      ...folder('one-shot', 'retry: retry@1.0.0'),
      ...folder('service', 'retry: retry@1.0.0, delay: delay@1.0.0'),
      ...folder('retry', 'delay: delay@1.0.0'),
      ...folder('delay', ''),
      ...folder('task', ''),
      ...folder('other', ''),
    }),
    COMPONENTS,
  );
  const today = '2026-11-24';
  const starter = { origin, package: 'realtime-notifications@0.1.0', node: '>=20', schemas: {}, today };
  const { changes, notes } = planInit(memoryTree({}), starter, (tree) => judge(tree, COMPONENTS, { today }));
  const names = ['one-shot', 'service', 'task', 'retry', 'delay'];
  expect(changes.map(({ path }) => path).filter((path) => path.startsWith('templates/'))).toEqual(
    names.flatMap((name) => [`templates/${name}/1.0.0.yaml`, `templates/${name}/1.0.0.mjs.hbs`]),
  );
  expect(notes).toContain('templates/delay/: template delay@1.0.0, published');
});

test('a dry run warns of what is wanted as it is, and would do the rest', async () => {
  const { rtn } = empty();
  const lines = (await rtn('init', '--dry-run')).out.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('would: '))).toEqual([
    expect.stringMatching(/^the workflow and the runners need the package/),
    'next: rtn new operation',
  ]);
});

test('a second time finds nothing to do, on whatever day', async () => {
  const { rtn, read, write } = empty();
  write('package.json', '{"devDependencies": {"realtime-notifications": "0.1.0"}}\n');
  await rtn('init');
  const layer = 'layers/default/1.0.0.yaml';
  write(layer, read(layer).replace(/at: \d{4}/, 'at: 2020'));
  expect(await rtn('init')).toEqual({
    code: 0,
    err: '',
    out: 'nothing to do: all of it is there\nnext: rtn new operation\n',
  });
});

test('refuses all files that are there and differ, and then nothing is written', async () => {
  const { rtn, write, root } = empty();
  write('schemas/layer.schema.json', '{}\n');
  write('.github/workflows/registry.yml', 'on: push\n');
  expect(await rtn('init')).toMatchObject({
    code: 2,
    err: expect.stringContaining('schemas/layer.schema.json, .github/workflows/registry.yml: there already'),
  });
  expect(existsSync(join(root, 'operations'))).toBe(false);
});

test('the workflow judges pull requests against their target, with the whole history', async () => {
  const { rtn, read } = empty();
  await rtn('init');
  const { jobs } = parse(read('.github/workflows/registry.yml'));
  const runs = jobs.check.steps.flatMap(({ run }: { run?: string }) => run ?? []);
  // A branch's name is somebody's text: it comes to the shell as a variable, never as part of the command.
  expect(runs).toEqual([
    'npm ci',
    'npx rtn check --base "$BASE"',
    'npx rtn check && npx rtn check --base HEAD',
  ]);
  expect(jobs.check.steps[0].with).toEqual({ 'fetch-depth': 0 });
});
