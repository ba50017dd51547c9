import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startLocalPostgres } from '../../src/local/postgres.js';
import { startLocalYt } from '../../src/local/yt/server.js';
import { openYtClient } from '../../src/yt/client.js';
import { disagreements } from '../../test/operations/agreement.js';
import { OPERATIONS, type SendingOperation } from '../../test/operations/cases.js';
import { INPUT_KINDS, type InputKind } from '../../test/operations/inputs.js';
import { LOG_KINDS, type LogKind } from '../../test/operations/logs.js';
import { type OperationRun, runOperation } from '../../test/operations/run.js';
import type { Surroundings } from '../../test/operations/surroundings.js';

/** One run: an operation from one kind of input to one kind of log. */
interface Cell {
  readonly name: string;
  readonly sending: SendingOperation;
  readonly input: InputKind;
  readonly log: LogKind;
}

/** Runs every cell whose name holds `only`; gives the exit code: 1 when log and receipts of any do not agree. */
export async function runMatrix(root: string, only: string): Promise<number> {
  const cells = allCells().filter(({ name }) => name.includes(only));
  const work = mkdtempSync(join(tmpdir(), 'rtn-matrix-'));
  // The user that runs Postgres has to get in.
  chmodSync(work, 0o755);
  const postgres = await startLocalPostgres({
    directory: join(work, 'postgres'),
    settings: { fsync: 'off' },
  });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const database: Surroundings['database'] = {
    url: postgres.url,
    query: async (sql, values) => (await pool.query(sql, values)).rows,
  };
  try {
    return await runCells(cells, { root, work, database });
  } finally {
    await pool.end();
    await postgres.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** A CSV field holds no list, so that an operation whose rows have one cannot read CSV. */
function allCells(): Cell[] {
  return OPERATIONS.flatMap((sending) =>
    INPUT_KINDS.filter((input) => sending.hasList !== true || !input.startsWith('csv')).flatMap((input) =>
      LOG_KINDS.map((log) => ({ name: `${sending.operation} ${input} to ${log}`, sending, input, log })),
    ),
  );
}

interface Place {
  readonly root: string;
  readonly work: string;
  readonly database: Surroundings['database'];
}

async function runCells(cells: readonly Cell[], place: Place): Promise<number> {
  const startedMs = performance.now();
  let agreeing = 0;
  for (const [index, cell] of cells.entries()) {
    const cellMs = performance.now();
    const { wrong, numbers } = await runCell(cell, place);
    if (wrong.length === 0) agreeing++;
    const tookS = ((performance.now() - cellMs) / 1_000).toFixed(1);
    const verdict = wrong.length === 0 ? 'agrees' : 'FAILED';
    say(`${String(index + 1).padStart(3)}/${cells.length} ${verdict} ${cell.name}: ${numbers}; ${tookS} s`);
    for (const each of wrong) say(`      ${each}`);
  }
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  say(`${agreeing} of ${cells.length} runs agree with the provider's receipts, in ${minutes} min`);
  return agreeing === cells.length && cells.length > 0 ? 0 : 1;
}

/** One run in a folder, and where needed on a YTsaurus, of its own. What goes wrong is told and ends no other run. */
async function runCell({ sending, input, log }: Cell, { root, work, database }: Place) {
  const folder = join(work, 'cell');
  mkdirSync(folder, { recursive: true });
  const isOnYt = input === 'yt' || log === 'yt';
  const server = isOnYt ? await startLocalYt({ directory: join(folder, 'yt') }) : undefined;
  const cluster = server && {
    client: openYtClient({ proxy: server.address }),
    address: server.address,
  };
  try {
    const run = await runOperation(sending, { input, log }, { root, folder, database, cluster });
    return { wrong: disagreements(sending, run), numbers: numbersOf(run) };
  } catch (thrown) {
    return { wrong: [String(thrown)], numbers: 'no numbers' };
  } finally {
    await cluster?.client.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function numbersOf({ provider, log }: OperationRun): string {
  const outcomes = new Map<string, number>();
  for (const { outcome } of log) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const logged = [...outcomes].map(([outcome, count]) => `${count.toLocaleString('en-US')} ${outcome}`);
  const { resets, slow, busy } = provider.troubles;
  const refused = [...provider.answers].filter(([status]) => status >= 400).sort(([a], [b]) => a - b);
  const answers = refused.map(([status, count]) => `${count} × ${status}`);
  return [
    ...logged,
    `${provider.receipts.size.toLocaleString('en-US')} receipts (${answers.join(', ')}, ${resets} cut, ${slow} slow, ${busy} busy)`,
  ].join(', ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
