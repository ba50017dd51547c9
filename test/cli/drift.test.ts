import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { COMPONENTS } from '../../src/components.js';
import { GENERATE_RULES } from '../../src/generator/drift-rules.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATION = 'operations/driver_push/1.4.10.yaml';
const ONE_SHOT = 'runners/driver_push-1.4.10.one-shot.mjs';
const SERVICE = 'runners/driver_push-1.4.10.service.mjs';

let root: string;

/** driver_push of our own registry, with all layers and templates, and its runners generated. */
beforeEach(async () => {
  root = temporaryFolder();
  for (const folder of ['operations/driver_push', 'layers', 'templates']) copy(folder);
  expect((await rtn('generate', '--all')).code).toBe(0);
});

function copy(folder: string): void {
  cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
}

async function rtn(...words: string[]) {
  const said = { out: '', err: '' };
  const session = {
    cwd: root,
    env: {},
    hasColor: false,
    exitCode: 0,
    components: async () => COMPONENTS,
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
  };
  const code = await runCommand(words, session);
  return { code, ...said };
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const write = (path: string, text: string) => writeFileSync(join(root, path), text);
function edit(path: string, from: string, to: string): void {
  expect(read(path)).toContain(from);
  write(
    path,
    read(path).replace(from, () => to),
  );
}

/** `file:line:column rule message; fix` of each finding. */
async function found(...words: string[]): Promise<string[]> {
  const { out } = await rtn('generate', ...words, '--check', '--json');
  const { findings } = JSON.parse(out) as { findings: Record<string, string>[] };
  return findings.map(
    (one) => `${one.file}:${one.line}:${one.column} ${one.rule} ${one.message}; ${one.fix}`,
  );
}

const lineOf = (path: string, text: string) =>
  read(path).slice(0, read(path).indexOf(text)).split('\n').length;
const statesOf = () =>
  readdirSync(join(root, 'runners')).map((name) => {
    const { mtimeMs, mode } = statSync(join(root, 'runners', name));
    return [name, mtimeMs, mode, read(`runners/${name}`)];
  });

describe('rtn generate --check', () => {
  test('finds nothing in what was just generated, however the lines end', async () => {
    expect(await rtn('generate', '--check')).toEqual({ code: 0, out: '2 runners: no findings\n', err: '' });
    write(ONE_SHOT, read(ONE_SHOT).replaceAll('\n', '\r\n'));
    expect(await found()).toEqual([]);
  });

  test('finds an edit at the first line that differs', async () => {
    edit(ONE_SHOT, 'concurrency: params.concurrency,', 'concurrency: 5_000,');
    const line = lineOf(ONE_SHOT, 'concurrency: 5_000');
    expect(await found()).toEqual([
      `${ONE_SHOT}:${line}:20 generate/edited edited by hand: got 'concurrency: 5_000,', expected ` +
        `'concurrency: params.concurrency,'; make the change in ${OPERATION} or the template; rtn generate driver_push@1.4.10`,
    ]);
    const { code, out } = await rtn('generate', '--check');
    expect([code, out]).toEqual([1, expect.stringContaining(`${line} |       concurrency: 5_000,`)]);
  });

  test.each<[string, () => void, string]>([
    [
      'a line at the end',
      () => write(SERVICE, `${read(SERVICE)}// more\n`),
      "got '// more', expected the end",
    ],
    ['half of it', () => write(SERVICE, read(SERVICE).slice(0, 900)), 'got the end, expected'],
    [
      'nothing',
      () => write(SERVICE, ''),
      "1:1 generate/edited edited by hand: got the end, expected '#!/usr",
    ],
    [
      'no comment on top',
      () => write(SERVICE, read(SERVICE).replace(/\/\/.*\n/g, '')),
      '2:1 generate/edited',
    ],
  ])('finds an edit that leaves %s', async (_, change, expected) => {
    change();
    expect(await found()).toEqual([expect.stringContaining(expected)]);
  });

  test('finds a runner that is missing', async () => {
    rmSync(join(root, SERVICE));
    expect(await found()).toEqual([
      `${SERVICE}:1:1 generate/missing the runner service of active driver_push@1.4.10 is not there; rtn generate driver_push@1.4.10`,
    ]);
    expect(await found('driver_push', '--runner', 'one-shot')).toEqual([]);
    rmSync(join(root, 'runners'), { recursive: true });
    expect(await found()).toHaveLength(2);
  });

  test('finds a runner that another digest stands in', async () => {
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    const digest = /digest (\w{8})/.exec(read(ONE_SHOT))?.[1] ?? '';
    expect(await found()).toEqual(
      [ONE_SHOT, SERVICE].map((file) =>
        expect.stringMatching(
          new RegExp(
            `^${file}:3:\\d+ generate/stale it was generated from digest ${digest}, the registry has \\w{8}; rtn`,
          ),
        ),
      ),
    );
  });

  test('finds what only the text of a published template changed', async () => {
    edit(
      'templates/one-shot/1.0.0.mjs.hbs',
      'await runner(',
      '// Reads its input to the end.\nawait runner(',
    );
    expect(await found()).toEqual([
      expect.stringMatching(
        /^runners\/driver_push-1\.4\.10\.one-shot\.mjs:\d+:1 generate\/stale rtn or the text of the template changed since it was generated: got 'await runner\(\{', expected '\/\/ Reads/,
      ),
    ]);
  });

  test('finds what only the text of a partial changed', async () => {
    const partial = read('templates/one-shot/1.0.0.yaml')
      .replace('name: one-shot', 'name: closing')
      .replace(/stages: .*/, 'stages: []');
    mkdirSync(join(root, 'templates', 'closing'));
    write('templates/closing/1.0.0.yaml', partial);
    write('templates/closing/1.0.0.mjs.hbs', '// The end.\n');
    edit('templates/one-shot/1.0.0.yaml', 'text: 1.0.0', 'partials: {closing: closing@1.0.0}\ntext: 1.0.0');
    write('templates/one-shot/1.0.0.mjs.hbs', `${read('templates/one-shot/1.0.0.mjs.hbs')}{{> closing}}\n`);
    expect((await rtn('generate', '--all')).code).toBe(0);
    expect(await found()).toEqual([]);
    edit('templates/closing/1.0.0.mjs.hbs', 'The end', 'Here it ends');
    expect(await found()).toEqual([
      expect.stringMatching(
        /one-shot\.mjs:\d+:\d+ generate\/stale .*got '\/\/ The end\.', expected '\/\/ Here it ends/,
      ),
    ]);
  });

  test('tells of an edit of a runner that is stale, too', async () => {
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 6');
    edit(SERVICE, 'concurrency: params.concurrency,', 'concurrency: 5_000,');
    expect((await found())[1]).toMatch(/generate\/stale .*; it was edited by hand, too/);
  });

  describe('finds orphans', () => {
    test.each<[string, () => void, string]>([
      [
        'of a version that is gone',
        () => rmSync(join(root, 'operations'), { recursive: true }),
        'there is no operation driver_push@1.4.10',
      ],
      [
        'of a withdrawn version',
        () => edit(OPERATION, 'status: active', 'status: withdrawn\nreason: it doubled'),
        'operation driver_push@1.4.10 is withdrawn: it doubled',
      ],
    ])('%s', async (_, change, reason) => {
      change();
      if (reason.includes('no operation')) mkdirSync(join(root, 'operations'));
      const expected = [ONE_SHOT, SERVICE].map(
        (file) => `${file}:1:1 generate/orphan expected no such runner: ${reason}; rm ${file}`,
      );
      expect(await found()).toEqual(expected);
      expect(await found('driver_push')).toEqual(expected);
    });

    test('of a runner that the operation no longer has, under whatever name', async () => {
      write("runners/it's old.mjs", read(SERVICE).replace('1.4.10, service.', '1.4.10, batch.'));
      const [orphan = ''] = await found();
      expect(orphan).toContain(
        "operation driver_push@1.4.10 has no runner 'batch'; rm 'runners/it'\\''s old.mjs'",
      );
      execFileSync('sh', ['-c', orphan.slice(orphan.indexOf('; rm ') + 2)], { cwd: root });
      expect(await found()).toEqual([]);
    });

    test('only of the name that was asked for', async () => {
      write('runners/x.mjs', read(SERVICE).replace('driver_push 1.4.10', 'rider_push 2.0.0'));
      expect(await found('driver_push')).toEqual([]);
      expect(await found()).toHaveLength(1);
      expect(await found('rider_push')).toHaveLength(1);
    });

    test('but not of a deprecated version, nor files that are no runners of ours', async () => {
      edit(OPERATION, 'status: active', 'status: deprecated\nreason: there is a newer one');
      write('runners/mine.mjs', '// Generated by somebody else.\n');
      mkdirSync(join(root, 'runners', 'folder.mjs'));
      expect(await found()).toEqual([]);
    });
  });

  test('names files and commands as they are seen from here', async () => {
    mkdirSync(join(root, 'a b'));
    expect((await found('driver_push', '--out', 'a b', '--root', '.', '--runner', 'service'))[0]).toMatch(
      /^a b\/driver_push-1\.4\.10\.service\.mjs:1:1 .*; rtn generate driver_push@1\.4\.10 --root \. --runner service --out 'a b'$/,
    );
  });

  test('writes nothing', async () => {
    edit(ONE_SHOT, 'params.concurrency', '7');
    rmSync(join(root, SERVICE));
    const before = statesOf();
    expect((await rtn('generate', '--check')).code).toBe(1);
    expect((await rtn('generate', 'driver_push', '--check', '--out', 'nowhere')).code).toBe(1);
    expect(statesOf()).toEqual(before);
    expect(readdirSync(root)).not.toContain('nowhere');
  });

  test('is mended by the commands that it gives', async () => {
    edit(ONE_SHOT, 'params.concurrency', '7');
    rmSync(join(root, SERVICE));
    for (const line of await found()) await rtn(...line.slice(line.indexOf('; rtn ') + 6).split(' '));
    expect(await found()).toEqual([]);
  });

  test('counts in JSON', async () => {
    rmSync(join(root, SERVICE));
    const { code, out } = await rtn('generate', '--check', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      judged: 1,
      errors: 1,
      findings: [{ rule: 'generate/missing', severity: 'error' }],
    });
  });

  test('calls no runner an orphan of an operation that cannot be read', async () => {
    write(OPERATION, 'name: [');
    expect(await rtn('generate', '--check')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(`${OPERATION} has findings`),
    });
  });

  test.each([
    [['driver_psh', '--check'], "there is no operation 'driver_psh'; did you mean 'driver_push'?"],
    [[], 'which operation?'],
    [['driver_push', '--all'], '--all takes no name'],
    [['--all', '--runner', 'service'], 'want the name of an operation'],
    [['--check', '--bundle'], '--bundle is for one operation'],
    [['driver_push', '--json'], '--json goes with --check'],
  ])('rtn generate %j is refused', async (words, problem) => {
    expect(await rtn('generate', ...words)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(problem),
    });
  });

  test.each(GENERATE_RULES.map(({ id, doc }) => [id, doc]))('rtn check explains %s', async (id, doc) => {
    expect((await rtn('check', '--explain', id)).out).toBe(`${id} (error)\n\n${doc}\n`);
  });
});

test('rtn generate --all writes the runners of every active operation, and none of drafts', async () => {
  for (const name of ['user_push', 'yt_cleanup_old_tables']) copy(`operations/${name}`);
  expect((await rtn('generate', '--all')).code).toBe(0);
  const others = ['user_push-1.3.0.one-shot.mjs', 'user_push-1.3.0.service.mjs'];
  expect(readdirSync(join(root, 'runners'))).toEqual([
    ...[ONE_SHOT, SERVICE].map((path) => path.slice('runners/'.length)),
    ...others,
  ]);
});
