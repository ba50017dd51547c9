import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { startLocalYt } from '../../../src/local/yt/server.js';
import type { YtClient } from '../../../src/yt/client.js';
import { hasYtCode } from '../../../src/yt/failure.js';
import { snapshotTable } from '../../../src/yt/snapshot.js';
import { localCluster, temporaryFolder } from '../../setup/yt.js';

async function read(
  client: YtClient,
  path: string,
  options: Parameters<YtClient['readTable']>[1] = {},
): Promise<unknown[]> {
  const pieces: string[] = [];
  for await (const piece of await client.readTable(path, options)) pieces.push(piece.toString('utf8'));
  return pieces
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `{"i":${from + index},"t":"ё${from + index}"}\n`);

async function codeOf(call: Promise<unknown>): Promise<number | undefined> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return [301, 307, 402, 500, 501, 506, 1000, 11000].find((code) => hasYtCode(error, code));
}

describe('the tree', () => {
  test('holds nodes, documents and attributes', async () => {
    const { client } = await localCluster();
    await client.create('map_node', '//home/a/b', { recursive: true });
    await client.set('//home/a/doc', { x: [1, 'ё', null, 1.5] });
    await client.setAttributes('//home/a', { owner_team: 'crm' });
    expect(await client.list('//home/a')).toEqual(['b', 'doc']);
    expect(await client.get('//home/a/doc')).toMatchObject({});
    expect(await client.get('//home/a/@owner_team')).toBe('crm');
    expect(await client.exists('//home/a/c')).toBe(false);
    await client.remove('//home/a', { recursive: true });
    expect(await client.exists('//home/a')).toBe(false);
  });

  test.each<[string, number, (client: YtClient) => Promise<unknown>]>([
    ['a missing path', 500, (client) => client.get('//home/none')],
    ['a missing parent', 500, (client) => client.create('table', '//home/a/b/c')],
    ['a taken path', 501, (client) => client.create('map_node', '//home')],
    [
      'a map that is not empty',
      506,
      async (client) => {
        await client.create('table', '//home/a/t', { recursive: true });
        await client.remove('//home/a');
      },
    ],
    [
      'a transaction that never was',
      11000,
      (client) => client.get('//home', { transaction: { id: '1-2-10001-4' } }),
    ],
    [
      'a missing prerequisite',
      1000,
      (client) => client.set('//home/@x', 1, { prerequisites: [{ id: '1-2-10001-4' }] }),
    ],
    [
      'a row against a strict schema',
      307,
      async (client) => {
        await client.create('table', '//home/t', { attributes: { schema: [{ name: 'i', type: 'int64' }] } });
        await client.writeTable('//home/t', ['{"i":"text"}\n']);
      },
    ],
  ])('answers %s with %i', async (_, code, act) => {
    const { client } = await localCluster();
    expect(await codeOf(act(client))).toBe(code);
  });

  test('survives a stop, tables and all', async () => {
    const directory = temporaryFolder();
    const first = await localCluster(directory);
    await first.client.create('table', '//home/t');
    await first.client.writeTable('//home/t', rows(0, 3));
    await first.stop();
    const second = await localCluster(directory);
    expect(await read(second.client, '//home/t')).toHaveLength(3);
  });

  test('is one process alone', async () => {
    const directory = temporaryFolder();
    await localCluster(directory);
    await expect(startLocalYt({ directory })).rejects.toMatchObject({
      code: 'temporary',
      message: expect.stringContaining('in use'),
    });
  });
});

describe('a table', () => {
  test('is replaced, appended to and read by ranges, the row index told before the rows', async () => {
    const { client } = await localCluster();
    await client.create('table', '//home/t');
    await client.writeTable('//home/t', rows(0, 5));
    await client.writeTable('//home/t', rows(0, 3_000));
    await client.writeTable('//home/t', rows(3_000, 5_000), { append: true });
    expect(await client.get('//home/t/@row_count')).toBe(5_000);
    const part = await client.readTable('//home/t', { startRow: 2_998, endRow: 3_002 });
    expect(part.startRowIndex).toBe(2_998);
    expect(await read(client, '//home/t', { startRow: 2_998, endRow: 3_002 })).toEqual(
      [2_998, 2_999, 3_000, 3_001].map((i) => ({ i, t: `ё${i}` })),
    );
    expect(await read(client, '//home/t', { startRow: 4_999, columns: ['i'] })).toEqual([{ i: 4_999 }]);
    for await (const _ of part) break;
  });

  test('gives 64-bit integers digit by digit and leaves nulls out', async () => {
    const { client } = await localCluster();
    await client.create('table', '//home/t', {
      attributes: {
        schema: [
          { name: 'id', type: 'int64' },
          { name: 'n', type: 'string' },
        ],
      },
    });
    await client.writeTable('//home/t', ['{"id":9007199254740993,"n":null}\n']);
    const pieces: string[] = [];
    for await (const piece of await client.readTable('//home/t')) pieces.push(piece.toString());
    expect(pieces.join('').replaceAll(' ', '')).toBe('{"id":9007199254740993}\n');
  });

  test('is not touched by a write that breaks off', async () => {
    const { client } = await localCluster();
    await client.create('table', '//home/t');
    await client.writeTable('//home/t', rows(0, 2));
    async function* broken() {
      yield* rows(0, 50_000);
      throw new Error('the source broke');
    }
    await expect(client.writeTable('//home/t', broken())).rejects.toThrow('the source broke');
    expect(await read(client, '//home/t')).toHaveLength(2);
  });
});

describe('a transaction', () => {
  test('shows its changes to others only when it is committed', async () => {
    const { client } = await localCluster();
    const transaction = await client.startTransaction();
    await client.create('table', '//home/t', { transaction });
    await client.writeTable('//home/t', rows(0, 2), { transaction });
    expect(await client.exists('//home/t')).toBe(false);
    expect(await read(client, '//home/t', { transaction })).toHaveLength(2);
    await transaction.commit();
    expect(await read(client, '//home/t')).toHaveLength(2);
  });

  test('that is aborted leaves nothing', async () => {
    const { client } = await localCluster();
    const transaction = await client.startTransaction();
    await client.create('table', '//home/t', { transaction });
    await transaction.abort();
    expect(await client.exists('//home/t')).toBe(false);
  });

  test('keeps others off what it locked', async () => {
    const { client } = await localCluster();
    await client.create('table', '//home/t');
    const transaction = await client.startTransaction();
    await client.lock('//home/t', { mode: 'exclusive', transaction });
    expect(await codeOf(client.writeTable('//home/t', rows(0, 1)))).toBe(402);
    await transaction.abort();
    await client.writeTable('//home/t', rows(0, 1));
  });

  test('with a snapshot lock reads the frozen table, whatever becomes of it', async () => {
    const { client } = await localCluster();
    await client.create('table', '//home/t');
    await client.writeTable('//home/t', rows(0, 3));
    const transaction = await client.startTransaction();
    const snapshot = await snapshotTable(client, '//home/t', transaction);
    await client.writeTable('//home/t', rows(0, 1));
    await client.remove('//home/t');
    expect(snapshot.rowCount).toBe(3);
    expect(await read(client, snapshot.path, { transaction })).toHaveLength(3);
    await transaction.abort();
  });
});

describe('the HTTP side', () => {
  test('carries a repeated mutation out once', async () => {
    const { address } = await localCluster();
    const call = async (retry: boolean) => {
      const parameters = { timeout: 60_000, mutation_id: '1-2-3-4', retry };
      const { body } = await request(`http://${address}/api/v4/start_transaction`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(parameters),
      });
      return body.json();
    };
    expect(await call(true)).toEqual(await call(true));
    expect(await call(false)).not.toEqual(await call(false));
  });

  test('answers a repeated commit as it did the first, though its transaction and what that relied on have ended', async () => {
    const { client, address } = await localCluster();
    const lease = await client.startTransaction();
    const transaction = await client.startTransaction({ prerequisites: [lease] });
    const commit = async (mutation: string, retry: boolean) => {
      const parameters = { transaction_id: transaction.id, mutation_id: mutation, retry };
      const { statusCode, body } = await request(`http://${address}/api/v4/commit_transaction`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...parameters, prerequisite_transaction_ids: [lease.id] }),
      });
      await body.dump();
      return statusCode;
    };
    expect(await commit('1-2-3-4', false)).toBe(200);
    await lease.abort();
    expect(await commit('1-2-3-4', true)).toBe(200);
    expect(await commit('5-6-7-8', true)).toBe(400);
  });

  test.each([
    ['a page of the web', { origin: 'https://evil.example' }],
    ['a name that points here', { host: 'evil.example' }],
  ])('refuses %s', async (_, headers) => {
    const { address } = await localCluster();
    const { statusCode, body } = await request(`http://${address}/api/v4/get`, { headers });
    await body.dump();
    expect(statusCode).toBe(403);
  });

  test('asks for the token when it has one, and never tells it', async () => {
    const server = await startLocalYt({ directory: temporaryFolder(), token: 's3cret' });
    const { statusCode, body } = await request(`http://${server.address}/api/v4/get`, {
      headers: { authorization: 'OAuth wrong' },
    });
    expect([statusCode, await body.text()]).toEqual([401, expect.not.stringContaining('s3cret')]);
    await server.close();
  });
});
