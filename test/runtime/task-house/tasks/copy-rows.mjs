import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { RtnError } from 'realtime-notifications';

export const spec = {
  kind: 'task',
  key: 'copy-rows',
  construct: 'copyRows',
  description: 'Appends the rows of a table that a file lacks to it.',
  binds: [
    { to: 'input', schemes: ['pg'] },
    { to: 'output', schemes: ['file'] },
  ],
  fields: {
    batch_rows: { description: 'Most rows of one write.', schema: { type: 'integer', minimum: 1 } },
    mode: { description: 'What it does.', schema: { type: 'string' } },
    token: { description: 'A secret.', schema: { type: 'string' }, isRequired: true },
  },
};

/** Ids grow, and what is in the file is there for good: it may be started again at any point. */
export function copyRows(input, output, { batchRows, mode }) {
  const path = output.location.target;
  return {
    async run(run) {
      if (mode === 'refuse')
        throw new RtnError('configuration', 'the table is\nno good', { next: 'mend the table' });
      if (mode === 'break') throw new TypeError('x is no function');
      if (mode === 'leak') setInterval(() => {}, 1_000);
      if (mode === 'hold' || mode === 'deaf') return waits(run, mode);
      const client = new pg.Client({ connectionString: run.environment.DATABASE_URL });
      await client.connect();
      try {
        const table = client.escapeIdentifier(input.location.target);
        const { rows } = await client.query(`select id, text from ${table} where id > $1 order by id`, [
          lastIn(path),
        ]);
        let done = 0;
        if (!run.isDryRun)
          for (; done < rows.length && !run.signal.aborted; done += batchRows) {
            const batch = rows.slice(done, done + batchRows);
            appendFileSync(path, batch.map(({ id, text }) => `${id} ${text}\n`).join(''));
            run.progress({ done: Math.min(done + batchRows, rows.length), total: rows.length, unit: 'rows' });
          }
        return {
          isComplete: run.isDryRun || done >= rows.length,
          summary: { rows_copied: run.isDryRun ? 0 : rows.length, rows_there: rows.length },
          lines: [`${rows.length} rows ${run.isDryRun ? 'to copy' : 'copied'} from ${input.location.text}`],
        };
      } finally {
        await client.end();
      }
    },
  };
}

function lastIn(path) {
  if (!existsSync(path)) return 0;
  const [last = '0'] = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-1);
  return Number(last.split(' ')[0]);
}

/** At work until it is told to end; who is deaf goes on all the same. */
async function waits(run, mode) {
  const keepAlive = setInterval(() => {}, 1_000);
  run.progress({ done: 3, total: 10, unit: 'rows' });
  run.warn('waiting');
  await new Promise((resolve) => {
    if (mode === 'hold') run.signal.addEventListener('abort', resolve);
  });
  clearInterval(keepAlive);
  return { isComplete: false, summary: { rows_copied: 3 }, lines: ['3 rows copied'] };
}
