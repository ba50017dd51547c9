import { describe, expect, test } from 'vitest';
import { literal, object } from '../../src/generator/expression.js';
import { layOut, type RunnerTemplate } from '../../src/generator/layout.js';

const long = object(['alpha', 'beta', 'gamma', 'delta'].map((key) => [key, literal(key.repeat(6))]));

function templateOf(text: string, partials: Readonly<Record<string, RunnerTemplate>> = {}): RunnerTemplate {
  return { name: 'one-shot', version: '1.0.0', text, stages: ['reader'], partials };
}

function partialOf(text: string, partials: Readonly<Record<string, RunnerTemplate>> = {}): RunnerTemplate {
  return { name: 'retry', version: '2.0.0', text, stages: [], partials };
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
    ['a mark of ours', '{{part}} \ue000', 'private-use character U+E000'],
    ['a mark for an empty line', '{{part}} \ue002', 'private-use character U+E002'],
    [
      'a partial it does not list',
      '{{part}} {{> retry}}',
      'it includes {{> retry}}, which its partials do not',
    ],
  ])('names the template with %s', (_, text, expected) => {
    const attempt = () => layOut(templateOf(text), { part: long });
    expect(attempt).toThrow('template one-shot@1.0.0 cannot be used: ');
    expect(attempt).toThrow(expected);
  });

  test.each<[string, string, string[], string | undefined]>([
    ['all parts, where it has a component', '{{reader}} {{header}}', ['reader'], '{{policy}}'],
    ['the comment on top and its stages', '{{run}} {{header}}', ['run'], undefined],
    ['the comment on top, whatever it has', '{{run}}', ['run'], '{{header}}'],
    ['its stages, whatever they are', '{{header}}', ['run'], '{{run}}'],
  ])('a template must place %s', (_, text, stages, missing) => {
    const [stage = ''] = stages;
    const parts = { header: '// x', policy: object([]), [stage]: literal(1) };
    const attempt = () => layOut({ ...templateOf(text), stages }, parts);
    if (missing === undefined) expect(attempt()).toBe('1 // x');
    else expect(attempt).toThrow(`it does not place ${missing}`);
  });
});

describe('a partial', () => {
  test('is laid out for the place where it is included, at any remove, and empty lines stay empty', () => {
    const inner = partialOf('deep: {{part}},\n\nlast: 1,\n');
    const outer = partialOf('{\n  {{> inner}}\n\n}\n', { inner });
    expect(layOut(templateOf('f({\n  {{> outer}}\n});\n', { outer }), { part: long })).toBe(
      `f({
  {
    deep: {
      alpha: 'alphaalphaalphaalphaalphaalpha',
      beta: 'betabetabetabetabetabeta',
      gamma: 'gammagammagammagammagammagamma',
      delta: 'deltadeltadeltadeltadeltadelta',
    },

    last: 1,

  }
});
`,
    );
  });

  test('has the partials of its own list, also where another template has one of the same name', () => {
    const inner = partialOf('{{> retry}}', { retry: partialOf('new {{part}}') });
    const template = templateOf('{{> retry}} {{> inner}}', { retry: partialOf('old'), inner });
    expect(layOut(template, { part: literal(1) })).toBe('old new 1');
    const bare = templateOf('{{> inner}}', { retry: partialOf('old'), inner: partialOf('{{> retry}}') });
    expect(() => layOut(bare, { part: literal(1) })).toThrow(
      'template retry@2.0.0 cannot be used: it includes {{> retry}}, which its partials do not list',
    );
  });

  test.each([
    ['a part that is not there', '{{other}}', '"other" not defined'],
    ['broken Handlebars', '{{part', 'Parse error'],
    ['a mark of ours', '\ue001', 'private-use character U+E001'],
  ])('is named where it has %s', (_, text, expected) => {
    const attempt = () =>
      layOut(templateOf('{{part}} {{> retry}}', { retry: partialOf(text) }), { part: long });
    expect(attempt).toThrow('template retry@2.0.0 cannot be used: ');
    expect(attempt).toThrow(expected);
  });
});
