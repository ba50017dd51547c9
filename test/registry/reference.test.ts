import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTemplate, referencesIn, soleReference } from '../../src/registry/reference.js';

const params = (name: string) => ({ root: 'params', path: [name], text: `params.${name}` });

describe('parseTemplate', () => {
  test.each([
    ['', []],
    ['plain $ {x}', ['plain $ {x}']],
    ['${params.x}', [params('x')]],
    ['a ${params.x}b${params.y}', ['a ', params('x'), 'b', params('y')]],
    ['${row.a.b-c}', [{ root: 'row', path: ['a', 'b-c'], text: 'row.a.b-c' }]],
    ['$${params.x}', ['${params.x}']],
    ['$$${params.x}', ['$${params.x}']],
    ['$${a}${secrets.T}', ['${a}', { root: 'secrets', path: ['T'], text: 'secrets.T' }]],
  ])('%s', (text, parts) => {
    expect(parseTemplate(text)).toEqual({ parts, mistakes: [] });
  });

  test.each([
    ['${param.x}', 'expected one of inputs.…, outputs.…, params.…, secrets.…, row.…'],
    ['${params}', 'expected ${params.NAME}'],
    ['${params.x.y}', 'expected ${params.x}'],
    ['${params.x + 1}', 'there are no expressions'],
    ['${params.x', "has no closing '}'"],
    ['${}', 'is no reference'],
    ['${row.}', 'only names'],
  ])('%s is a mistake and stays literal', (text, message) => {
    const { parts, mistakes } = parseTemplate(text);
    expect(parts).toEqual([text]);
    expect(mistakes).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
  });

  test('any text gives a template, whose parts spell a right one again', () => {
    const piece = fc.constantFrom('${params.x}', '$${', '${row.a.b}', '${', '}', '$', 'text', '\n');
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const text = pieces.join('');
        const { parts, mistakes } = parseTemplate(text);
        if (mistakes.length > 0) return;
        expect(parts.map((part) => (typeof part === 'string' ? part : `\${${part.text}}`)).join('')).toBe(
          text.replaceAll('$${', '${'),
        );
      }),
    );
  });
});

test('only a text that is one reference and nothing else is a sole reference', () => {
  expect(soleReference('${params.x}')).toEqual(params('x'));
  for (const other of [' ${params.x}', '${params.x}${params.y}', 'x', '', '$${params.x}', 5, null])
    expect(soleReference(other)).toBeUndefined();
});

test('references are given in order with repeats', () => {
  expect(referencesIn('${params.x} ${row.y} ${params.x}').map(({ text }) => text)).toEqual([
    'params.x',
    'row.y',
    'params.x',
  ]);
});
