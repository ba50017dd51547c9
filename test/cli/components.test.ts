import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyModules, importsFrom } from '../../src/cli/components.js';
import { COMPONENTS } from '../../src/components.js';
import { repository } from '../author/repository.js';

const OPERATION = 'operations/driver_push/1.4.10.yaml';
const LAYER = 'layers/taxi-crm-push/1.4.10.yaml';
const MODULE = 'channels/loyalty.mjs';
const SOURCE = `
import { points } from './points.mjs';
globalThis.imported = (globalThis.imported ?? 0) + 1;
export const spec = {
  kind: 'channel',
  key: 'loyalty',
  construct: 'loyaltyChannel',
  description: 'Gives points.',
  fields: {
    points: { description: 'How many.', schema: { type: 'integer', minimum: 1 }, isRequired: true },
    text: { description: 'What is said.', schema: { type: 'string' }, perRow: true },
    wait: { description: 'Longest wait.', schema: {}, isDuration: true },
  },
};
export function loyaltyChannel(options) {
  return { key: 'loyalty', options: { ...options, total: points(options.points) } };
}
`;

/** A registry whose operation sends through a channel of its own. */
function ownChannel(source = SOURCE, edits: Readonly<Record<string, string>> = {}) {
  const made = repository({ components: COMPONENTS });
  made.write(MODULE, source);
  for (const name of ['one-shot', 'service'])
    made.write(
      `templates/${name}/1.0.0.mjs.hbs`,
      readFileSync(join(import.meta.dirname, '..', '..', 'templates', name, '1.0.0.mjs.hbs'), 'utf8'),
    );
  made.write('channels/points.mjs', 'export const points = (count) => 10 * count;\n');
  made.edit(LAYER, 'packages:\n', 'sources: ["channels/**"]\npackages:\n');
  const text = made.read(OPERATION);
  const from = text.indexOf('        use: http');
  const channel = `        use: ./${MODULE}\n        points: 5\n        text: "Hi \${row.title}"\n        wait: 2s\n`;
  const params = text.indexOf('  endpoint:\n');
  made.write(
    OPERATION,
    text.slice(0, params) +
      text.slice(text.indexOf('  concurrency:\n'), text.indexOf('secrets:\n')) +
      text.slice(text.indexOf('policy:\n'), from) +
      channel +
      text.slice(text.indexOf('    logger:', from)),
  );
  for (const [before, after] of Object.entries(edits)) made.edit(OPERATION, before, after);
  return made;
}

describe('a channel of the registry', () => {
  test('is checked by its own spec', async () => {
    expect(await ownChannel().rtn('check')).toMatchObject({ code: 0, err: '' });
    const { code, out } = await ownChannel(SOURCE, {
      'points: 5': 'points: 0',
      '        text: "Hi': '        txt: "Hi',
    }).rtn('check');
    expect(code).toBe(1);
    expect(out).toContain("did you mean 'text'?");
    expect(out).toMatch(/points.* 0|0.*points/);
  });

  test('is not imported with --no-components, and not found wrong', async () => {
    const made = ownChannel('globalThis.ranUntrusted = true; throw new Error("no");');
    expect(await made.rtn('check', '--no-components')).toMatchObject({ code: 0 });
    expect((globalThis as Record<string, unknown>).ranUntrusted).toBeUndefined();
  });

  test('stands in the schema that editors are shown', async () => {
    const { out } = await ownChannel().rtn('schema', 'operation');
    expect(out).toContain(`./${MODULE}`);
    expect(out).toContain('How many.');
  });

  test.each<[string, string, string]>([
    ['exports no spec', 'export const x = 1;', 'is no component: it exports no `spec`'],
    ['throws', 'throw new Error("no luck\\nhere");', 'cannot be imported: no luck\\nhere'],
    ['is no JavaScript', 'export const = 1;', 'cannot be imported: '],
    ['imports what is not there', "import './gone.mjs';", 'cannot be imported: '],
    ['has a kind that is none', SOURCE.replace("'channel'", "'chanel'"), 'spec.kind must be one of reader,'],
    [
      'has no constructor',
      SOURCE.replace('export function', 'function'),
      "it exports no function 'loyaltyChannel'",
    ],
    [
      'has a constructor of a name that a runner has',
      SOURCE.replaceAll('loyaltyChannel', 'httpChannel'),
      "spec.construct cannot be 'httpChannel', which a runner has already",
    ],
    [
      'has a constructor that would be code',
      SOURCE.replace("construct: 'loyaltyChannel'", 'construct: \'a } from "x"; process.exit(1); //\''),
      'spec.construct must be the name of the constructor',
    ],
    [
      'has a schema that is none',
      SOURCE.replace("type: 'integer', minimum", "type: 'intger', minimum"),
      'spec.fields.points: ',
    ],
    [
      'binds by a word alone',
      SOURCE.replace('  fields: {', "  binds: 'input',\n  fields: {"),
      "spec.binds must be a list of {to: 'input' | 'output', schemes: […]}, each of the two once",
    ],
    [
      'binds one input twice',
      SOURCE.replace('  fields: {', "  binds: [{ to: 'input' }, { to: 'input' }],\n  fields: {"),
      'spec.binds must be a list of',
    ],
    [
      'describes no field',
      SOURCE.replace("description: 'How many.', ", ''),
      'spec.fields.points has no description',
    ],
  ])('that %s is a finding', async (_, source, expected) => {
    const { code, out, err } = await ownChannel(source).rtn('check');
    expect([code, err]).toEqual([1, '']);
    expect(out).toContain('component/module');
    expect(out).toContain(expected);
  });

  test('behind a link that leads out is not imported', async () => {
    const outside = repository();
    outside.write('evil/loyalty.mjs', 'globalThis.ranOutside = true;');
    const made = ownChannel();
    execFileSync('rm', ['-r', join(made.root, 'channels')]);
    symlinkSync(join(outside.root, 'evil'), join(made.root, 'channels'));
    const { code, out } = await made.rtn('check');
    expect(code).toBe(1);
    expect(out).toContain('component/module');
    expect((globalThis as Record<string, unknown>).ranOutside).toBeUndefined();
  });

  test.each([
    ['runners', `../${MODULE}`],
    ['deep/er', `../../${MODULE}`],
    ['.', `./${MODULE}`],
    ['with blank', `../${MODULE}`],
  ])('is imported by a runner in %s from %s, where it starts', async (out, specifier) => {
    const made = ownChannel();
    expect(await made.rtn('generate', 'driver_push', '--draft', '--out', out)).toMatchObject({ code: 0 });
    const runner = join(out, 'driver_push-1.4.10.one-shot.mjs');
    expect(made.read(runner)).toContain(`import { loyaltyChannel } from '${specifier}';\n`);
    expect(made.read(runner)).toContain(
      'loyaltyChannel({ points: 5, text: (row) => `Hi ${row.title}`, waitMs: 2000 })',
    );
    made.write('node_modules/realtime-notifications/package.json', '{"type": "module", "exports": "./i.js"}');
    made.write(
      'node_modules/realtime-notifications/i.js',
      `export const log = () => {}, table = () => {}, zmq = () => {}, asyncSender = ({ channel }) => channel.options;
       export const runner = ({ pipeline }) => console.log(JSON.stringify(pipeline({ inputs: {}, outputs: {}, params: {}, secrets: {} }).sender));`,
    );
    const printed = execFileSync(process.execPath, [join(made.root, runner)], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual({ points: 5, waitMs: 2000, total: 50 });
    expect(await made.rtn('generate', 'driver_push', '--draft', '--check', '--out', out)).toMatchObject({
      code: 0,
    });
  });

  test('goes into a bundle with what it imports, and is imported from there', () => {
    const made = ownChannel();
    const folder = join(made.root, 'bundle');
    mkdirSync(folder);
    const files = { modules: [MODULE, 'channels/points.mjs'] } as unknown as Parameters<
      typeof copyModules
    >[1];
    expect(copyModules(folder, files, made.root)).toEqual(files.modules);
    expect(readdirSync(join(folder, 'channels')).sort()).toEqual(['loyalty.mjs', 'points.mjs']);
    expect(importsFrom(folder, made.root)(MODULE)).toBe(`./${MODULE}`);
  });

  test('is published with the operation, and refused where it is wrong', async () => {
    const wrong = ownChannel('export const x = 1;');
    wrong.commit('all');
    const { code, err } = await wrong.rtn('publish', 'driver_push', '--with-deps');
    expect(code).not.toBe(0);
    expect(err).toContain('is no component');
    const right = ownChannel();
    right.commit('all');
    expect(await right.rtn('publish', 'driver_push', '--with-deps')).toMatchObject({ code: 0 });
    expect(await right.rtn('check')).toMatchObject({ code: 0 });
    right.write(MODULE, `${SOURCE}\n// changed\n`);
    expect((await right.rtn('check')).out).toContain('layer/sources');
  });
});
