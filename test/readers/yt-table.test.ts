import { expect, test } from 'vitest';
import type { JsonSchema } from '../../src/component.js';
import type { YtClient } from '../../src/yt/client.js';
import { testRun } from '../setup/run.js';
import { localCluster } from '../setup/yt.js';
import { drain, readerOf, rowsOf } from './drain.js';

const PATH = '//home/rows';

async function tableOf(columns: readonly object[], rows: readonly object[] = []) {
  const { client, address } = await localCluster();
  await client.create('table', PATH, { recursive: true, attributes: { schema: columns } });
  await client.writeTable(
    PATH,
    rows.map((row) => `${JSON.stringify(row)}\n`),
  );
  return { client, run: testRun({ environment: { YT_PROXY: address } }) };
}

const read = (run: ReturnType<typeof testRun>, row: JsonSchema, path = PATH) =>
  drain(readerOf(`yt:${path}`, row), run);

test('rows come in order with their index, nulls left out, integers as text where the operation wants strings', async () => {
  const columns = [
    { name: 'id', type: 'uint64' },
    { name: 'small', type: 'int32' },
    { name: 'both', type: 'int64' },
    { name: 'text', type: 'string' },
  ];
  const { run } = await tableOf(columns, [
    { id: 7, small: 1, both: 2, text: 'a' },
    { id: 8, text: null },
  ]);
  const row = {
    properties: { id: { type: 'string' }, small: { type: 'string' }, both: { type: ['string', 'integer'] } },
  };
  const { total, records } = await read(run, row);
  expect(rowsOf({ records })).toEqual([{ id: '7', small: '1', both: 2, text: 'a' }, { id: '8' }]);
  expect(total).toBe(2);
});

test('a part of a table is its rows, with their index', async () => {
  const ids = Array.from({ length: 9 }, (_, index) => ({ id: `r${index}` }));
  const { run } = await tableOf([{ name: 'id', type: 'string' }], ids);
  for (const [from, to] of [[3], [3, 5], [0, 2], [8, 20], [9]] as const) {
    const { records } = await drain(readerOf(`yt:${PATH}`), run, { from, to });
    expect(records).toEqual(ids.map((row, position) => ({ position, row })).slice(from, to));
  }
});

test.each([
  ['boolean', 'string'],
  ['double', 'string'],
  ['string', 'integer'],
  ['int64', 'boolean'],
  ['timestamp', 'object'],
])('a column of type %s where the operation wants %s is told before the first row', async (type, wanted) => {
  const { run } = await tableOf([{ name: 'id', type }]);
  await expect(read(run, { properties: { id: { type: wanted } } })).rejects.toMatchObject({
    code: 'configuration',
    message: `yt:${PATH} has the column id as ${type}, the operation wants ${wanted}`,
  });
});

test('a table without its key column, or without a required one, is told before the first row', async () => {
  const { run } = await tableOf([{ name: 'text', type: 'string' }]);
  await expect(read(run, { required: ['more'] })).rejects.toMatchObject({
    code: 'configuration',
    message: `yt:${PATH} lacks the column id, more that the operation requires; it has text`,
  });
});

test.each([
  ['nothing', async () => {}, '//home/none', /no child|none/],
  [
    'a folder',
    async (client: YtClient): Promise<unknown> => client.create('map_node', '//home/none'),
    '//home/none',
    /is no table: got a map_node/,
  ],
])('%s at the path is told before the first row', async (_, prepare, path, message) => {
  const { client, run } = await tableOf([{ name: 'id', type: 'string' }]);
  await prepare(client);
  await expect(read(run, {}, path)).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringMatching(message),
  });
});
