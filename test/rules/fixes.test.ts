import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { LAYER, ONE_SHOT, OPERATION } from '../registry/house.js';

type Repository = ReturnType<typeof repository>;

const TEXT = 'templates/one-shot/1.0.0.mjs.hbs';
const withoutRecord = (text: string) => text.replace(/\npublished:[\s\S]*$/, '\n');

/** What people do to a published registry, and the findings that it gives. */
const MISTAKES: readonly [what: string, rules: readonly string[], change: (repo: Repository) => unknown][] = [
  [
    'edits a published operation',
    ['version/immutable'],
    ({ edit }) => edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6'),
  ],
  ['edits the text of a published template', ['version/immutable'], ({ write }) => write(TEXT, '// other\n')],
  ['deletes the text of a published template', ['version/immutable'], ({ root }) => rmSync(join(root, TEXT))],
  ['edits a published layer', ['version/immutable'], ({ edit }) => edit(LAYER, '>=20.19', '>=22')],
  [
    'sets a published operation back to a draft and edits it',
    ['version/backwards'],
    ({ edit }) => {
      edit(OPERATION, 'status: active', 'status: draft');
      edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    },
  ],
  [
    'sets it back without its record',
    ['version/backwards'],
    ({ write, read }) =>
      write(
        OPERATION,
        withoutRecord(read(OPERATION))
          .replace('status: active', 'status: draft')
          .replace('max_attempts: 5', 'max_attempts: 6'),
      ),
  ],
  [
    'cuts the record out',
    ['version/digest'],
    ({ write, read }) => write(OPERATION, withoutRecord(read(OPERATION))),
  ],
  [
    'cuts the record out with an edit',
    ['version/digest'],
    ({ write, read }) =>
      write(OPERATION, withoutRecord(read(OPERATION)).replace('max_attempts: 5', 'max_attempts: 6')),
  ],
  [
    'deletes a template with its text',
    ['template/missing', 'version/removed'],
    ({ root }) => rmSync(join(root, 'templates/one-shot'), { recursive: true }),
  ],
  ['deletes a layer', ['layer/missing', 'version/removed'], ({ root }) => rmSync(join(root, LAYER))],
  [
    'deprecates without saying why',
    ['version/status'],
    ({ edit }) => edit(OPERATION, 'status: active', 'status: deprecated'),
  ],
];

test.each(MISTAKES)('who %s is told %j, and what is printed mends it', async (_, rules, change) => {
  const repo = repository();
  await repo.publish();
  repo.git('checkout', '-q', '-b', 'work');
  change(repo);
  const first = await repo.rtn('check', '--base', 'main');
  const found = [...first.out.matchAll(/^\S+?:\d+:\d+ \w+ (\S+)$/gm)].map(([, rule]) => rule);
  expect([first.code, found.sort()]).toEqual([1, [...rules]]);
  const fixes = [...first.out.matchAll(/^ {2}fix: (.+)$/gm)].map(([, fix = '']) => fix);
  expect(fixes.length).toBeGreaterThan(0);
  for (const fix of fixes) await paste(fix, repo);
  const after = await repo.rtn('check', '--base', 'main');
  expect([after.code, after.out]).toEqual([0, expect.stringContaining('no findings')]);
  expect(await repo.rtn('check')).toMatchObject({ code: 0 });
  expect(repo.read(ONE_SHOT)).toContain('status: ');
});

/** Runs a printed command as a shell would. */
async function paste(command: string, { rtn, root }: Repository): Promise<void> {
  for (const part of command.split(' && ')) {
    const words = [...part.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const [program = '', ...rest] = words;
    if (program !== 'rtn') execFileSync(program, rest, { cwd: root });
    else {
      const { code, err } = await rtn(...rest);
      expect([command, code, err]).toEqual([command, 0, expect.anything()]);
    }
  }
}
