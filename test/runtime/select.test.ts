import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/runtime/command-line.js';
import type { RunnerDefinition } from '../../src/runtime/definition.js';
import { helpText } from '../../src/runtime/help.js';
import { select } from '../../src/runtime/select.js';
import { DEFINITION, REQUIRED } from './definition.js';

/** A runner whose param `provider` chooses, and one secret that each choice alone needs. */
const CHOOSING: RunnerDefinition = {
  ...DEFINITION,
  secrets: {
    COMMON_TOKEN: { description: 'Always needed.' },
    PUSH_TOKEN: { description: 'Of the push service.', when: { provider: ['http'] } },
    FCM_KEY: { description: 'Of the other.', when: { provider: ['fcm'] } },
  },
};

function start(provider: string, environment: Readonly<Record<string, string>>) {
  return parseCommandLine(CHOOSING, [...REQUIRED, '--provider', provider], environment);
}

describe('a choice', () => {
  test('makes what is chosen and nothing else', () => {
    const made: string[] = [];
    const choices = { a: () => made.push('a'), b: () => made.push('b') };
    select('b', choices);
    expect(made).toEqual(['b']);
  });

  test.each(['c', 'toString', '__proto__', undefined])('of %s, which is none, is a mistake', (chosen) => {
    expect(() => select(chosen, { a: () => 1 })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test.each([
    ['http', { COMMON_TOKEN: 'c', PUSH_TOKEN: 'p' }],
    ['fcm', { COMMON_TOKEN: 'c', FCM_KEY: 'f' }],
  ])('of %s needs its own secrets alone', (provider, environment) => {
    expect(start(provider, environment)).toMatchObject({ kind: 'run', secrets: environment });
  });

  test('names the secrets that are missing for it, and no others', () => {
    const begin = () => start('fcm', {});
    expect(begin).toThrow(/COMMON_TOKEN is missing[\s\S]*FCM_KEY is missing/);
    expect(begin).not.toThrow('PUSH_TOKEN');
  });

  test('of a param that is wrong says so, and asks for no secret of a choice', () => {
    const begin = () => start('fmc', { COMMON_TOKEN: 'c' });
    expect(begin).toThrow('provider');
    expect(begin).not.toThrow('FCM_KEY');
  });

  test('is told in the help: whose secret is whose, and the example is of the default', () => {
    const help = helpText(CHOOSING, { width: 110 });
    expect(help).toMatch(/PUSH_TOKEN +Of the push service\. Only for --provider http\./);
    expect(help).toMatch(/FCM_KEY +Of the other\. Only for --provider fcm\./);
    expect(help).toContain('PUSH_TOKEN_FILE=');
    expect(help).not.toContain('FCM_KEY_FILE=');
  });
});
