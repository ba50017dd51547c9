import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Session } from '../../src/cli/session.js';
import { VERBS } from '../../src/cli/verbs.js';
import { COMPONENTS } from '../../src/components.js';
import { workTree } from '../../src/git/worktree.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { SCHEDULES_SCHEMA } from '../../src/registry/scheduleSchema.js';
import { loadSchedules } from '../../src/rules/schedules.js';
import { registryWith } from '../targets/registry.js';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const PAGES = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
const textOf = (page: string) => readFileSync(join(DOCS, page), 'utf8');

/** The fenced blocks of a page in a language. */
const blocksOf = (page: string, language: string) =>
  [...textOf(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, is, block = '']) =>
    is === language ? [block] : [],
  );

test('every schedule that a page shows can be used as it stands', () => {
  const shown = PAGES.flatMap((page) => blocksOf(page, 'yaml').map((block) => ({ page, block }))).filter(
    ({ block }) => block.includes('schema: schedules/v1'),
  );
  expect(shown.map(({ page }) => page)).toContain('schedules.md');
  for (const { page, block } of shown) {
    const { root } = registryWith({ components: COMPONENTS }, () => ({}));
    writeFileSync(join(root, 'operations/driver_push/schedules.yaml'), block);
    const { schedules, unusable } = loadSchedules(loadRegistry(workTree(root), COMPONENTS));
    expect([page, unusable]).toEqual([page, []]);
    expect(schedules).not.toEqual([]);
  }
});

test('schedules.md tells of every key of a schedule, and of no other', () => {
  const rows = [...textOf('schedules.md').matchAll(/^\| (`[^|]*`) +\|/gm)].map(([, cell = '']) => cell);
  const told = rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, key]) => key));
  const { schedules } = SCHEDULES_SCHEMA.properties as Record<
    string,
    { additionalProperties: { properties: object } }
  >;
  expect(told.sort()).toEqual(Object.keys(schedules?.additionalProperties.properties ?? {}).sort());
});

test.each(PAGES.map((page) => [page]))('%s names only commands and flags that there are', async (page) => {
  for (const words of commandsOf(page))
    expect(await strangersIn(words), `rtn ${words.join(' ')}`).toEqual([]);
});

/** The words behind `rtn` wherever a page has it as code. */
function commandsOf(page: string): string[][] {
  const text = textOf(page);
  const fences = ['', 'sh', 'ini'].flatMap((language) =>
    blocksOf(page, language).flatMap((block) => block.split('\n')),
  );
  const rest = text.replaceAll(/^```\w*\n.*?^```$/gms, '').replaceAll(/\s+/g, ' ');
  const inline = [...rest.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return [...fences, ...inline].flatMap((code) =>
    [...code.replaceAll(/\s#.*$/g, '').matchAll(/(?<=^|[\s(])rtn ([a-z][^|;&]*)/g)].map(([, words = '']) =>
      (words.split(' -- ')[0] ?? '').replaceAll(/[[\]]/g, ' ').trim().split(/\s+/),
    ),
  );
}

/** The verb where there is none of the name, else the flags that it does not take. */
async function strangersIn([name = '', ...words]: readonly string[]): Promise<string[]> {
  const verb = VERBS.find((each) => each.name === name);
  if (verb === undefined) return [name];
  let command = new Command(name);
  (await verb.load()).register(command, {} as Session);
  const known = new Set(['--help', '--version']);
  const left = [...words];
  for (;;) {
    for (const { long } of command.options) if (long) known.add(long);
    const sub = command.commands.find((each) => each.name() === left[0]);
    if (sub === undefined) break;
    command = sub;
    left.shift();
  }
  const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0;
  const strange = isGroup && /^[a-z]+$/.test(left[0] ?? '') ? [left[0] ?? ''] : [];
  const flags = left.flatMap((word) => /^--[a-z][a-z-]*/.exec(word) ?? []);
  return [...strange, ...flags.filter((flag) => !known.has(flag))];
}
