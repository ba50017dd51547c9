import { describe, expect, test } from 'vitest';
import {
  draft,
  type Files,
  judged,
  only,
  PUBLISHED,
  published,
  rulesOf,
  SEND,
  said,
  without,
} from './files.js';

const path = (version: string) => `operations/send/${version}.yaml`;

const LATER = ['1.0.1', '1.0.2', '1.0.3'].map(path);
/** send 1.0.0 to 1.0.3, all published. */
const FOUR = published(Object.assign({}, PUBLISHED, ...LATER.map((file) => draft(file))), ...LATER);
const deprecate = (files: Files, version: string, replacement: string) =>
  said(files, path(version), { status: 'deprecated', replaced_by: replacement });
const old = deprecate(FOUR, '1.0.0', 'send@1.0.1');

test('a version that is replaced by one in use has no finding', () => {
  expect(judged(old).findings).toEqual([]);
  expect(judged(old, { before: FOUR }).findings).toEqual([]);
});

describe('a replacement', () => {
  test.each<[string, Files, string, string | undefined]>([
    [
      'is missing',
      deprecate(FOUR, '1.0.0', 'send@1.0.9'),
      "there is no operation send@1.0.9; did you mean 'send@1.0.1'?",
      'rtn deprecate send@1.0.0 --kind operation --replaced-by send@1.0.3',
    ],
    [
      'is a draft',
      deprecate({ ...FOUR, ...draft(path('1.0.4')) }, '1.0.0', 'send@1.0.4'),
      'send@1.0.4, which is said to replace it, is a draft',
      'rtn publish send@1.0.4 --kind operation',
    ],
    [
      'is deprecated itself',
      deprecate(deprecate(FOUR, '1.0.1', 'send@1.0.2'), '1.0.0', 'send@1.0.1'),
      'send@1.0.1, which is said to replace it, is deprecated itself',
      'rtn deprecate send@1.0.0 --kind operation --replaced-by send@1.0.2',
    ],
    [
      'is withdrawn',
      deprecate(said(FOUR, path('1.0.1'), { status: 'withdrawn', reason: 'bad' }), '1.0.0', 'send@1.0.1'),
      'send@1.0.1, which is said to replace it, is withdrawn itself',
      'rtn deprecate send@1.0.0 --kind operation --replaced-by send@1.0.3',
    ],
    [
      'is the version itself',
      deprecate(FOUR, '1.0.0', 'send@1.0.0'),
      'send@1.0.0 is said to replace itself',
      'rtn deprecate send@1.0.0 --kind operation --replaced-by send@1.0.3',
    ],
  ])('%s', (_, files, message, fix) => {
    const found = only(judged(files));
    expect(found).toMatchObject({ rule: 'deprecation/replacement', severity: 'error', file: SEND, message });
    expect(found.fix).toBe(fix);
  });

  test.each<[string, readonly string[], string]>([
    ['two', ['1.0.0', '1.0.1'], 'send@1.0.0 -> send@1.0.1 -> send@1.0.0'],
    ['three', ['1.0.0', '1.0.1', '1.0.2'], 'send@1.0.0 -> send@1.0.1 -> send@1.0.2 -> send@1.0.0'],
  ])('leads in a circle of %s: told at each, with the way', (_, versions, way) => {
    const files = versions.reduce(
      (now, version, index) => deprecate(now, version, `send@${versions[(index + 1) % versions.length]}`),
      FOUR,
    );
    const { findings } = judged(files);
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).toEqual(
      versions.map((version) => `deprecation/replacement ${path(version)}`),
    );
    expect(findings[0]).toMatchObject({
      message: `replaced_by leads in a circle: ${way}`,
      fix: 'rtn deprecate send@1.0.0 --kind operation --replaced-by send@1.0.3',
    });
  });

  test('leads into a circle that it is not part of', () => {
    const circle = deprecate(deprecate(FOUR, '1.0.1', 'send@1.0.2'), '1.0.2', 'send@1.0.1');
    const { findings } = judged(deprecate(circle, '1.0.0', 'send@1.0.1'));
    expect(findings[0]?.message).toBe(
      'replaced_by leads in a circle: send@1.0.0 -> send@1.0.1 -> send@1.0.2 -> send@1.0.1',
    );
  });

  test('has no fix where nothing is in use', () => {
    const files = deprecate(PUBLISHED, '1.0.0', 'send@2.0.0');
    expect(only(judged(files)).fix).toBeUndefined();
  });

  test('with a base, is told where the replacement changed, too, and nowhere else', () => {
    const before = deprecate(old, '1.0.2', 'send@1.0.9');
    const gone = without(before, path('1.0.1'));
    expect(rulesOf(judged(gone, { before }))).toEqual([
      `deprecation/replacement ${SEND}`,
      `version/removed ${path('1.0.1')}`,
    ]);
    const moved = deprecate(before, '1.0.1', 'send@1.0.3');
    expect(rulesOf(judged(moved, { before }))).toEqual([`deprecation/replacement ${SEND}`]);
    const elsewhere = said(before, path('1.0.3'), { title: 'Another' });
    expect(judged(elsewhere, { before }).findings).toEqual([]);
  });
});

describe('the day after which a deprecated version should be gone', () => {
  const dated = said(old, SEND, { remove_after: '2026-11-24' });

  test.each<[string, string, number]>([
    ['the day before', '2026-11-23', 0],
    ['on the day', '2026-11-24', 0],
    ['the day after', '2026-11-25', 1],
    ['in another year', '2027-01-01', 1],
  ])('%s', (_, today, count) => {
    const { findings } = judged(dated, { today });
    expect(findings).toHaveLength(count);
    if (count === 0) return;
    expect(findings[0]).toMatchObject({
      rule: 'deprecation/overdue',
      file: SEND,
      message: 'send@1.0.0 was to be gone after 2026-11-24; withdraw it, or set a later day',
      fix: 'rtn withdraw send@1.0.0 --kind operation --reason "past its date 2026-11-24"',
    });
  });

  test.each(['2026-1-1', '2026-02-30', 'soon', '', 20261124])('that is none (%j) is told', (day) => {
    expect(rulesOf(judged(said(old, SEND, { remove_after: day })))).toEqual([
      expect.stringMatching(/^schema\/(value|type) /),
    ]);
  });

  test('means nothing for a version in use, nor for one that is withdrawn', () => {
    const today = '2027-01-01';
    expect(judged(said(dated, SEND, { status: 'active' }), { today }).findings).toEqual([]);
    expect(judged(said(dated, SEND, { status: 'withdrawn', reason: 'x' }), { today }).findings).toEqual([]);
  });

  test('with a base, is told only where the version is touched', () => {
    const today = '2026-11-25';
    expect(judged(said(dated, path('1.0.3'), { title: 'Other' }), { before: dated, today }).findings).toEqual(
      [],
    );
    expect(rulesOf(judged(said(dated, SEND, { title: 'Other' }), { before: dated, today }))).toEqual([
      `deprecation/overdue ${SEND}`,
    ]);
  });
});
