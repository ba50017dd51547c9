import { expect, test } from 'vitest';
import { loadRegistry } from '../../src/registry/registry.js';
import { withChanges } from '../../src/registry/tree.js';
import { chainsFrom } from '../../src/rules/chains.js';
import { nextFree } from '../../src/rules/change.js';
import { house, OPERATION, textOf } from '../registry/house.js';
import { SPECS } from '../registry/specs.js';

/** The house with templates by name, each with the partials it lists, and operations with the template each uses. */
function registryOf(
  templates: Readonly<Record<string, readonly string[]>>,
  operations: Readonly<Record<string, string>> = {},
) {
  const documents = [
    ...Object.entries(templates).map(([name, partials]) => ({
      path: `templates/${name}/1.0.0.yaml`,
      content: `schema: template/v1\nname: ${name}\npartials: {${partials.map((each) => `${each}: ${each}@1.0.0`).join(', ')}}\n`,
    })),
    ...Object.entries(operations).map(([name, template]) => ({
      path: `operations/${name}/1.0.0.yaml`,
      content: `name: ${name}\nrunners: {main: {template: ${template}@1.0.0}}\n`,
    })),
  ];
  return loadRegistry(withChanges(house, documents), SPECS);
}

function chains(registry: ReturnType<typeof registryOf>, name: string): string[] {
  const artefact = registry.find('template', name);
  return artefact === undefined ? ['not there'] : chainsFrom(artefact, registry);
}

test('one line a way, with all operations at its end', () => {
  const registry = registryOf(
    { delay: [], retry: ['delay'], queue: ['delay'], idle: ['queue'] },
    { a_push: 'retry', b_push: 'retry', c_push: 'queue' },
  );
  expect(chains(registry, 'delay')).toEqual([
    'template delay 1.0.0 -> queue 1.0.0 -> c_push 1.0.0',
    'template delay 1.0.0 -> queue 1.0.0 -> idle 1.0.0',
    'template delay 1.0.0 -> retry 1.0.0 -> a_push 1.0.0, b_push 1.0.0',
  ]);
  expect(chains(registry, 'idle')).toEqual([]);
});

test('templates that include each other end', () => {
  const registry = registryOf({ a: ['b', 'c'], b: ['a'], c: [] }, { a_push: 'b' });
  expect(chains(registry, 'c')).toEqual(['template c 1.0.0 -> a 1.0.0 -> b 1.0.0 -> a_push 1.0.0']);
  expect(chains(registryOf({ a: ['b', 'c'], b: ['a'], c: [] }), 'c')).toEqual([
    'template c 1.0.0 -> a 1.0.0 -> b 1.0.0',
  ]);
});

test('many operations are counted', () => {
  const names = Array.from({ length: 14 }, (_, index) => `push_${String.fromCharCode(97 + index)}`);
  const [line = ''] = chains(
    registryOf({ retry: [] }, Object.fromEntries(names.map((name) => [name, 'retry']))),
    'retry',
  );
  expect(line).toMatch(/push_l 1\.0\.0 and 2 more$/);
});

test('a free number is above what stands here, on the base, and what the target got, of this kind and name', () => {
  const registry = loadRegistry(house, SPECS);
  const artefact = { kind: 'operation', name: 'driver_push', version: '1.4.10' } as const;
  expect(nextFree(artefact, registry, undefined)).toBe('1.4.11');
  const before = loadRegistry(
    withChanges(house, [{ path: 'operations/driver_push/1.4.11.yaml', content: textOf(OPERATION) }]),
    SPECS,
  );
  const base = { ref: 'main', commit: 'c', registry: before, changed: new Set<string>() };
  const rivals = [
    { ...artefact, version: '1.5.0' },
    { ...artefact, kind: 'layer', version: '1.4.20' },
    { ...artefact, name: 'user_push', version: '1.4.30' },
  ] as const;
  expect(nextFree(artefact, registry, { ...base, taken: rivals })).toBe('1.4.12');
  expect(nextFree(artefact, registry, { ...base, taken: [{ ...artefact, version: '1.4.15' }] })).toBe(
    '1.4.16',
  );
});
