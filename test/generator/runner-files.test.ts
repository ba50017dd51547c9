import { describe, expect, test } from 'vitest';
import { type RunnerFiles, runnerFiles } from '../../src/generator/runner-files.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { house as bareHouse, edited, LAYER, ONE_SHOT, OPERATION, textOf } from '../registry/house.js';
import { SPECS } from '../registry/specs.js';
import { withOurTemplates } from './templates.js';

/** The shared house with the templates of our own registry. */
const house = withOurTemplates(bareHouse);

interface Asked {
  readonly runner?: string;
  readonly allowsDrafts?: boolean;
}

function made(tree: FileTree, reference: string, { runner, allowsDrafts = false }: Asked = {}): RunnerFiles {
  return runnerFiles(loadRegistry(tree, SPECS), {
    reference,
    runner,
    allowsDrafts,
    components: SPECS,
  });
}

const SERVICE = 'templates/service/1.0.0.yaml';
const hex = (letter: string): string => letter.repeat(64);
const RECORDS: Readonly<Record<string, string>> = {
  operation: `{form: 1, at: 2026-11-23, interface: ${hex('a')}, params: ${hex('b')}, wrapper: ${hex('c')}, layer: ${hex('d')}}`,
  other: `{form: 1, at: 2026-11-23, content: ${hex('e')}}`,
};

/** The tree with some artefacts of this status, as if published. */
function withStatus(status: string, paths: readonly string[], tree: FileTree = house): FileTree {
  return paths.reduce((before, path) => {
    const record = RECORDS[path === OPERATION ? 'operation' : 'other'];
    return edited(
      path,
      { 'status: draft': `status: ${status}\nreason: it was wrong\npublished: ${record}` },
      before,
    );
  }, tree);
}

/** The tree with one more draft of the operation. */
function withDraft(version: string, tree: FileTree): FileTree {
  const text = textOf(OPERATION, house).replace('version: 1.4.10', `version: ${version}`);
  return withChanges(tree, [{ path: `operations/driver_push/${version}.yaml`, content: text }]);
}

const ALL = [OPERATION, LAYER, ONE_SHOT, SERVICE];
const published = withStatus('active', ALL);

describe('the runners of an operation', () => {
  test('are files named after operation, version and runner', () => {
    const { files, layer } = made(published, 'driver_push');
    expect(files.map(({ name }) => name)).toEqual([
      'driver_push-1.4.10.one-shot.mjs',
      'driver_push-1.4.10.service.mjs',
    ]);
    expect(files[0]?.text).toMatch(/^#!\/usr\/bin\/env node\n\/\/ driver_push 1\.4\.10, one-shot\. /);
    expect(layer.packages).toEqual({ 'realtime-notifications': '0.1.0' });
  });

  test('are one when one is asked for', () => {
    expect(
      made(published, 'driver_push@1.4.10', { runner: 'service' }).files.map(({ runner }) => runner),
    ).toEqual(['service']);
  });

  test.each<[string, FileTree, Asked, string]>([
    ['the newest active version', withDraft('1.4.11', published), {}, '1.4.10'],
    [
      'the newest draft when drafts are allowed',
      withDraft('1.4.11', published),
      { allowsDrafts: true },
      '1.4.11',
    ],
    [
      'a deprecated version when none is active',
      withStatus('deprecated', [OPERATION], withStatus('active', [LAYER, ONE_SHOT, SERVICE])),
      {},
      '1.4.10',
    ],
  ])('without a version are those of %s', (_, tree, asked, expected) => {
    expect(made(tree, 'driver_push', asked).operation.version).toBe(expected);
  });

  test.each<[string, FileTree, string, Asked, string]>([
    ['a draft', house, 'driver_push', {}, 'operation driver_push@1.4.10 is a draft, which may still change'],
    ['a draft by version', house, 'driver_push@1.4.10', {}, 'operation driver_push@1.4.10 is a draft'],
    [
      'a draft layer',
      withStatus('active', [OPERATION, ONE_SHOT, SERVICE]),
      'driver_push',
      {},
      'layer taxi-crm-push@1.4.10 is a draft',
    ],
    [
      'a draft template',
      withStatus('active', [OPERATION, LAYER, SERVICE]),
      'driver_push',
      {},
      'template one-shot@1.0.0 is a draft',
    ],
    [
      'a withdrawn version',
      withStatus('withdrawn', [OPERATION]),
      'driver_push',
      { allowsDrafts: true },
      'operation driver_push@1.4.10 is withdrawn: it was wrong',
    ],
    [
      'an unknown operation',
      house,
      'driver_psh',
      {},
      "there is no operation 'driver_psh'; did you mean 'driver_push'?",
    ],
    ['an unknown version', house, 'driver_push@9.9.9', {}, "there is no operation 'driver_push@9.9.9'"],
    [
      'an unknown runner',
      house,
      'driver_push',
      { allowsDrafts: true, runner: 'servce' },
      "operation driver_push@1.4.10 has no runner 'servce'; did you mean 'service'?",
    ],
  ])('are refused for %s', (_, tree, reference, asked, expected) => {
    const attempt = () => made(tree, reference, asked);
    expect(attempt).toThrow(expected);
    expect(attempt).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  describe('through a partial', () => {
    /** one-shot includes retry, which includes delay by a list of its own. */
    const withPartials = (statuses: Readonly<Record<string, string>> = {}, delays = '') => {
      const template = (name: string, partials: string) =>
        `schema: template/v1\nname: ${name}\nversion: 1.0.0\nstatus: ${statuses[name] ?? 'active'}\ntitle: T\n` +
        `reason: it was wrong\nstages: []\ntext: 1.0.0.mjs.hbs\n${partials}` +
        (statuses[name] === 'draft' ? '' : `published: ${RECORDS.other}\n`);
      const changes = {
        'templates/retry/1.0.0.yaml': template('retry', 'partials: {delay: delay@1.0.0}\n'),
        'templates/retry/1.0.0.mjs.hbs': '// Tries again.\n{{> delay}}\n',
        'templates/delay/1.0.0.yaml': template('delay', delays),
        'templates/delay/1.0.0.mjs.hbs': '// Waits.\r\n',
        'templates/one-shot/1.0.0.mjs.hbs': `${textOf('templates/one-shot/1.0.0.mjs.hbs', house)}{{> retry}}\n`,
      };
      return edited(
        ONE_SHOT,
        { 'text: 1.0.0.mjs.hbs': 'text: 1.0.0.mjs.hbs\npartials: {retry: retry@1.0.0}' },
        withChanges(
          published,
          Object.entries(changes).map(([path, content]) => ({ path, content })),
        ),
      );
    };

    test('hold its text, and their comment names the template', () => {
      const [file] = made(withPartials(), 'driver_push', { runner: 'one-shot' }).files;
      expect(file?.text).toMatch(
        /with template one-shot 1\.0\.0,[\s\S]*\n}\);\n\/\/ Tries again\.\n\/\/ Waits\.\n$/,
      );
    });

    test.each<[string, FileTree, string]>([
      ['a draft', withPartials({ retry: 'draft' }), 'template retry@1.0.0 is a draft'],
      ['a draft further down', withPartials({ delay: 'draft' }), 'template delay@1.0.0 is a draft'],
      ['a withdrawn one', withPartials({ delay: 'withdrawn' }), 'template delay@1.0.0 is withdrawn: it was'],
      [
        'one that is not there',
        withPartials({}, 'partials: {rest: rest@1.0.0}\n'),
        "there is no template 'rest@1.0.0'",
      ],
      [
        'one that leads back',
        withPartials({}, 'partials: {again: retry@1.0.0}\n'),
        'a template includes itself: one-shot@1.0.0 -> retry@1.0.0 -> delay@1.0.0 -> retry@1.0.0',
      ],
    ])('are refused for %s', (_, tree, expected) => {
      expect(() => made(tree, 'driver_push')).toThrow(expected);
    });

    test('may be drafts where drafts are allowed', () => {
      const { files } = made(withPartials({ retry: 'draft' }), 'driver_push', { allowsDrafts: true });
      expect(files).toHaveLength(2);
    });
  });

  test('are refused for a document with findings', () => {
    const tree = edited(OPERATION, { 'key: message_id': 'key: 7' });
    expect(() => made(tree, 'driver_push', { allowsDrafts: true })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});
