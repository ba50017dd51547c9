import { describe, expect, test } from 'vitest';
import { literal, object } from '../../src/generator/expression.js';
import { layOut } from '../../src/generator/layout.js';

const long = object(['alpha', 'beta', 'gamma', 'delta'].map((key) => [key, literal(key.repeat(6))]));

function templateOf(text: string) {
  return { name: 'one-shot', version: '1.0.0', text, stages: [] };
}

describe('the layout of a runner', () => {
  test("is the template's: a part is broken where it does not fit at its place", () => {
    expect(layOut(templateOf('const x = {{part}};\n'), { part: object([['a', literal(1)]]) })).toBe(
      'const x = { a: 1 };\n',
    );
    expect(layOut(templateOf('  f({\n    deep: {{part}},\n  });\n'), { part: long })).toBe(
      `  f({
    deep: {
      alpha: 'alphaalphaalphaalphaalphaalpha',
      beta: 'betabetabetabetabetabeta',
      gamma: 'gammagammagammagammagammagamma',
      delta: 'deltadeltadeltadeltadeltadelta',
    },
  });
`,
    );
  });

  test('counts what the template puts behind a part', () => {
    const part = literal('x'.repeat(100));
    expect(layOut(templateOf('{{part}}'), { part: object([['a', part]]) })).toMatch(/^\{ a: 'x+' \}$/);
    expect(layOut(templateOf('{{part}}, 1'), { part: object([['ab', part]]) })).toMatch(
      /^\{\n {2}ab: 'x+',\n\}, 1$/,
    );
  });

  test('never reads a value as a template', () => {
    expect(layOut(templateOf('{{part}}'), { part: literal('{{part}} \ue000part\ue001') })).toContain(
      '{{part}}',
    );
  });

  test.each([
    ['a part it does not place', 'nothing', 'it does not place {{part}}'],
    ['a part that is not there', '{{part}} {{other}}', '"other" not defined'],
    ['broken Handlebars', '{{part', 'Parse error'],
    ['a helper of its own', '{{part}} {{shout part}}', 'shout'],
    ['a mark of ours', '{{part}} \ue000', 'private-use character'],
  ])('names the template with %s', (_, text, expected) => {
    const attempt = () => layOut(templateOf(text), { part: long });
    expect(attempt).toThrow('template one-shot@1.0.0 cannot be used: ');
    expect(attempt).toThrow(expected);
  });
});
