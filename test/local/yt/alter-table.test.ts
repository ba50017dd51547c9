import { expect, test } from 'vitest';
import type { YtClient } from '../../../src/yt/client.js';
import { localCluster } from '../../setup/yt.js';

interface ColumnText {
  readonly name: string;
  readonly type: string;
  readonly required?: boolean;
}

const schema = (columns: readonly ColumnText[], strict = true) => ({
  $value: columns,
  $attributes: { strict, unique_keys: false },
});

const BEFORE: readonly ColumnText[] = [
  { name: 'a', type: 'string', required: true },
  { name: 'b', type: 'int64' },
];

async function tableWith(client: YtClient, rows: readonly string[]): Promise<string> {
  await client.create('table', '//tmp/t', { attributes: { schema: schema(BEFORE) } });
  await client.writeTable('//tmp/t', rows);
  return '//tmp/t';
}

async function columnsOf(client: YtClient): Promise<unknown> {
  const { $value } = (await client.get('//tmp/t/@schema')) as { $value: ColumnText[] };
  return $value.map(({ name, type, required }) => ({ name, type, required }));
}

test('a table with rows takes more optional columns, and fewer required ones; rows that stand stay as they are', async () => {
  const { client } = await localCluster();
  const path = await tableWith(client, ['{"a":"x","b":1}\n']);
  const after = [
    { name: 'a', type: 'string', required: false },
    { name: 'b', type: 'int64', required: false },
    { name: 'c', type: 'timestamp', required: false },
  ];
  await client.alterTable(path, { schema: schema(after) });
  expect(await columnsOf(client)).toEqual(after);
  await client.writeTable(path, ['{"c":5}\n'], { append: true });
  let text = '';
  for await (const lines of await client.readTable(path)) text += lines.toString();
  expect(text).toBe('{"a":"x","b":1}\n{"c":5}\n');
});

test.each<[why: string, columns: ColumnText[], strict: boolean | undefined, message: string]>([
  ['a column less', [BEFORE[0] as ColumnText], true, 'Cannot remove column "b" from a strict schema'],
  [
    'another type',
    [BEFORE[0] as ColumnText, { name: 'b', type: 'string' }],
    true,
    'Type mismatch for column "b"',
  ],
  [
    'a column required',
    [BEFORE[0] as ColumnText, { name: 'b', type: 'int64', required: true }],
    true,
    'Cannot make column "b" required',
  ],
  [
    'a new column required',
    [...BEFORE, { name: 'c', type: 'int64', required: true }],
    true,
    'new required column "c"',
  ],
])('a table with rows does not take %s; an empty one does', async (_, columns, strict, message) => {
  const { client } = await localCluster();
  const path = await tableWith(client, ['{"a":"x"}\n']);
  await expect(client.alterTable(path, { schema: schema(columns, strict) })).rejects.toThrow(message);
  expect(await columnsOf(client)).toEqual(BEFORE.map((column) => ({ required: false, ...column })));
  await client.writeTable(path, []);
  await client.alterTable(path, { schema: schema(columns, strict) });
});

test('in a transaction it is locked, and seen outside after the commit alone', async () => {
  const { client } = await localCluster();
  const path = await tableWith(client, ['{"a":"x"}\n']);
  const transaction = await client.startTransaction();
  const more = schema([...BEFORE, { name: 'c', type: 'int64' }]);
  await client.alterTable(path, { schema: more, transaction });
  await client.writeTable(path, ['{"a":"y","c":1}\n'], { append: true, transaction });
  expect(await columnsOf(client)).toHaveLength(2);
  await expect(client.writeTable(path, ['{"a":"z"}\n'], { append: true })).rejects.toMatchObject({
    code: 'temporary',
  });
  await transaction.commit();
  expect(await columnsOf(client)).toHaveLength(3);
  expect(await client.get(`${path}/@row_count`)).toBe(2);
});
