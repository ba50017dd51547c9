import pg from 'pg';
import { openYtClient } from '../../dist/yt/client.js';

/**
 * What a moved log has come to: the rows still in Postgres, the daily tables of the archive with theirs, and whether
 * each message stands there once.
 * @param {import('../../dist/local/sandbox.js').Sandbox} sandbox
 * @param {{ table: string, folder: string }} where
 */
export async function archived(sandbox, { table, folder }) {
  const client = new pg.Client({ connectionString: sandbox.postgres.url });
  await client.connect();
  const { rows } = await client.query(`select count(*)::int as count from ${client.escapeIdentifier(table)}`);
  await client.end();
  const yt = openYtClient({ proxy: sandbox.yt.address });
  try {
    const tables = [];
    const seen = new Set();
    for (const name of await yt.list(folder)) {
      const path = `${folder}/${name}`;
      let count = 0;
      for await (const lines of await yt.readTable(path, { columns: ['run_id', 'position'] })) {
        for (const line of lines.toString().trimEnd().split('\n')) {
          seen.add(line);
          count++;
        }
      }
      tables.push({ path, rows: count });
    }
    const total = tables.reduce((sum, { rows: count }) => sum + count, 0);
    return { tables, left: rows[0].count, isSame: seen.size === total };
  } finally {
    await yt.close();
  }
}
