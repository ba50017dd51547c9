import { expect, test } from 'vitest';
import { loadRegistry } from '../../src/registry/registry.js';
import { withChanges } from '../../src/registry/tree.js';
import type { Judged } from '../../src/rules/rule.js';
import { affectedOperations } from '../../src/rules/sources.js';
import { edited, house, LAYER, OPERATION, textOf } from '../registry/house.js';
import { SPECS } from '../registry/specs.js';

const SOURCES: Readonly<Record<string, string>> = {
  'package-lock.json': '{}',
  'src/table.ts': "import { rows } from './shared/rows.js';\nexport function table() {}\n",
  'src/zmq.ts':
    "import type { Rows } from './shared/rows.js';\nexport type { Row } from './table.js';\nexport const zmq = () => import('./socket.mjs');\n",
  'src/socket.mts': 'export const open = 1;\n',
  'src/shared/rows.ts': "import '../shared/cells.js';\nexport const rows = 1;\n",
  'src/shared/cells.ts': "export * from './rows.js';\n",
  'src/rest.ts':
    'export class asyncSender {}\nexport async function httpChannel() {}\nexport function log() {}\n',
};

/** driver_push reads by table and zmq, table_push by table alone; both are active on the layer that these sources make. */
const active = textOf(OPERATION).replace('status: draft', 'status: active');
const tree = withChanges(
  edited(LAYER, {
    'node: ': 'sources: ["src/**/*.{ts,mts}", "!src/own.ts"]\nlockfile: package-lock.json\nnode: ',
  }),
  [
    { path: OPERATION, content: active },
    {
      path: 'operations/table_push/1.0.0.yaml',
      content: active.slice(0, active.indexOf('  service:')).replace('name: driver_push', 'name: table_push'),
    },
    ...Object.entries(SOURCES).map(([path, content]) => ({ path, content })),
  ],
);

function notesFor(changed: readonly string[] | undefined, files = tree): string[] {
  const registry = loadRegistry(files, SPECS);
  const layer = registry.find('layer', 'taxi-crm-push');
  if (layer === undefined) throw new Error('the house has a layer');
  const base = changed && { ref: 'main', commit: 'c', registry, changed: new Set(changed), taken: [] };
  const judged: Judged = {
    registry,
    specs: SPECS,
    base,
    artefacts: [],
    scheduleFiles: [],
    touchedSchedules: [],
    dependents: [],
    modules: undefined,
    loading: [],
    today: '2026-11-24',
  };
  return affectedOperations(layer, judged);
}

const BOTH = 'driver_push@1.4.10 and table_push@1.0.0';

test.each<[what: string, changed: string, affected: string]>([
  ['the file of a component', 'src/zmq.ts', 'components changed of driver_push@1.4.10'],
  ['what it imports only when it opens', 'src/socket.mts', 'components changed of driver_push@1.4.10'],
  ['what it imports at some remove, in a circle', 'src/shared/cells.ts', `components changed of ${BOTH}`],
  ['what no component imports', 'src/alone.ts', `used by ${BOTH}`],
  ['a file that is gone', 'src/gone.ts', `used by ${BOTH}`],
  ['the lockfile', 'package-lock.json', `used by ${BOTH}`],
])('%s', (_, changed, affected) => {
  const files = changed.endsWith('alone.ts') ? withChanges(tree, [{ path: changed, content: '' }]) : tree;
  expect(notesFor([changed, 'README.md', 'src/own.ts'], files)).toEqual([`changed: ${changed}`, affected]);
});

test('an import of types alone is none', () => {
  const files = withChanges(tree, [{ path: 'src/table.ts', content: 'export function table() {}\n' }]);
  expect(notesFor(['src/shared/rows.ts'], files)[1]).toBe(`used by ${BOTH}`);
});

test('a component that is no longer exported by any source, after one was deleted, counts as changed', () => {
  const files = withChanges(tree, [{ path: 'src/table.ts', content: null }]);
  expect(notesFor(['src/table.ts'], files)[1]).toBe(`components changed of ${BOTH}`);
});

test('many files are counted, and without a base all users are told', () => {
  const many = Array.from({ length: 7 }, (_, index) => `src/${index}.ts`);
  expect(notesFor(many)[0]).toBe(`changed: ${many.slice(0, 5).join(', ')} and 2 more`);
  expect(notesFor(undefined)).toEqual([`used by ${BOTH}`]);
});

test('a layer that nobody in use names has nothing to tell', () => {
  expect(
    notesFor(
      ['src/zmq.ts'],
      withChanges(tree, [
        { path: OPERATION, content: null },
        { path: 'operations/table_push/1.0.0.yaml', content: null },
      ]),
    ),
  ).toEqual([]);
  expect(house.list('operations')).toHaveLength(1);
});
