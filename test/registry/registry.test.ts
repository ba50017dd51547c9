import { describe, expect, test } from 'vitest';
import { referenceTo } from '../../src/registry/artefact.js';
import { expectArtefact, loadRegistry } from '../../src/registry/registry.js';
import { memoryTree, withChanges } from '../../src/registry/tree.js';
import { house, LAYER, OPERATION, textOf } from './house.js';
import { SPECS } from './specs.js';

const versions = ['1.4.9', '1.10.0', '1.4.11'];
const tree = withChanges(
  house,
  versions.map((version) => ({
    path: `operations/driver_push/${version}.yaml`,
    content: textOf(OPERATION).replace('version: 1.4.10', `version: ${version}`),
  })),
);
const registry = loadRegistry(tree, SPECS);
const findings = registry.artefacts.flatMap((artefact) => artefact.findings);

describe('a registry', () => {
  test('loads without findings what is right', () => expect(findings).toEqual([]));

  test('orders versions as numbers', () => {
    expect(registry.versions('operation', 'driver_push').map(({ version }) => version)).toEqual([
      '1.4.9',
      '1.4.10',
      '1.4.11',
      '1.10.0',
    ]);
  });

  test('finds one version, the newest, and the newest of a line', () => {
    const old = registry.find('operation', 'driver_push', '1.4.9');
    expect(old?.version).toBe('1.4.9');
    expect(registry.find('operation', 'driver_push')?.version).toBe('1.10.0');
    expect(old && registry.newestInLine(old)?.version).toBe('1.4.11');
    expect(registry.find('layer', 'driver_push')).toBeUndefined();
  });

  test('follows name@version and knows who names whom', () => {
    const layer = registry.resolve('layer', 'taxi-crm-push@1.4.10');
    expect(layer?.path).toBe(LAYER);
    expect(layer && registry.dependents(layer).map(referenceTo)).toHaveLength(4);
    expect(registry.resolve('layer', 7)).toBeUndefined();
  });

  test('reads changed files anew and leaves the old registry alone', () => {
    const changed = registry.with([
      { path: LAYER, content: null },
      { path: OPERATION, content: 'title: x\n' },
    ]);
    expect(changed.find('layer', 'taxi-crm-push')).toBeUndefined();
    expect(changed.find('operation', 'driver_push', '1.4.10')?.document).toEqual({ title: 'x' });
    expect(registry.find('layer', 'taxi-crm-push')?.path).toBe(LAYER);
  });

  test('gives a sound document, or says why not', () => {
    expect(
      expectArtefact(registry, 'operation', 'driver_push@1.4.10').document.runners['one-shot']?.template,
    ).toBe('one-shot@1.0.0');
    expect(() => expectArtefact(registry, 'operation', 'driver_posh')).toThrow(
      "there is no operation 'driver_posh'; did you mean 'driver_push'?",
    );
    expect(() => expectArtefact(registry, 'operation', 'driver_push@9.9.9')).toThrow('driver_push@1.4.9');
    const broken = loadRegistry(memoryTree({ [OPERATION]: 'title: x' }), SPECS);
    expect(() => expectArtefact(broken, 'operation', 'driver_push')).toThrow('has findings');
  });
});

describe('files', () => {
  test.each([
    ['operations/a/1.0.0.test.yaml', undefined],
    ['operations/a/schedules.yaml', undefined],
    ['operations/a/README.md', undefined],
    ['templates/schedulers/cron.yaml', undefined],
    ['other/a/1.0.0.yaml', undefined],
    ['operations/a/first.yaml', "'first' is no version"],
    ['operations/a/1.0.0.yml', 'files that end in .yml are not read'],
    ['operations/a.yaml', 'expected operations/<name>/<version>.yaml'],
    ['operations/a/b/1.0.0.yaml', 'expected operations/<name>/<version>.yaml'],
  ])('%s: %s', (path, expected) => {
    const { artefacts, misplaced } = loadRegistry(memoryTree({ [path]: 'x: 1' }), SPECS);
    expect(artefacts).toEqual([]);
    expect(misplaced.map(({ rule, message }) => `${rule} ${message}`)).toEqual(
      expected === undefined
        ? []
        : [expect.stringMatching(new RegExp(`^version/path .*${expected.replace(/[.<>]/g, '.')}`))],
    );
  });
});

describe('legacy versions', () => {
  const legacy = loadRegistry(
    memoryTree({
      'operations/a/2.0.yaml': 'version: "2.0"',
      'operations/a/1.4.5dev.yaml': '',
      'operations/a/1.4.5.yaml': '',
      'operations/a/2.0.0.yaml': '',
    }),
    SPECS,
  );

  test('are read as the strict ones that they stand for, and ordered as these', () => {
    expect(legacy.versions('operation', 'a').map(({ version }) => version)).toEqual([
      '1.4.5-dev',
      '1.4.5',
      '2.0.0',
    ]);
    expect(legacy.resolve('operation', 'a@1.4.5dev')?.path).toBe('operations/a/1.4.5dev.yaml');
  });

  test('of the same meaning are one too many', () => {
    expect(legacy.misplaced.map(({ message }) => message)).toEqual([
      'a@2.0.0 stands in operations/a/2.0.0.yaml; delete one of the two',
    ]);
  });
});

test('an artefact is read only when it is asked about', () => {
  const read: string[] = [];
  const watched = {
    list: tree.list,
    read: (path: string) => {
      read.push(path);
      return tree.read(path);
    },
  };
  const lazy = loadRegistry(watched, SPECS);
  expect(lazy.find('operation', 'driver_push')?.version).toBe('1.10.0');
  expect(read).toEqual([]);
  expect(lazy.find('operation', 'driver_push', '1.4.9')?.status).toBe('draft');
  expect(read).toEqual(['operations/driver_push/1.4.9.yaml']);
});
