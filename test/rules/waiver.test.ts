import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Finding } from '../../src/registry/finding.js';
import { jsonReport } from '../../src/report/json.js';
import { textReport } from '../../src/report/text.js';
import type { Judgement } from '../../src/rules/judge.js';
import { repository } from '../author/repository.js';
import { OPERATION } from '../registry/house.js';
import {
  draft,
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
} from './files.js';

const WAIVERS = 'waivers.yaml';

const AGREED = {
  name: 'send',
  version: '1.0.0',
  rule: 'reference/unused-param',
  reason: 'Kept until the callers are gone.',
  owner: 'crm',
  expires: '2026-11-24',
};
const waivers = (...entries: readonly object[]): Files => ({
  [WAIVERS]: stringify({ schema: 'waivers/v1', waivers: entries }),
});

/** Two findings of one rule and version, one of another rule, and one of another version. */
const UNUSED = { params: { a: { type: 'string' } } };
const BAD = said({ ...SMALL, ...draft('operations/send/1.0.1.yaml', UNUSED) }, SEND, {
  ...UNUSED,
  outputs: { log: { type: 'file' } },
});
const FOUND = [
  `reference/unused-param ${SEND}`,
  `output/unwritten ${SEND}`,
  'reference/unused-param operations/send/1.0.1.yaml',
];
const sorted = (judgement: Judgement) => rulesOf(judgement).sort();

test('without a waiver there are the findings', () => expect(sorted(judged(BAD))).toEqual([...FOUND].sort()));

describe('a waiver', () => {
  const [, ...others] = FOUND;
  const files = { ...BAD, ...waivers(AGREED) };

  test('excepts exactly one rule of one version, and every report shows it', () => {
    const judgement = judged(files);
    expect(sorted(judgement)).toEqual(others.sort());
    const { findings, waived } = judgement;
    const textOf = (file: string) => files[file];
    expect(textReport(findings, { waived, textOf, hasColor: false, scope: '' })).toContain(
      `waived reference/unused-param of ${SEND} until 2026-11-24, by crm: Kept until the callers are gone.`,
    );
    expect(JSON.parse(jsonReport({ ...judgement, textOf })).waived).toMatchObject([
      {
        finding: { rule: 'reference/unused-param', file: SEND },
        reason: AGREED.reason,
        owner: 'crm',
        expires: '2026-11-24',
        isInForce: true,
      },
    ]);
  });

  test('for another kind of the same name excepts nothing', () => {
    const layer = { ...BAD, ...draft('layers/send/1.0.0.yaml'), ...waivers({ ...AGREED, kind: 'layer' }) };
    expect(sorted(judged(layer))).toEqual([...FOUND, `waiver/unused ${WAIVERS}`].sort());
  });

  test.each([
    ['2026-11-23', 'before'],
    ['2026-11-24', 'on'],
  ])('holds on %s, the day %s its last', (today) => {
    expect(sorted(judged(files, { today }))).toEqual(others.sort());
  });

  test('is over on the day after, and says so', () => {
    const judgement = judged(files, { today: '2026-11-25' });
    expect(sorted(judgement)).toEqual([...FOUND, `waiver/expired ${WAIVERS}`].sort());
    const expired = judgement.findings.find(({ rule }) => rule === 'waiver/expired');
    expect(expired?.message).toBe(
      'this waiver of reference/unused-param for send@1.0.0 expired on 2026-11-24; its owner is crm',
    );
    expect(files[WAIVERS]?.split('\n')[(expired?.line ?? 0) - 1]).toContain('expires: 2026-11-24');
  });

  test.each<[object, string, string]>([
    [
      { rule: 'reference/unused-parm' },
      'waiver/unknown',
      "there is no rule 'reference/unused-parm'; did you mean 'reference/unused-param'?",
    ],
    [{ version: '1.0.2' }, 'waiver/unknown', "there is no operation send@1.0.2; did you mean 'send@1.0.0'?"],
    [{ name: 'sned' }, 'waiver/unknown', "there is no operation sned@1.0.0; did you mean 'send'?"],
    [{ kind: 'layer' }, 'waiver/unknown', "there is no layer send@1.0.0; did you mean 'env'?"],
    [
      { rule: 'reference/type' },
      'waiver/unused',
      'nothing is found any more that this waiver of reference/type for send@1.0.0 excepts',
    ],
  ])('of %j excepts nothing, which is told', (change, rule, message) => {
    const judgedText = (entry: object) => ({ schema: 'waivers/v1', waivers: [{ ...AGREED, ...entry }] });
    const judgement = judged({ ...BAD, ...waivers({ ...AGREED, ...change }) });
    expect(sorted(judgement)).toEqual([...FOUND, `${rule} ${WAIVERS}`].sort());
    const told = judgement.findings.find(({ file }) => file === WAIVERS);
    expect(told?.severity).toBe(rule === 'waiver/unused' ? 'warning' : 'error');
    expect(told?.message).toContain(message.replace(/; did you mean 'env'.*/, ''));
    const [key = '', value] = Object.entries(change)[0] ?? [];
    const line = stringify(judgedText(change)).split('\n')[(told?.line ?? 0) - 1];
    expect(line).toContain(key === 'kind' ? 'name: ' : `${key}: ${value}`);
  });

  test('that is unused is no matter of a change, which sees only a part', () => {
    const before = { ...SMALL, ...waivers({ ...AGREED, rule: 'reference/type' }) };
    expect(judged(said(before, SEND, { title: 'Other' }), { before }).findings).toEqual([]);
  });

  test('of an old date fails a change only where it touches waivers.yaml, or what the waiver was for', () => {
    const today = '2027-01-01';
    const before = files;
    expect(judged(said(before, TASK, { title: 'Other' }), { before, today }).findings).toEqual([]);
    expect(sorted(judged(said(before, SEND, { title: 'Other' }), { before, today }))).toEqual(
      [FOUND[0], FOUND[1], `waiver/expired ${WAIVERS}`].sort(),
    );
    const other = { ...AGREED, version: '1.0.1', expires: '2027-02-01' };
    expect(sorted(judged({ ...before, ...waivers(AGREED, other) }, { before, today }))).toEqual([
      `waiver/expired ${WAIVERS}`,
    ]);
  });
});

describe('with a base, a waiver counts as the base has it', () => {
  const clean = said(BAD, SEND, { params: {}, outputs: {} });
  const dirty = said(clean, SEND, UNUSED);

  test.each<[string, readonly object[], readonly object[], boolean]>([
    ['one that the change brings does not count', [], [AGREED], false],
    ['one that is on the base counts', [AGREED], [AGREED], true],
    ['one that the change takes away does not count', [AGREED], [], false],
    [
      'one with another reason or owner counts',
      [AGREED],
      [{ ...AGREED, reason: 'Another reason.', owner: 'x' }],
      true,
    ],
    ['one that was over is not prolonged', [{ ...AGREED, expires: '2026-11-23' }], [AGREED], false],
    ['one that is prolonged counts to its old day', [AGREED], [{ ...AGREED, expires: '2027-11-24' }], true],
    ['one that is cut short counts to its new day', [{ ...AGREED, expires: '2027-11-24' }], [AGREED], true],
    [
      'one that is widened to another rule does not count',
      [{ ...AGREED, rule: 'output/unwritten' }],
      [AGREED],
      false,
    ],
    [
      'one that is widened to another version does not count',
      [{ ...AGREED, version: '1.0.1' }],
      [AGREED],
      false,
    ],
  ])('%s', (_, old, now, counts) => {
    const before = { ...clean, ...waivers(...old) };
    const judgement = judged({ ...dirty, ...waivers(...now) }, { before });
    expect(rulesOf(judgement)).toEqual(counts ? [] : [FOUND[0]]);
    expect(judgement.waived.map(({ isInForce }) => isInForce)).toEqual(now.length === 0 ? [] : [counts]);
    const report = textReport(judgement.findings, {
      waived: judgement.waived,
      textOf: () => '',
      hasColor: false,
      scope: '',
    });
    if (now.length > 0 && !counts)
      expect(report).toContain(
        `not waived yet: reference/unused-param of ${SEND}; its waiver counts once it is on the base`,
      );
  });

  test('one that was prolonged by the change does not count the day after the old', () => {
    const before = { ...clean, ...waivers(AGREED) };
    const now = { ...dirty, ...waivers({ ...AGREED, expires: '2027-11-24' }) };
    expect(rulesOf(judged(now, { before, today: '2026-11-25' }))).toEqual([FOUND[0]]);
  });

  test('one for a version that was removed', () => {
    const base = { ...PUBLISHED, ...waivers({ ...AGREED, rule: 'version/removed' }) };
    const { [SEND]: _, ...gone } = base;
    const judgement = judged(gone, { before: base });
    expect(judgement.findings).toEqual([]);
    expect(judgement.waived).toMatchObject([{ finding: { rule: 'version/removed' }, isInForce: true }]);
  });

  test('one for an edit of a published version, to the letter', () => {
    const base = { ...published(PUBLISHED), ...waivers({ ...AGREED, rule: 'version/immutable' }) };
    const edit = said(base, SEND, { policy: { drain_timeout: '30s' } });
    expect(judged(edit, { before: base }).findings).toEqual([]);
    const record = parse(edit[SEND] ?? '').published;
    const rewritten = said(edit, SEND, { published: { ...record, params: '0'.repeat(64) } });
    expect(rulesOf(judged(rewritten, { before: base }))).toEqual([`version/digest ${SEND}`]);
  });
});

describe('a broken waivers.yaml waives nothing, and is told', () => {
  test.each<[string, string, string]>([
    ['no YAML', 'waivers: [', 'yaml/syntax'],
    ['empty', '', 'yaml/syntax'],
    ['a list', '- a', 'schema/type'],
    ['no schema', stringify({ waivers: [AGREED] }), 'schema/required'],
    [
      'an entry without an owner',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, owner: undefined }] }),
      'schema/required',
    ],
    [
      'a reason that is none',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, reason: 'ok' }] }),
      'schema/value',
    ],
    [
      'a rule with a star',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, rule: 'reference/*' }] }),
      'schema/value',
    ],
    [
      'a version range',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, version: '1.x' }] }),
      'schema/value',
    ],
    [
      'a day that is none',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, expires: '2026-13-01' }] }),
      'schema/value',
    ],
    [
      'no end',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, expires: undefined }] }),
      'schema/required',
    ],
    [
      'a key that nothing reads',
      stringify({ schema: 'waivers/v1', waivers: [{ ...AGREED, until: 'x' }] }),
      'schema/unknown-key',
    ],
    [
      'a version read as a number',
      `schema: waivers/v1\nwaivers:\n  - {name: send, version: 1.10, rule: a/b, reason: long enough, owner: x, expires: 2027-01-01}\n`,
      'schema/type',
    ],
    [
      'a word that YAML 1.1 reads otherwise',
      `schema: waivers/v1\nwaivers:\n  - {name: send, version: 1.0.0, rule: reference/unused-param, reason: long enough, owner: no, expires: 2027-01-01}\n`,
      'yaml/ambiguous',
    ],
  ])('%s', (_, text, rule) => {
    const judgement = judged({ ...BAD, [WAIVERS]: text });
    expect(sorted(judgement)).toEqual([...FOUND, `${rule} ${WAIVERS}`].sort());
    expect(judgement.waived).toEqual([]);
    const before = { ...BAD, ...waivers(AGREED) };
    expect(rulesOf(judged({ ...before, [WAIVERS]: text }, { before }))).toEqual([`${rule} ${WAIVERS}`]);
  });

  test('but fails no change that it has nothing to do with', () => {
    const before = { ...SMALL, [WAIVERS]: 'waivers: [' };
    expect(judged(said(before, SEND, { title: 'Other' }), { before }).findings).toEqual([]);
  });
});

test('a waived secret stays masked', () => {
  const token = `gh${'p_'}aB3dE5fG7hJ9kLmN2pQrS4tUvW6xYz8C1x2y`;
  const files = {
    ...said(SMALL, SEND, { description: `the token ${token}` }),
    ...waivers({ ...AGREED, rule: 'secret/literal' }),
  };
  const judgement = judged(files);
  expect(judgement.findings).toEqual([]);
  const textOf = (file: string) => files[file];
  const { waived } = judgement;
  const reports = [
    textReport([], { waived, textOf, hasColor: false, scope: '' }),
    jsonReport({ ...judgement, textOf }),
    // Another finding of the same line shows the line.
    textReport([{ ...(waived[0]?.finding as Finding), rule: 'a/b', isSecret: undefined as never }], {
      waived,
      textOf,
      hasColor: false,
      scope: '',
    }),
  ];
  for (const report of reports) {
    expect(report).not.toContain(token.slice(0, 8));
    expect(report).toContain('secret/literal');
  }
});

test('a repository: not yet on the branch that brings it, in force once it is merged', async () => {
  const { commit, edit, git, publish, rtn, write } = repository();
  await publish();
  git('checkout', '-q', '-b', 'work');
  edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
  const waiver = {
    ...AGREED,
    name: 'driver_push',
    version: '1.4.10',
    rule: 'version/immutable',
    expires: '2999-01-01',
  };
  write(WAIVERS, waivers(waiver)[WAIVERS] ?? '');
  const first = await rtn('check', '--base', 'main');
  expect(first.code).toBe(1);
  expect(first.out).toContain('not waived yet: version/immutable');
  git('stash', '-q', '--', OPERATION);
  commit('a waiver');
  git('checkout', '-q', 'main');
  git('merge', '-q', 'work');
  git('checkout', '-q', 'work');
  git('stash', 'pop', '-q');
  const second = await rtn('check', '--base', 'main');
  expect(second.code).toBe(0);
  expect(second.out).toContain(`waived version/immutable of ${OPERATION} until 2999-01-01, by crm`);
});

test('only one thing is found of one thing', () => {
  expect(
    only(judged({ ...SMALL, ...waivers({ ...AGREED, rule: 'reference/type', version: '9.9.9' }) })).rule,
  ).toBe('waiver/unknown');
});
