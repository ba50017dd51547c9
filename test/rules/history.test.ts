import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
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
  template,
  without,
} from './files.js';

const NEXT = 'operations/send/1.0.1.yaml';
const before = PUBLISHED;
const against = (files: Files, base: Files = before) => judged(files, { before: base });

describe('version/level', () => {
  const column = (...required: string[]) => ({
    inputs: {
      rows: {
        key: 'id',
        row: {
          type: 'object',
          required: ['id', ...required],
          properties: { id: { type: 'string' }, text: { type: 'string' } },
        },
      },
    },
  });
  const param = (schema: object) => ({ params: { size: { type: 'integer', default: 1, ...schema } } });
  const first = (keys: object) => {
    const files = {
      ...SMALL,
      ...template('task@1.0.0', '//\n', { stages: ['run'] }),
      ...draft(SEND, { ...SCRIPT, ...keys }),
    };
    return published({ ...files, 'operations/send/x.sh': 'x\n' }, ENV, TASK, SEND);
  };
  const SCRIPT = { runners: { main: { template: 'task@1.0.0', run: './x.sh' } } };

  test.each<[string, object, object, string, string, string]>([
    [
      'a column is newly required',
      column(),
      column('text'),
      '1.0.1',
      'MAJOR is due, which is 2.0.0',
      'inputs.rows.row',
    ],
    [
      'a column is newly required',
      column(),
      column('text'),
      '1.1.0',
      'MAJOR is due, which is 2.0.0',
      'inputs.rows.row',
    ],
    [
      'a param was removed',
      param({}),
      { params: {} },
      '1.0.1',
      'MAJOR is due, which is 2.0.0',
      'params.size',
    ],
    [
      'a param is narrower',
      param({}),
      param({ maximum: 5 }),
      '1.0.1',
      'MAJOR is due, which is 2.0.0',
      'params.size',
    ],
    [
      'a param lost its default',
      param({}),
      param({ default: undefined }),
      '1.0.1',
      'MAJOR is due, which is 2.0.0',
      'params.size',
    ],
    ['a param came', { params: {} }, param({}), '1.0.1', 'MINOR is due, which is 1.1.0', 'params.size'],
  ])('%s', (_, old, now, version, due, reason) => {
    const base = first(old);
    const path = `operations/send/${version}.yaml`;
    const found = only(against({ ...base, ...draft(path, { ...SCRIPT, ...now }) }, base));
    expect(found).toMatchObject({ rule: 'version/level', severity: 'warning', file: path });
    expect(found.message).toBe(`send@${version} changes 1.0.0 by more than its number says: ${due}`);
    expect(found.notes?.join('\n')).toContain(reason);
    expect(found.fix).toBe(`rtn renumber send@${version} ${due.split(' ').at(-1)}`);
  });

  test.each<[string, object, object, string]>([
    ['a wider param', param({ maximum: 5 }), param({ maximum: 6 }), '1.1.0'],
    ['a description', param({}), param({ description: 'Size.' }), '1.0.1'],
    ['a breaking change that is a MAJOR', param({}), { params: {} }, '2.0.0'],
    ['a breaking change that is a pre-release of one', param({}), { params: {} }, '2.0.0-rc.1'],
    ['another runner', {}, { runners: { main: SCRIPT.runners.main, other: SCRIPT.runners.main } }, '1.1.0'],
  ])('nothing is due beyond the number: %s', (_, old, now, version) => {
    const base = first(old);
    const files = { ...base, ...draft(`operations/send/${version}.yaml`, { ...SCRIPT, ...now }) };
    expect(against(files, base).findings).toEqual([]);
  });
});

describe('the status of a published version', () => {
  const STATUSES = ['draft', 'active', 'deprecated', 'withdrawn'];
  const as = (status: string) =>
    said(before, SEND, { status, ...(status !== 'active' && status !== 'draft' && { reason: 'why' }) });
  const pairs = STATUSES.slice(1).flatMap((from) => STATUSES.map((to): [string, string] => [from, to]));

  test.each(pairs)('from %s to %s', (from, to) => {
    const isBack = STATUSES.indexOf(to) < STATUSES.indexOf(from);
    const { findings } = against(as(to), as(from));
    expect(findings.map(({ rule }) => rule)).toEqual(isBack ? ['version/backwards'] : []);
    if (isBack)
      expect(findings[0]).toMatchObject({
        file: SEND,
        message: `send@1.0.0 is ${from} on main and cannot go back to ${to}`,
        fix: expect.stringMatching(/^git restore --source=0{12} --staged --worktree -- /),
      });
  });

  test('and its record go back to a draft: one finding', () => {
    const files = said(before, SEND, { status: 'draft', published: undefined });
    expect(rulesOf(against(files))).toEqual([`version/backwards ${SEND}`]);
  });

  test('of a draft is free', () => {
    expect(against(said(SMALL, SEND, { title: 'Other' }), SMALL).findings).toEqual([]);
    expect(against(without(SMALL, SEND), SMALL).findings).toEqual([]);
  });
});

describe('the record of a published version', () => {
  test('that is cut out is one finding, which restores it', () => {
    for (const path of [SEND, ENV, TASK]) {
      const found = only(against(said(before, path, { published: undefined })));
      expect(found).toMatchObject({
        rule: 'version/digest',
        file: path,
        fix: `git restore --source=000000000000 --staged --worktree -- ${path}`,
      });
      expect(found.message).toMatch(
        /^\S+ is published on main, and here its record \(published:\) was removed$/,
      );
    }
  });

  test('that is cut out together with an edit is one finding, which moves the edit', () => {
    const files = said(before, SEND, { published: undefined, policy: { drain_timeout: '9s' } });
    expect(only(against(files))).toMatchObject({
      rule: 'version/digest',
      notes: ["policy: added {drain_timeout: '9s'}"],
      fix: 'rtn bump send@1.0.0 --kind operation --base main',
    });
  });

  test.each<[string, (record: Record<string, unknown>) => Record<string, unknown>]>([
    ['whose date is another', (record) => ({ ...record, at: '2020-01-01' })],
    ['of which one digest is another', (record) => ({ ...record, params: '0'.repeat(64) })],
  ])('%s is rewritten', (_, change) => {
    const record = parse(before[SEND] ?? '').published;
    const rules = rulesOf(against(said(before, SEND, { published: change(record) })));
    expect(rules).toContain(`version/digest ${SEND}`);
    expect(rules).toHaveLength(1);
  });

  test('is the same however it is laid out', () => {
    const text = stringify(parse(before[SEND] ?? ''), { collectionStyle: 'flow' });
    expect(against({ ...before, [SEND]: text }).findings).toEqual([]);
  });
});

describe('a published version', () => {
  test('whose only changes are those that nothing runs by has no finding', () => {
    const keys = { title: 'Other', description: 'More.', owner: 'x', links: { a: 'b' } };
    for (const path of [SEND, ENV, TASK]) expect(against(said(before, path, keys)).findings).toEqual([]);
    const old = { status: 'deprecated', reason: 'old', remove_after: '2030-01-01' };
    for (const path of [SEND, ENV, TASK]) expect(against(said(before, path, old)).findings).toEqual([]);
  });

  test.each<[string, string, readonly string[]]>([
    ['another case of its name', 'operations/Send/1.0.0.yaml', ['schema/', 'version/']],
    ['another ending', 'operations/send/1.0.0.yml', ['version/path']],
    ['a folder deeper', 'operations/send/old/1.0.0.yaml', ['version/path']],
    ['another number', 'operations/send/1.0.1.yaml', ['version/']],
  ])('that was renamed to %s is gone', (_, path, families) => {
    const files = { ...without(before, SEND), [path]: before[SEND] ?? '' };
    const rules = rulesOf(against(files));
    expect(rules).toContain(`version/removed ${SEND}`);
    for (const rule of rules.filter((told) => !told.endsWith(SEND)))
      expect(families.some((family) => rule.startsWith(family))).toBe(true);
    expect(rules.length).toBeGreaterThan(1);
  });

  test('that was renamed to an older way of writing its number is still there, and held to its record', () => {
    const path = 'operations/send/v1.0.yaml';
    const files = { ...without(before, SEND), [path]: before[SEND] ?? '' };
    expect(rulesOf(against(files))).toEqual([`version/legacy ${path}`]);
    expect(rulesOf(against(said(files, path, { policy: { drain_timeout: '9s' } })))).toContain(
      `version/immutable ${path}`,
    );
  });

  test('of which there are two files all of a sudden', () => {
    const files = { ...before, 'operations/send/1.0.yaml': before[SEND] ?? '' };
    expect(rulesOf(against(files))).toEqual(['version/path operations/send/1.0.yaml']);
  });

  test('that no longer can be read is told once, and not as changed', () => {
    const rules = rulesOf(against({ ...before, [SEND]: 'a: [' }));
    expect(rules).toEqual([`yaml/syntax ${SEND}`]);
  });
});

describe('what belongs to a published version', () => {
  test('the text of a template that was deleted: one finding, which restores it', () => {
    const { findings } = against(without(before, TASK_TEXT));
    expect(findings.map(({ rule }) => rule)).toEqual(['version/immutable']);
    expect(findings[0]?.notes).toContain(`${TASK_TEXT} is missing`);
    expect(findings[0]?.fix).toBe(`git restore --source=000000000000 --staged --worktree -- ${TASK_TEXT}`);
  });

  test('the text of a template that was deleted with its document: one command restores both', () => {
    const { findings } = against(without(before, 'templates/task'));
    expect(findings.find(({ rule }) => rule === 'version/removed')?.fix).toBe(
      `git restore --source=000000000000 --staged --worktree -- ${TASK} ${TASK_TEXT}`,
    );
    expect(rulesOf({ ...against(without(before, 'templates/task')) })).toEqual([
      `template/missing ${SEND}`,
      `version/removed ${TASK}`,
    ]);
  });

  const run = { runners: { main: { template: 'task@1.0.0', run: './x.sh' } } };
  const SCRIPTED = published(
    {
      ...SMALL,
      ...template('task@1.0.0', '//\n', { stages: ['run'] }),
      ...draft(SEND, run),
      ...draft(NEXT, run),
      'operations/send/x.sh': 'x\n',
    },
    ENV,
    TASK,
    SEND,
    NEXT,
  );

  test('a script that was edited: the wrapper of every version that names it', () => {
    const { findings } = against({ ...SCRIPTED, 'operations/send/x.sh': 'y\n' }, SCRIPTED);
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).toEqual([
      `version/immutable ${SEND}`,
      `version/immutable ${NEXT}`,
    ]);
    for (const { message, notes } of findings) {
      expect(message).toContain('its wrapper changed');
      expect(notes).toContain('operations/send/x.sh was edited');
    }
  });

  test('a script that was deleted is told once at each version', () => {
    const { findings } = against(without(SCRIPTED, 'operations/send/x.sh'), SCRIPTED);
    expect(findings.map(({ rule }) => rule)).toEqual(['version/immutable', 'version/immutable']);
    for (const { fix } of findings)
      expect(fix).toBe('git restore --source=000000000000 --staged --worktree -- operations/send/x.sh');
  });

  test('a whole folder that was deleted: each published version, with what belongs to it', () => {
    const { findings } = against(without(SCRIPTED, 'operations/send'), SCRIPTED);
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).toEqual([
      `version/removed ${SEND}`,
      `version/removed ${NEXT}`,
    ]);
    expect(findings[0]?.fix).toBe(
      `git restore --source=000000000000 --staged --worktree -- ${SEND} operations/send/x.sh`,
    );
  });

  test('line ends of a script and of a text are no edit', () => {
    const files = { ...SCRIPTED, 'operations/send/x.sh': 'x\r\n', [TASK_TEXT]: '//\r\n' };
    expect(against(files, SCRIPTED).findings).toEqual([]);
  });
});

test('a version that was copied by hand with its record is told so, once, whatever its status', () => {
  const copy = said({ ...before, [NEXT]: before[SEND] ?? '' }, NEXT, { version: '1.0.1' });
  const edited = said(copy, NEXT, { status: 'draft', policy: { drain_timeout: '9s' } });
  for (const files of [copy, edited])
    for (const base of [undefined, before]) {
      const found = only(judged(files, base && { before: base }));
      expect(found.file).toBe(NEXT);
      expect(found.message).toBe(
        "this is the record of send@1.0.0, copied with it; delete 'published', set status: draft, and publish when it is ready",
      );
      expect(files[NEXT]?.split('\n')[found.line - 1]).toBe('published:');
    }
});

test('an edit is told once, whether by the digests or by the base', () => {
  const edit = said(before, SEND, { policy: { drain_timeout: '9s' } });
  expect(rulesOf(judged(edit))).toEqual([`version/immutable ${SEND}`]);
  expect(rulesOf(against(edit))).toEqual([`version/immutable ${SEND}`]);
  const back = said(edit, SEND, { status: 'draft' });
  expect(rulesOf(against(back)).sort()).toEqual([`version/backwards ${SEND}`]);
});
