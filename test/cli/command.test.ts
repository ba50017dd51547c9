import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { mayColor } from '../../src/cli/session.js';
import { VERBS } from '../../src/cli/verbs.js';
import { COMPONENTS } from '../../src/components.js';
import { schemaFiles } from '../../src/registry/documentSchema.js';
import { RULES } from '../../src/rules/judge.js';
import { repository } from '../author/repository.js';
import { OPERATION } from '../registry/house.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

async function rtn(words: readonly string[], { cwd = ROOT, components = async () => COMPONENTS } = {}) {
  const said = { out: '', err: '' };
  const code = await runCommand(words, {
    cwd,
    env: {},
    hasColor: false,
    exitCode: 0,
    components,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

describe('usage', () => {
  test.each(VERBS.map(({ name }) => [name]))('rtn %s --help shows an example', async (name) => {
    const { code, out } = await rtn([name, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\s+rtn ${name}`));
  });

  test.each([
    [['chekc'], 'Did you mean check?'],
    [['check', '--jsn'], 'Did you mean --json?'],
    [['check', 'operations'], 'too many arguments'],
    [['check', '--root', 'nowhere'], 'next: go to the repository'],
    [['check', '--root', 'src'], 'no registry in'],
    [['check', '--explain', 'version/imutable'], "did you mean 'version/immutable'?"],
    [['schedule', 'lisst'], '(rtn schedule --help shows how)'],
    [['schedule', 'list', '--jsn'], '(rtn schedule list --help shows how)'],
    [['runs', 'show', '--jsn'], '(rtn runs show --help shows how)'],
    [['new', 'layer', '--tilte', 'x'], '(rtn new layer --help shows how)'],
    [['schema'], 'expected one of operation, layer, template'],
    [['schema', 'operaton'], "did you mean 'operation'?"],
  ])('%j is refused with a hint and exit code 2', async (words, hint) => {
    const { code, out, err } = await rtn(words);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(hint)]);
    expect(err).not.toMatch(/\n {4}at /);
  });

  test('rtn alone, --help and help list every verb', async () => {
    for (const words of [[], ['--help'], ['help']]) {
      const { code, out } = await rtn(words);
      expect(code).toBe(0);
      for (const { name } of VERBS) expect(out).toContain(`  ${name}`);
    }
  });

  test('a bug says that it is one, with a stack and exit code 70', async () => {
    const components = () => Promise.reject(new TypeError('x is undefined'));
    const { code, err } = await rtn(['check'], { components });
    expect(code).toBe(70);
    expect(err).toMatch(/this is a bug in rtn, not in your files: x is undefined\nTypeError[\s\S]*\n {4}at /);
  });
});

describe('rtn check', () => {
  test('of our own registry finds no errors', async () => {
    const { code, out } = await rtn(['check', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ errors: 0 });
  });

  test('says so when it finds nothing, and with --quiet says nothing', async () => {
    const { rtn: here } = repository();
    expect(await here('check')).toMatchObject({ code: 0, out: expect.stringContaining('no findings') });
    expect(await here('check', '--quiet')).toMatchObject({ code: 0, out: '' });
  });

  test('works from a folder below the root', async () => {
    const { root, rtn: inRoot } = repository();
    mkdirSync(join(root, 'deep', 'down'), { recursive: true });
    expect((await rtn(['check'], { cwd: join(root, 'deep', 'down') })).out).toBe((await inRoot('check')).out);
  });

  test('prints findings as JSON with their places', async () => {
    const { edit, rtn: here } = repository();
    edit(OPERATION, 'max_attempts: 5', 'max_attempts: 0');
    const { code, out } = await here('check', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      artefacts: 4,
      errors: 1,
      findings: [{ rule: 'schema/value', file: OPERATION, severity: 'error' }],
    });
  });

  test('outside of any registry is usage', async () => {
    expect(await rtn(['check'], { cwd: temporaryFolder() })).toMatchObject({ code: 2 });
  });

  test.each(RULES.map(({ id }) => [id]))('--explain %s', async (id) => {
    const { code, out } = await rtn(['check', '--explain', id]);
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^${id} \\((error|warning)\\)\n\n`))]);
  });
});

describe('rtn schema', () => {
  test.each(['operation', 'layer', 'template'])('%s is the file in schemas/, byte for byte', async (kind) => {
    const { out } = await rtn(['schema', kind]);
    expect(out).toBe(readFileSync(join(ROOT, 'schemas', `${kind}.schema.json`), 'utf8'));
    expect(out).toBe(schemaFiles(COMPONENTS)[`schemas/${kind}.schema.json`]);
  });

  test('--write writes what differs, once', async () => {
    const { rtn: here, read } = repository();
    expect((await here('schema', '--write')).out).toContain('wrote schemas/operation.schema.json');
    expect(JSON.parse(read('schemas/layer.schema.json'))).toHaveProperty('properties.packages');
    expect((await here('schema', '--write')).out).toBe('schemas/ is up to date\n');
  });
});

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
])('colour on a terminal (%s) with %j: %s', (isTerminal, env, expected) => {
  expect(mayColor(isTerminal, env)).toBe(expected);
});
