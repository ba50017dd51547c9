import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/registry/finding.js';
import { jsonReport } from '../../src/report/json.js';
import { textReport } from '../../src/report/text.js';

const finding: Finding = {
  rule: 'schema/value',
  severity: 'error',
  file: 'a.yaml',
  line: 2,
  column: 5,
  message: 'b is wrong',
  fix: 'rtn bump a',
};
const report = (
  findings: readonly Finding[],
  text: string | undefined = 'x: 1\n  b: 2\n',
  hasColor = false,
) => textReport(findings, { textOf: () => text, hasColor, scope: '4 artefacts' });

describe('a finding as text', () => {
  test('is place, severity, rule, message, the line with a caret, and the fix', () => {
    expect(report([finding])).toBe(
      [
        'a.yaml:2:5 error schema/value',
        '  b is wrong',
        '  2 |   b: 2',
        '    |     ^',
        '  fix: rtn bump a',
        '',
        '4 artefacts: 1 error in 1 file',
        '',
      ].join('\n'),
    );
  });

  test.each<[string, string | undefined]>([
    ['a file that cannot be read', undefined],
    ['an empty line', 'x\n\n'],
    ['a line that is not there', 'x'],
  ])('has no excerpt of %s', (_, text) => {
    const shown = textReport([finding], { textOf: () => text, hasColor: false, scope: '' });
    expect(shown).not.toContain('^');
  });

  test('cannot be made to write to the terminal by what it quotes', () => {
    const hostile = report([{ ...finding, message: 'a\u001b[2Jb\nc' }], 'x\n\u001b[31m\u202eb: 2');
    expect(hostile).not.toMatch(/[\u001b\u202e]/);
    expect(hostile).toContain('a\\u001b[2Jb\\nc');
  });

  test('shows the part of a long line that it is about', () => {
    const lines = report(
      [{ ...finding, column: 1_001 }],
      `x\n${'-'.repeat(1_000)}HERE${'-'.repeat(1_000)}`,
    ).split('\n');
    const [source = '', caret = ''] = [lines[2], lines[3]];
    expect(source.slice(caret.indexOf('^'), caret.indexOf('^') + 4)).toBe('HERE');
    expect(source.length).toBeLessThan(200);
  });

  test.each([
    [undefined, '^'],
    [1, '^'],
    [4, '^^^^'],
    [400, '^^^^'],
  ])('of length %s is marked with %s', (length, carets) => {
    const shown = report([length === undefined ? finding : { ...finding, length }], 'x: 1\n  b: 234  \n');
    expect(shown).toContain(`    |     ${carets}\n`);
  });

  test('that is a secret shows no character of it, on whatever lines it stands', () => {
    const text = 'a: |\n  key\n  words of it\nb: words of it\n';
    const secret: Finding = { ...finding, column: 3, length: 17, isSecret: true };
    const other = { ...finding, line: 3, column: 3, message: "got 'key\\n  words o…'" };
    const shown = report([secret, other], text);
    expect(shown).toContain('  2 |   ***\n    |   ^^^\n');
    expect(shown).toContain('  3 | *************\n');
    expect(shown).not.toMatch(/words/);
  });

  test('is coloured only when asked', () => {
    const strip = (text: string) => text.replace(/\u001b\[\d+m/g, '');
    expect(report([finding], undefined, true)).toContain('\u001b[31merror');
    expect(strip(report([finding], 'x\ny: 1', true))).toBe(report([finding], 'x\ny: 1'));
  });
});

test.each([
  [[], '4 artefacts: no findings'],
  [[finding, { ...finding, file: 'b.yaml' }], '4 artefacts: 2 errors in 2 files'],
  [[finding, { ...finding, severity: 'warning' as const }], '4 artefacts: 1 error and 1 warning in 1 file'],
])('the last line counts', (findings, line) =>
  expect(report(findings).trimEnd().split('\n').at(-1)).toBe(line),
);

test('JSON has the counts and the findings', () => {
  expect(
    JSON.parse(
      jsonReport({
        registry: { artefacts: [1, 2, 3, 4] },
        judged: [1],
        findings: [finding],
        waived: [],
        textOf: () => undefined,
      }),
    ),
  ).toEqual({
    artefacts: 4,
    judged: 1,
    errors: 1,
    warnings: 0,
    findings: [finding],
    waived: [],
  });
});
