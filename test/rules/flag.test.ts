import { expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { judge } from '../../src/rules/judge.js';
import { OPTION_FLAGS } from '../../src/runner-flags.js';
import { edited, house, OPERATION } from '../registry/house.js';

const findingsWith = (edits: Record<string, string>) =>
  judge(edited(OPERATION, edits), COMPONENTS, { today: '2026-11-24' }).findings.filter(
    ({ rule }) => rule === 'binding/flag',
  );
const param = (name: string) => findingsWith({ 'params:\n': `params:\n  ${name}: { type: boolean }\n` });

test.each(OPTION_FLAGS.map(({ flag }) => flag))('a param cannot have the flag --%s', (flag) => {
  const name = flag.replaceAll('-', '_');
  expect(param(name)).toMatchObject([
    {
      file: OPERATION,
      severity: 'error',
      message: `param '${name}' cannot have the flag --${flag}, which every runner has; give it another name`,
    },
  ]);
});

test('nor that of an input of the operation', () => {
  expect(param('recipients')).toMatchObject([
    { message: expect.stringContaining("--recipients, which input 'recipients' has") },
  ]);
});

test('a script has none of these flags: there a param may be named dry_run', () => {
  const runners = { 'params:\n': 'params:\n  dry_run: { type: boolean }\n' };
  expect(findingsWith(runners)).toHaveLength(1);
  const text = Buffer.from(house.read(OPERATION) ?? []).toString('utf8');
  const own = text.slice(text.indexOf('runners:'));
  expect(
    findingsWith({
      ...runners,
      [own]: 'runners:\n  own:\n    template: one-shot@1.0.0\n    run: ./scripts/x.sh\n',
    }),
  ).toEqual([]);
});
