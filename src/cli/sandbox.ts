import type { Command } from 'commander';
import { postgresError } from '../postgres/errors.js';
import { tableText } from '../report/table.js';
import type { Session } from './session.js';

interface SandboxOptions {
  readonly dir?: string;
}

/** `rtn sandbox`: Postgres, a YTsaurus-compatible server and a push service on this machine, to try things on. */
export function register(command: Command, session: Session): void {
  command
    .option(
      '--dir <dir>',
      "where its data are kept (default: a folder of this project's in the temporary folder)",
    )
    .addHelpText(
      'after',
      '\nExamples:\n  rtn sandbox\n  rtn sandbox sql "select outcome, count(*) from driver_push_log group by 1"',
    )
    .action((options: SandboxOptions) => serve(options, session));
  command
    .command('sql')
    .description("Run one SQL statement on the sandbox's Postgres, which is started for it")
    .argument('<statement>', 'the statement')
    .option('--json', 'print the rows as JSON, one a line')
    .action((statement: string, options: { json?: boolean }) =>
      sql(statement, { ...command.opts<SandboxOptions>(), ...options }, session),
    );
}

async function directoryOf({ dir }: SandboxOptions, { cwd }: Session): Promise<string> {
  const { sandboxDirectory } = await import('../local/sandbox.js');
  return dir ?? sandboxDirectory(cwd);
}

async function serve(options: SandboxOptions, session: Session): Promise<void> {
  const { startSandbox } = await import('../local/sandbox.js');
  const sandbox = await startSandbox(await directoryOf(options, session));
  const exports = Object.entries(sandbox.environment).map(([name, value]) => `export ${name}=${value}\n`);
  session.out(`${exports.join('')}`);
  session.err(
    '\nThe sandbox runs until Ctrl-C. Paste the lines above into another terminal, then start a runner there.\n',
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await sandbox.close();
  session.err('The sandbox has stopped; its data stay.\n');
}

async function sql(
  statement: string,
  options: SandboxOptions & { readonly json?: boolean },
  session: Session,
): Promise<void> {
  const { startSandboxPostgres } = await import('../local/sandbox.js');
  const { default: pg } = await import('pg');
  const postgres = await startSandboxPostgres(await directoryOf(options, session));
  const client = new pg.Client({ connectionString: postgres.url });
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement);
    session.out(
      options.json === true ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : tableText(rows),
    );
  } catch (thrown) {
    throw postgresError('the statement failed', thrown);
  } finally {
    await client.end().catch(() => {});
    await postgres.close();
  }
}
