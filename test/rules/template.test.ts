import { describe, expect, test } from 'vitest';
import { digestsOf } from '../../src/registry/digest.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { memoryTree, withChanges } from '../../src/registry/tree.js';
import { chainsFrom } from '../../src/rules/chains.js';
import { judge } from '../../src/rules/judge.js';
import { SPECS } from '../registry/specs.js';
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
  TASK_TEXT,
  TODAY,
  template,
  without,
} from './files.js';

const doc = (name: string) => `templates/${name}/1.0.0.yaml`;
const text = (name: string) => `templates/${name}/1.0.0.mjs.hbs`;
const including = (name: string, ...partials: readonly string[]) =>
  template(`${name}@1.0.0`, partials.map((partial) => `{{> ${partial}}}\n`).join(''), {
    ...(partials.length > 0 && {
      partials: Object.fromEntries(partials.map((partial) => [partial, `${partial}@1.0.0`])),
    }),
  });
const PARTIAL = { ...SMALL, ...including('task', 'retry'), ...including('retry') };

test('a template and the partial it lists and includes have no findings', () => {
  expect(judged(PARTIAL).findings).toEqual([]);
});

describe('the text of a template', () => {
  test.each<[string, string, number, string]>([
    [
      'includes what is not listed',
      'a\n  {{> retri}}{{> retry}}',
      2,
      "the partial 'retri' is not listed under partials; did you mean 'retry'?",
    ],
    [
      'includes a block that is not listed',
      '{{> retry}}\n{{#> page}}x{{/page}}',
      2,
      "the partial 'page' is not listed under partials; expected one of retry",
    ],
    [
      'includes inside a block',
      '{{#if a}}\n{{#each b}}\n{{> other}}{{/each}}{{/if}}{{> retry}}',
      3,
      "the partial 'other' is not listed",
    ],
    [
      'includes in an else',
      '{{#if a}}\n{{else}}\n{{> other}}{{/if}}{{> retry}}',
      3,
      "the partial 'other' is not listed",
    ],
    [
      'includes inside the block of a partial',
      '{{#> retry}}\n{{> other}}\n{{/retry}}',
      2,
      "the partial 'other' is not listed",
    ],
    [
      'includes what it computes',
      '{{> retry}}\n{{> (lookup . "x")}}',
      2,
      'a partial is included by its name, which no expression may compute',
    ],
    [
      'includes what every object has',
      '{{> retry}}\n{{> constructor}}',
      2,
      "the partial 'constructor' is not listed under partials",
    ],
  ])('%s: told there', (_, content, line, message) => {
    const found = only(judged({ ...PARTIAL, [text('task')]: content }));
    expect(found).toMatchObject({ rule: 'template/partial', file: text('task'), line });
    expect(found.message).toContain(message);
  });

  test.each<[string, string]>([
    ['as a path with quotes', '{{> "retry"}}'],
    ['with parameters and white space control', '{{~> retry a=1 ~}}'],
    ['within raw text', '\\{{> other}} {{> retry}} {{!-- {{> other}} --}}'],
  ])('includes a partial %s', (_, content) => {
    expect(judged({ ...PARTIAL, [text('task')]: content }).findings).toEqual([]);
  });

  test('lists what it nowhere includes: told at the name', () => {
    const found = only(judged({ ...PARTIAL, [text('task')]: '// nothing\n' }));
    expect(found).toMatchObject({
      rule: 'template/partial',
      file: TASK,
      message: 'the text nowhere includes {{> retry}}',
    });
    expect(PARTIAL[TASK]?.split('\n')[found.line - 1]).toContain('retry: retry@1.0.0');
  });

  test.each<[string, string, number]>([
    ['a block that is not closed', 'a\nb\n{{#if x}}\n', 3],
    [
      'a block in a block that is not closed',
      '{{#a}}\n{{#b}}{{/b}}\n {{!-- {{#z}} --}}{{#each c}}\n{{^}}\n',
      3,
    ],
    ['a tag that is not closed', 'a\n{{> retry\n', 2],
    ['a close of another block', 'a\n\n{{#if x}}\n{{/each}}', 3],
    ['an empty tag', '\n\n{{}}', 3],
    ['a stray close', '{{> retry}}\n{{/if}}', 2],
    ['a bad path', 'x\n{{../a/../b}}', 2],
  ])('is no Handlebars: %s, with its line', (_, content, line) => {
    const { findings } = judged({ ...PARTIAL, [text('task')]: content });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ rule: 'template/text', file: text('task'), line });
    expect(findings[0]?.message).toMatch(/^this is no Handlebars: ./);
  });

  test('is missing, leads elsewhere, or is no text', () => {
    expect(only(judged(without(SMALL, TASK_TEXT)))).toMatchObject({
      rule: 'template/text',
      file: TASK,
      message: 'templates/task/1.0.0.mjs.hbs is missing',
    });
    for (const name of ['../retry/1.0.0.mjs.hbs', 'a/b.hbs', '.hidden', '/etc/passwd'])
      expect(only(judged(said(SMALL, TASK, { text: name })))).toMatchObject({
        rule: 'template/text',
        message: `'${name}' is no plain file name; the text stands in templates/task/ itself`,
      });
    const bytes = Uint8Array.of(0x2f, 0xff, 0xfe);
    const tree = withChanges(memoryTree(SMALL), [{ path: TASK_TEXT, content: bytes }]);
    expect(judge(tree, SPECS, { today: TODAY }).findings).toMatchObject([
      { rule: 'template/text', file: TASK_TEXT, message: 'the text is not UTF-8' },
    ]);
  });

  test('belongs to one version: two that name the same file are told', () => {
    const files = { ...PUBLISHED, ...draft('templates/task/1.0.1.yaml', { text: '1.0.0.mjs.hbs' }) };
    expect(only(judged(files))).toMatchObject({
      rule: 'template/text',
      file: 'templates/task/1.0.1.yaml',
      message: '1.0.0.mjs.hbs is the text of task@1.0.0, too; a version has a text of its own',
    });
  });
});

test.each(['{{#a}}', '{{!--', '{{', '{', '(', '{{> a}}', '{{^}}', '\\', '{{{{a}}}}', 'x'])(
  'a text of 200 kB of %j, or of more than a megabyte, is read or refused soon',
  (piece) => {
    const startedAt = performance.now();
    for (const bytes of [200_000, 1_100_000])
      judged({ ...SMALL, [TASK_TEXT]: piece.repeat(bytes / piece.length) });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  },
);

describe('a partial', () => {
  test('is missing, draft, withdrawn or deprecated: told where it is listed', () => {
    const missing = said(PARTIAL, TASK, { partials: { retry: 'retry@1.0.1' } });
    expect(only(judged(missing))).toMatchObject({
      rule: 'template/missing',
      file: TASK,
      message:
        'there is no template retry@1.0.1: templates/retry/1.0.1.yaml is missing; there is retry@1.0.0',
    });
    const drafted = published(PARTIAL, TASK);
    expect(only(judged(drafted))).toMatchObject({
      rule: 'template/draft',
      file: TASK,
      fix: 'rtn publish retry@1.0.0 --kind template',
    });
    const all = published(PARTIAL, doc('retry'), TASK, ENV, SEND);
    const bad = said(all, doc('retry'), { status: 'withdrawn', reason: 'bad' });
    expect(only(judged(bad))).toMatchObject({ rule: 'template/withdrawn', file: TASK });
    expect(rulesOf(judged(bad, { before: all }))).toEqual([`template/withdrawn ${TASK}`]);
    const old = said(all, doc('retry'), { status: 'deprecated', reason: 'old' });
    expect(judged(old).findings).toEqual([]);
    const next = { ...old, ...template('task@1.0.1', '{{> retry}}', { partials: { retry: 'retry@1.0.0' } }) };
    expect(rulesOf(judged(next, { before: old }))).toEqual(['template/deprecated templates/task/1.0.1.yaml']);
  });

  test('is withdrawn under a deprecated template that an active operation is on', () => {
    const all = published(PARTIAL, doc('retry'), TASK, ENV, SEND);
    const old = said(all, TASK, { status: 'deprecated', reason: 'old' });
    const bad = said(old, doc('retry'), { status: 'withdrawn', reason: 'bad' });
    expect(rulesOf(judged(bad))).toEqual([`template/withdrawn ${TASK}`]);
    expect(judged(said(bad, SEND, { status: 'deprecated', reason: 'old' })).findings).toEqual([]);
  });

  test('that is edited is one finding, at the partial, with those that depend on it', () => {
    const before = published(PARTIAL, doc('retry'), TASK, ENV, SEND);
    const after = { ...before, [text('retry')]: '// edited\n' };
    for (const base of [undefined, before]) {
      const found = only(judged(after, base && { before: base }));
      expect(found).toMatchObject({ rule: 'version/immutable', file: doc('retry'), fix: 'rtn bump retry' });
      expect(found.notes).toContain('template retry 1.0.0 -> task 1.0.0 -> send 1.0.0');
    }
  });
});

describe('a circle of partials is told at each that is in it, and ends', () => {
  test.each<[string, Files, readonly string[]]>([
    ['itself', including('task', 'task'), ['task']],
    ['two', { ...including('task', 'retry'), ...including('retry', 'task') }, ['retry', 'task']],
    [
      'three',
      { ...including('task', 'a'), ...including('a', 'b'), ...including('b', 'task') },
      ['a', 'b', 'task'],
    ],
  ])('%s', (_, files, names) => {
    const { findings } = judged({ ...SMALL, ...files });
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).toEqual(
      names.map((name) => `template/partial ${doc(name)}`),
    );
    expect(findings[0]?.message).toMatch(/@1\.0\.0 includes itself through \w+@1\.0\.0$/);
    const all = published({ ...SMALL, ...files }, ...names.map(doc), ENV, SEND);
    expect(rulesOf(judged({ ...all, [TASK_TEXT]: '{{> x}}' })).length).toBeGreaterThan(1);
  });
});

/** `task` includes a pair of partials, each of which includes the next pair, down to `retry`: 2^levels ways. */
function latticeOf(levels: number): Files {
  const pair = (level: number) => (level === 0 ? ['retry'] : [`a${level}`, `b${level}`]);
  const below = Array.from({ length: levels }, (_, index) => index + 1).flatMap((level) =>
    pair(level).map((name) => including(name, ...pair(level - 1))),
  );
  return Object.assign({}, SMALL, including('retry'), including('task', ...pair(levels)), ...below);
}

describe('the chain of reasons', () => {
  const chains = (files: Files, name: string) => {
    const registry = loadRegistry(memoryTree(files), SPECS);
    const artefact = registry.find('template', name, '1.0.0');
    return artefact === undefined ? [] : chainsFrom(artefact, registry);
  };
  const uses = (name: string, version: string, ...templates: readonly string[]) =>
    draft(`operations/${name}/${version}.yaml`, {
      runners: Object.fromEntries(
        templates.map((used, index) => [`r${index}`, { template: `${used}@1.0.0` }]),
      ),
    });

  test.each<[string, Files, readonly string[]]>([
    ['nobody', including('retry'), []],
    [
      'a template and two operations',
      {
        ...including('retry'),
        ...including('one-shot', 'retry'),
        ...uses('driver_push', '1.4.10', 'one-shot'),
        ...uses('taxi_exp', '1.4.6', 'one-shot'),
      },
      ['template retry 1.0.0 -> one-shot 1.0.0 -> driver_push 1.4.10, taxi_exp 1.4.6'],
    ],
    [
      'four levels',
      {
        ...including('retry'),
        ...including('b', 'retry'),
        ...including('c', 'b'),
        ...including('d', 'c'),
        ...uses('x', '1.0.0', 'd'),
      },
      ['template retry 1.0.0 -> b 1.0.0 -> c 1.0.0 -> d 1.0.0 -> x 1.0.0'],
    ],
    [
      'a diamond: each way a line, each dependent once a line',
      {
        ...including('retry'),
        ...including('a', 'retry'),
        ...including('b', 'retry'),
        ...uses('x', '1.0.0', 'a', 'b', 'a'),
      },
      ['template retry 1.0.0 -> a 1.0.0 -> x 1.0.0', 'template retry 1.0.0 -> b 1.0.0 -> x 1.0.0'],
    ],
    [
      'an operation and a template that no operation is on',
      { ...including('retry'), ...including('a', 'retry'), ...uses('x', '1.0.0', 'retry') },
      ['template retry 1.0.0 -> x 1.0.0', 'template retry 1.0.0 -> a 1.0.0'],
    ],
    [
      'a circle',
      { ...including('retry', 'a'), ...including('a', 'retry'), ...uses('x', '1.0.0', 'a') },
      ['template retry 1.0.0 -> a 1.0.0 -> x 1.0.0'],
    ],
    [
      'a circle that no operation is on',
      { ...including('retry', 'a'), ...including('a', 'retry') },
      ['template retry 1.0.0 -> a 1.0.0'],
    ],
  ])('of %s', (_, files, lines) => expect(chains(files, 'retry')).toEqual(lines));

  test('of more ways than anyone reads ends soon, and says that there are more', () => {
    const lattice = latticeOf(24);
    const clique = Array.from({ length: 12 }, (_, index) => `k${index}`);
    const complete = Object.assign(
      including('retry'),
      ...clique.map((name) => including(name, 'retry', ...clique.filter((other) => other !== name))),
    );
    for (const files of [lattice, complete]) {
      const startedAt = performance.now();
      const lines = chains(files, 'retry');
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(lines.length).toBeLessThanOrEqual(13);
      expect(lines.at(-1)).toMatch(/^and more/);
    }
  });
});

test('partials of partials of partials are judged at once, however many ways there are', () => {
  const files = latticeOf(24);
  const startedAt = performance.now();
  expect(judged(files).findings).toEqual([]);
  expect(rulesOf(judged(published(files, TASK)))).toEqual([
    `template/draft ${TASK}`,
    `template/draft ${TASK}`,
  ]);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('the digest of an operation sees the text of a draft partial, at whatever remove', () => {
  const files = {
    ...SMALL,
    ...including('task', 'a'),
    ...including('a', 'b'),
    ...including('b', 'c'),
    ...including('c'),
  };
  const digests = (now: Files) => {
    const registry = loadRegistry(memoryTree(now), SPECS);
    const operation = registry.find('operation', 'send');
    if (operation === undefined) throw new Error('the operation is gone');
    return digestsOf(operation, registry);
  };
  const before = digests(files);
  for (const name of ['task', 'a', 'b', 'c']) {
    const after = digests({ ...files, [text(name)]: '// other\n' });
    expect({ ...after, wrapper: '' }).toEqual({ ...before, wrapper: '' });
    expect(after.wrapper).not.toBe(before.wrapper);
  }
});
