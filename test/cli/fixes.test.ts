import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../author/repository.js';
import { LAYER, ONE_SHOT, OPERATION } from '../registry/house.js';

const NEXT = 'operations/driver_push/1.4.11.yaml';
const TEXT = 'templates/one-shot/1.0.0.mjs.hbs';

/** Everything published on main; the branch `work` is where a scenario goes wrong. */
async function published() {
  const repo = repository();
  await repo.publish();
  repo.git('checkout', '-q', '-b', 'work');
  return repo;
}

type Repository = Awaited<ReturnType<typeof published>>;

/** The text of a published document as it was before it was published. */
function unpublished(text: string): string {
  return text.replace(/\npublished:[\s\S]*$/, '\n').replace('status: active', 'status: draft');
}

/** A second version of a layer or template, published beside the first. */
async function secondVersion({ rtn }: Repository, name: string): Promise<void> {
  await rtn('bump', name);
  await rtn('publish', name, '--keep-previous');
}

/** Rule, what goes wrong, and the words behind `rtn check`; what is printed as `fix:` has to mend it. */
const SCENARIOS: readonly [
  rule: string,
  how: string,
  goWrong: (repo: Repository) => Promise<void> | void,
  ...words: string[],
][] = [
  ['version/immutable', 'a param edited', ({ edit }) => edit(OPERATION, 'maximum: 4096', 'maximum: 99')],
  ['version/immutable', 'a layer edited', ({ edit }) => edit(LAYER, '>=20.19', '>=22')],
  ['version/immutable', 'the text of a template edited', ({ edit }) => edit(TEXT, '\n', '\n// x\n')],
  [
    'version/immutable',
    'an edit beside a draft of the next version',
    async ({ edit, rtn }) => {
      await rtn('bump', 'driver_push');
      edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    },
  ],
  [
    'version/immutable',
    'an old line edited',
    async ({ edit, rtn, commit }) => {
      await rtn('bump', 'driver_push', '--level', 'minor');
      await rtn('publish', 'driver_push');
      commit('1.5.0');
      edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    },
  ],
  [
    'version/immutable',
    'seen by the base',
    ({ edit }) => edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6'),
    '--base',
    'main',
  ],
  [
    'version/digest',
    'a record rewritten with its text',
    async ({ edit, read, rtn, write }) => {
      edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
      write(OPERATION, unpublished(read(OPERATION)));
      await rtn('publish', 'driver_push');
    },
    '--base',
    'main',
  ],
  ['version/removed', 'a file removed', ({ root }) => rmSync(join(root, OPERATION)), '--base', 'main'],
  [
    'version/removed',
    'a template removed with its text',
    ({ root }) => rmSync(join(root, 'templates/one-shot'), { recursive: true }),
    '--base',
    'main',
  ],
  [
    'version/backwards',
    'a version made a draft again',
    ({ edit }) => edit(OPERATION, 'status: active', 'status: draft'),
    '--base',
    'main',
  ],
  [
    'version/backwards',
    'a version made a draft again and edited',
    ({ read, write }) =>
      write(OPERATION, unpublished(read(OPERATION)).replace('max_attempts: 5', 'max_attempts: 6')),
    '--base',
    'main',
  ],
  [
    'version/backwards',
    'a deprecation taken back',
    async ({ commit, edit, git, rtn }) => {
      await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'old');
      commit('deprecated');
      git('branch', '-f', 'main');
      edit(OPERATION, 'status: deprecated', 'status: active');
    },
    '--base',
    'main',
  ],
  [
    'version/greater',
    'a version below the tip of its line',
    ({ read, write }) =>
      write(
        'operations/driver_push/1.4.9.yaml',
        unpublished(read(OPERATION)).replace('version: 1.4.10', 'version: 1.4.9'),
      ),
    '--base',
    'main',
  ],
  [
    'version/greater',
    'a published version in a line below',
    async ({ read, rtn, write }) => {
      write(
        'operations/driver_push/1.3.0.yaml',
        unpublished(read(OPERATION)).replace('version: 1.4.10', 'version: 1.3.0'),
      );
      await rtn('publish', 'driver_push@1.3.0');
    },
    '--base',
    'main',
  ],
  [
    'version/taken',
    'a version that the target got meanwhile',
    async ({ commit, edit, git, rtn }) => {
      await rtn('bump', 'driver_push');
      await rtn('publish', 'driver_push');
      commit('ours');
      git('checkout', '-q', 'main');
      await rtn('bump', 'driver_push');
      edit(NEXT, 'max_attempts: 5', 'max_attempts: 7');
      commit('theirs');
      git('checkout', '-q', 'work');
    },
    '--base',
    'main',
  ],
  [
    'version/level',
    'a param removed in a PATCH',
    async ({ edit, read, rtn, write }) => {
      await rtn('bump', 'driver_push');
      write(NEXT, read(NEXT).replace(/ {2}rate_limit:\n( {4}.*\n)+/, ''));
      edit(NEXT, 'rate_limit: "${params.rate_limit}"', 'rate_limit: 5');
    },
    '--strict',
  ],
  [
    'version/legacy',
    'a draft named in the old way',
    ({ read, write }) =>
      write('operations/driver_push/2.0.yaml', unpublished(read(OPERATION)).replace('1.4.10\n', '"2.0.0"\n')),
    '--strict',
  ],
  [
    'version/status',
    'active without ever having been published',
    ({ edit, read, write }) => {
      write(OPERATION, unpublished(read(OPERATION)));
      edit(OPERATION, 'status: draft', 'status: active');
    },
  ],
  [
    'version/status',
    'deprecated without a word',
    ({ edit }) => edit(OPERATION, 'status: active', 'status: deprecated'),
  ],
  [
    'version/status',
    'withdrawn without a word',
    ({ edit }) => edit(OPERATION, 'status: active', 'status: withdrawn'),
  ],
  [
    'version/path',
    'a draft whose version was raised inside only',
    async ({ edit, rtn }) => {
      await rtn('bump', 'driver_push');
      edit(NEXT, 'version: 1.4.11', 'version: 1.4.12');
    },
  ],
  [
    'layer/draft',
    'a draft layer below a published operation',
    ({ read, write }) => write(LAYER, unpublished(read(LAYER))),
  ],
  [
    'template/draft',
    'a draft template below a published operation',
    ({ read, write }) => write(ONE_SHOT, unpublished(read(ONE_SHOT))),
  ],
  [
    'layer/missing',
    'a draft that names a layer version that does not exist',
    async ({ edit, rtn }) => {
      await rtn('bump', 'driver_push');
      edit(NEXT, 'layer: taxi-crm-push@1.4.10', 'layer: taxi-crm-push@1.4.12');
    },
  ],
  [
    'template/missing',
    'a draft that names a template version that does not exist',
    async ({ edit, rtn }) => {
      await rtn('bump', 'driver_push');
      edit(NEXT, 'template: one-shot@1.0.0', 'template: one-shot@1.0.3');
    },
  ],
  [
    'layer/withdrawn',
    'a layer withdrawn under an operation',
    async (repo) => {
      await secondVersion(repo, 'taxi-crm-push');
      await repo.rtn('withdraw', 'taxi-crm-push@1.4.10', '--reason', 'it leaks');
    },
  ],
  [
    'layer/withdrawn',
    'a layer withdrawn under an operation of an old line',
    async (repo) => {
      await secondVersion(repo, 'taxi-crm-push');
      await repo.rtn('bump', 'driver_push', '--level', 'major', '--layer', 'taxi-crm-push@1.4.11');
      await repo.rtn('publish', 'driver_push', '--keep-previous');
      await repo.rtn('withdraw', 'taxi-crm-push@1.4.10', '--reason', 'it leaks');
    },
  ],
  [
    'template/withdrawn',
    'a template withdrawn under an operation',
    async (repo) => {
      await secondVersion(repo, 'one-shot');
      await repo.rtn('withdraw', 'one-shot@1.0.0', '--reason', 'it hangs');
    },
  ],
  [
    'layer/deprecated',
    'a draft on a deprecated layer',
    async ({ rtn }) => {
      await rtn('bump', 'taxi-crm-push');
      await rtn('publish', 'taxi-crm-push');
      await rtn('bump', 'driver_push');
    },
    '--strict',
  ],
  [
    'template/deprecated',
    'a draft with a deprecated template',
    async ({ rtn }) => {
      await rtn('bump', 'service');
      await rtn('publish', 'service');
      await rtn('bump', 'driver_push');
    },
    '--strict',
  ],
  [
    'deprecation/replacement',
    'a successor deprecated by hand',
    async ({ edit, rtn }) => {
      for (const _ of [1, 2]) {
        await rtn('bump', 'driver_push');
        await rtn('publish', 'driver_push');
      }
      edit(OPERATION, 'replaced_by: driver_push@1.4.12', 'replaced_by: driver_push@1.4.11');
    },
  ],
  [
    'deprecation/replacement',
    'a successor that is a draft',
    async ({ edit, rtn }) => {
      await rtn('bump', 'driver_push');
      edit(OPERATION, 'status: active', 'status: deprecated\nreplaced_by: driver_push@1.4.11');
    },
  ],
  [
    'deprecation/overdue',
    'a date that has passed',
    async ({ rtn }) => {
      await rtn('deprecate', 'driver_push@1.4.10', '--reason', 'old', '--remove-after', '2026-01-31');
    },
  ],
];

describe('the printed commands mend', () => {
  test.each(SCENARIOS)('%s: %s', async (rule, _, goWrong, ...words) => {
    const repo = await published();
    await goWrong(repo);
    const red = await repo.rtn('check', ...words);
    expect(red).toMatchObject({ code: 1, err: '' });
    expect(red.out).toContain(` ${rule}\n`);
    const commands = [...red.out.matchAll(/^ {2}fix: (.+)$/gm)].map(([, command = '']) => command);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of new Set(commands.flatMap((line) => line.split(' && ')))) await run(command, repo);
    expect(await repo.rtn('check', ...words)).toMatchObject({ code: 0, err: '' });
  });
});

/** Runs a printed command as the shell would split it. */
async function run(command: string, { git, root, rtn }: Repository): Promise<void> {
  const line = execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { cwd: root, encoding: 'utf8' });
  const [program, ...words] = line.split('\0').slice(0, -1);
  if (program === 'git') git(...words);
  else expect(await rtn(...words), command).toMatchObject({ code: 0, err: '' });
}
