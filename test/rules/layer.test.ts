import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { LAYER, OPERATION } from '../registry/house.js';
import {
  draft,
  ENV,
  type Files,
  judged,
  only,
  PUBLISHED,
  published,
  rulesOf,
  SEND,
  SMALL,
  said,
  TASK,
  without,
} from './files.js';

const NEXT = 'layers/env/1.0.1.yaml';

test('the small registry has no findings, as drafts and published', () => {
  expect(judged(SMALL).findings).toEqual([]);
  expect(judged(PUBLISHED).findings).toEqual([]);
});

describe('a layer that an operation names', () => {
  test.each<[string, string, string | undefined]>([
    [
      'env@1.0.1',
      'there is no layer env@1.0.1: layers/env/1.0.1.yaml is missing; there is env@1.0.0',
      'rtn bump send --layer env@1.0.0',
    ],
    [
      'envi@1.0.0',
      "there is no layer envi@1.0.0: layers/envi/1.0.0.yaml is missing; did you mean 'env'?",
      undefined,
    ],
  ])('is missing: %s', (layer, message, fix) => {
    const found = only(judged(said(published(SMALL, ENV, TASK), SEND, { layer })));
    expect(found).toMatchObject({ rule: 'layer/missing', file: SEND, message });
    expect(found.fix).toBe(fix);
  });

  test('is a draft under a published operation', () => {
    const files = said(published(SMALL, TASK, SEND), SEND, {});
    expect(only(judged(files))).toMatchObject({
      rule: 'layer/draft',
      file: SEND,
      fix: 'rtn publish env@1.0.0 --kind layer',
    });
    expect(judged(published(SMALL, TASK)).findings).toEqual([]);
  });

  const withNext = published({ ...PUBLISHED, ...draft(NEXT) }, NEXT);
  const withdrawn = said(withNext, ENV, { status: 'withdrawn', reason: 'leaks memory' });

  test('is withdrawn: told at those that are in use, with why, and the way off it', () => {
    expect(only(judged(withdrawn))).toMatchObject({
      rule: 'layer/withdrawn',
      file: SEND,
      message: 'send@1.0.0 names layer env@1.0.0, which was withdrawn: leaks memory',
      fix: 'rtn bump send --layer env@1.0.1 && rtn publish send@1.0.1',
    });
    expect(only(judged(said(PUBLISHED, ENV, { status: 'withdrawn', reason: 'bad' }))).notes).toEqual([
      'no active version of env is left: rtn bump env, mend it, then rtn publish env',
    ]);
    expect(judged(said(withdrawn, SEND, { status: 'deprecated', reason: 'old' })).findings).toEqual([]);
    expect(rulesOf(judged(withdrawn, { before: withNext }))).toEqual([`layer/withdrawn ${SEND}`]);
  });

  const deprecated = said(withNext, ENV, { status: 'deprecated', replaced_by: 'env@1.0.1' });

  test('is deprecated: no finding under an old version, a warning under a new one', () => {
    expect(judged(deprecated).findings).toEqual([]);
    expect(judged(deprecated, { before: withNext }).findings).toEqual([]);
    const after = { ...deprecated, ...draft('operations/send/1.0.1.yaml') };
    for (const before of [undefined, deprecated])
      expect(only(judged(after, before && { before }))).toMatchObject({
        rule: 'layer/deprecated',
        severity: 'warning',
        file: 'operations/send/1.0.1.yaml',
        message: 'send@1.0.1 is new and names layer env@1.0.0, which is deprecated: replaced by env@1.0.1',
        fix: 'rtn bump send --layer env@1.0.1',
      });
    const isPublishedToo = published(after, 'operations/send/1.0.1.yaml');
    expect(judged(isPublishedToo).findings).toEqual([]);
    expect(rulesOf(judged(isPublishedToo, { before: deprecated }))).toEqual([
      'layer/deprecated operations/send/1.0.1.yaml',
    ]);
  });

  test('is deprecated for a reason that nobody gave: the message does not invent one', () => {
    const silent = said(deprecated, ENV, { replaced_by: undefined });
    const after = { ...silent, ...draft('operations/send/1.0.1.yaml') };
    const { message } = judged(after).findings.find(({ rule }) => rule === 'layer/deprecated') ?? {};
    expect(message).toBe('send@1.0.1 is new and names layer env@1.0.0, which is deprecated');
  });
});

/** Components as SPECS names their constructors, a file that one imports at a remove, and one that nobody imports. */
const CODE: Files = {
  'src/table.ts': "import { rows } from './rows.js';\nexport function table() {}\n",
  'src/rows.ts': "import { deep } from './deep.js';\nexport const rows = 1;\n",
  'src/deep.ts': 'export const deep = 1;\n',
  'src/zmq.ts': 'export async function zmq() {}\n',
  'src/log.ts': 'export function log() {}\n',
  'src/alone.ts': 'export const alone = 1;\n',
  'src/table.test.ts': 'test\n',
  'package-lock.json': '{}\n',
};
const SOURCES = { sources: ['src/**/*.ts', '!src/**/*.test.ts'], lockfile: 'package-lock.json' };
const runner = (reader: unknown) => ({
  inputs: {
    rows: { key: 'id', row: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } },
  },
  runners: { main: { template: 'task@1.0.0', reader } },
});
const READS = 'operations/reads/1.0.0.yaml';
const DRAINS = 'operations/drains/1.0.0.yaml';
const TREE = published(
  {
    ...CODE,
    ...draft(ENV, SOURCES),
    ...said(SMALL, TASK, { stages: ['reader'] }),
    ...draft(READS, runner({ use: 'table', input: 'rows' })),
    ...draft(DRAINS, runner({ use: 'zmq', input: 'rows', endpoint: 'tcp://*:1' })),
    ...draft(ENV, SOURCES),
  },
  ENV,
  TASK,
  READS,
  DRAINS,
);
const WHOLE = without(TREE, SEND);

describe('the sources of a layer', () => {
  test('are as they were published', () => expect(judged(WHOLE).findings).toEqual([]));

  test.each<[string, Files, string]>([
    ['was edited', { ...WHOLE, 'src/alone.ts': 'export const alone = 2;\n' }, 'sources'],
    ['is new', { ...WHOLE, 'src/new/more.ts': '' }, 'sources'],
    ['is gone', without(WHOLE, 'src/alone.ts'), 'sources'],
    [
      'has another name',
      { ...without(WHOLE, 'src/alone.ts'), 'src/lone.ts': CODE['src/alone.ts'] ?? '' },
      'sources',
    ],
    ['the lockfile was edited', { ...WHOLE, 'package-lock.json': '{"a": 1}\n' }, 'lockfile'],
    ['the lockfile is gone', without(WHOLE, 'package-lock.json'), 'lockfile'],
    ['all are gone', without(WHOLE, 'src', 'package-lock.json'), 'sources and lockfile'],
  ])('changed where one %s', (_, files, what) => {
    for (const before of [undefined, WHOLE])
      expect(only(judged(files, before && { before }))).toMatchObject({
        rule: 'layer/sources',
        file: ENV,
        message: `the ${what} of env@1.0.0 changed since it was published, and there is no newer draft`,
        fix: 'rtn bump env',
      });
    expect(judged({ ...files, ...draft(NEXT) }).findings.map(({ rule }) => rule)).toEqual([]);
  });

  test.each<[string, Files]>([
    [
      'line ends became CRLF',
      { ...WHOLE, 'src/alone.ts': 'export const alone = 1;\r\n', 'package-lock.json': '{}\r\n' },
    ],
    ['a file that ! takes away changed', { ...WHOLE, 'src/table.test.ts': 'other\n' }],
    ['a file that no glob names came', { ...WHOLE, 'lib/x.ts': 'x', 'src/x.js': 'x' }],
  ])('did not change where %s', (_, files) => {
    expect(judged(files).findings).toEqual([]);
    expect(judged(files, { before: WHOLE }).findings).toEqual([]);
  });

  test('changed under a newer draft are no finding; under a newer published version they are its own', () => {
    const changed = { ...WHOLE, 'src/alone.ts': '2' };
    const drafted = { ...changed, ...draft(NEXT, SOURCES) };
    expect(judged(drafted, { before: WHOLE }).findings).toEqual([]);
    expect(judged(published(drafted, NEXT), { before: WHOLE }).findings).toEqual([]);
    const again = { ...published(drafted, NEXT), 'src/alone.ts': '3' };
    for (const before of [undefined, drafted])
      expect(rulesOf(judged(again, before && { before }))).toEqual([`layer/sources ${NEXT}`]);
  });

  test('changed, and the newer draft that took them up was deleted by the change', () => {
    const before = { ...WHOLE, 'src/alone.ts': '2', ...draft(NEXT, SOURCES) };
    expect(rulesOf(judged(without(before, NEXT), { before }))).toEqual([`layer/sources ${ENV}`]);
  });

  test('whose globs were edited is the edit of a published version, and nothing else', () => {
    const files = said(WHOLE, ENV, { sources: ['src/*.ts'] });
    for (const before of [undefined, WHOLE])
      expect(rulesOf(judged(files, before && { before }))).toEqual([`version/immutable ${ENV}`]);
  });

  test('of which the record was cut out is told: it could never be seen to change', () => {
    const text = (WHOLE[ENV] ?? '').replace(/\n {2}sources: [0-9a-f]{64}/, '');
    const cut = { ...WHOLE, [ENV]: text };
    expect(rulesOf(judged(cut))).toContain(`layer/sources ${ENV}`);
    expect(rulesOf(judged(cut, { before: WHOLE }))).toEqual([`version/digest ${ENV}`]);
  });

  test.each([
    ['./src/**/*.ts', './package-lock.json'],
    ['src/./alone.ts', './package-lock.json'],
    ['./src/alone.ts', 'package-lock.json'],
  ])('are seen by a base, too, where a path is written as %s and %s', (glob, lockfile) => {
    const before = published({ ...CODE, ...draft(ENV, { sources: [glob], lockfile }) }, ENV);
    expect(judged(before).findings).toEqual([]);
    for (const edit of [{ 'src/alone.ts': '2' }, { 'package-lock.json': '2' }])
      for (const base of [undefined, before])
        expect(rulesOf(judged({ ...before, ...edit }, base && { before: base }))).toEqual([
          `layer/sources ${ENV}`,
        ]);
  });

  test('of a withdrawn newest version are held to it, unless they are again those of a version in use', () => {
    const changed = { ...WHOLE, 'src/alone.ts': '2' };
    const two = published({ ...changed, ...draft(NEXT, SOURCES) }, NEXT);
    const withdrawn = said(two, NEXT, { status: 'withdrawn', reason: 'bad' });
    expect(judged(withdrawn).findings).toEqual([]);
    expect(rulesOf(judged({ ...withdrawn, 'src/alone.ts': '3' }))).toEqual([`layer/sources ${NEXT}`]);
    expect(judged({ ...withdrawn, 'src/alone.ts': CODE['src/alone.ts'] ?? '' }).findings).toEqual([]);
  });
});

describe('with a base, the operations named are those whose components changed', () => {
  test.each<[string, string]>([
    ['src/table.ts', 'components changed of reads@1.0.0'],
    ['src/rows.ts', 'components changed of reads@1.0.0'],
    ['src/deep.ts', 'components changed of reads@1.0.0'],
    ['src/zmq.ts', 'components changed of drains@1.0.0'],
    ['src/alone.ts', 'used by drains@1.0.0 and reads@1.0.0'],
    ['src/log.ts', 'used by drains@1.0.0 and reads@1.0.0'],
  ])('%s: %s', (file, note) => {
    const files = { ...WHOLE, [file]: `${WHOLE[file]}// more\n` };
    expect(only(judged(files, { before: WHOLE })).notes).toEqual([`changed: ${file}`, note]);
    expect(only(judged(files)).notes).toEqual(['used by drains@1.0.0 and reads@1.0.0']);
  });

  test('a deleted file is named, and those that imported it', () => {
    expect(only(judged(without(WHOLE, 'src/deep.ts'), { before: WHOLE })).notes).toEqual([
      'changed: src/deep.ts',
      'components changed of reads@1.0.0',
    ]);
  });

  test('a lockfile has no components: all who use the layer', () => {
    expect(only(judged({ ...WHOLE, 'package-lock.json': '2' }, { before: WHOLE })).notes).toEqual([
      'changed: package-lock.json',
      'used by drains@1.0.0 and reads@1.0.0',
    ]);
  });
});

describe('the globs of a draft layer', () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ['name files', SOURCES, []],
    ['name nothing', { sources: ['lib/*.ts'] }, ['no file is named by lib/*.ts']],
    [
      'name nothing with one of them',
      { sources: ['src/*.ts', 'lib/*.ts'] },
      ['no file is named by lib/*.ts'],
    ],
    [
      'name a folder',
      { sources: ['src/*.ts', 'src'] },
      ['no file is named by src; all files of a folder are src/**'],
    ],
    [
      'take all away again',
      { sources: ['src/*.ts', '!src/**'] },
      ['no file is left of the sources after those that ! takes away'],
    ],
    [
      'only take away',
      { sources: ['!src/**'] },
      ['no file is left of the sources after those that ! takes away'],
    ],
    ['have no lockfile', { ...SOURCES, lockfile: 'yarn.lock' }, ['there is no file yarn.lock']],
  ])('%s', (_, keys, messages) => {
    const { findings } = judged({ ...CODE, ...draft(ENV, keys) });
    expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual(
      messages.map((message) => `layer/no-sources ${message}`),
    );
  });
});

describe('in a repository', () => {
  async function withSources() {
    const repo = repository();
    repo.edit(LAYER, 'packages:', 'sources: ["src/*.ts"]\nlockfile: package-lock.json\npackages:');
    repo.write('src/http.ts', 'export function httpChannel() {}\n');
    repo.write('src/old.ts', 'old\n');
    repo.write('package-lock.json', '{}\n');
    await repo.publish();
    repo.git('checkout', '-q', '-b', 'work');
    const check = async () => {
      const { code, out } = await repo.rtn('check', '--base', 'main');
      return {
        code,
        out,
        rules: [...out.matchAll(/^(\S+?):\d+:\d+ \w+ (\S+)$/gm)].map(([, file, rule]) => `${rule} ${file}`),
      };
    };
    return { ...repo, check };
  }

  test.each<[string, (repo: Awaited<ReturnType<typeof withSources>>) => void]>([
    ['edited', ({ write }) => write('src/http.ts', 'export function httpChannel(a) {}\n')],
    ['untracked', ({ write }) => write('src/more.ts', '')],
    ['deleted', ({ root }) => rmSync(join(root, 'src/old.ts'))],
    [
      'staged',
      ({ write, git }) => {
        write('src/more.ts', '');
        git('add', '-A');
      },
    ],
    [
      'committed',
      ({ write, commit }) => {
        write('src/more.ts', '');
        commit('more');
      },
    ],
  ])('a source that is %s is one finding, and the fix is green', async (_, change) => {
    const repo = await withSources();
    expect(await repo.check()).toMatchObject({ code: 0 });
    change(repo);
    const { code, rules, out } = await repo.check();
    expect([code, rules]).toEqual([1, [`layer/sources ${LAYER}`]]);
    expect(out).toContain('driver_push@1.4.10');
    const fix = /fix: rtn (.+)/.exec(out)?.[1] ?? '';
    expect(await repo.rtn(...fix.split(' '))).toMatchObject({ code: 0 });
    expect(await repo.check()).toMatchObject({ code: 0, rules: [] });
    expect(await repo.rtn('check')).toMatchObject({ code: 0 });
  });

  test('a source whose line ends became CRLF is no change', async () => {
    const { check, write, read } = await withSources();
    write('src/http.ts', read('src/http.ts').replaceAll('\n', '\r\n'));
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });

  test('a change of operations only asks nothing of the layers', async () => {
    const { check, edit, write, commit, git } = await withSources();
    git('checkout', '-q', 'main');
    write('src/http.ts', 'stale\n');
    commit('stale on main already');
    git('checkout', '-q', 'work');
    git('merge', '-q', 'main');
    edit(OPERATION, 'title: Push', 'title: Pushes');
    expect(await check()).toMatchObject({ code: 0, rules: [] });
  });
});
