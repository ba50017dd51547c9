import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { oneLine, RtnError } from '../error.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';

export interface LocalPostgres {
  /** For `DATABASE_URL`: user, password, loopback address and port of this server. */
  readonly url: string;
  close(): Promise<void>;
}

export interface LocalPostgresOptions {
  /** Holds the database and survives a stop. Every folder above it must be enterable by the user that runs Postgres. */
  readonly directory: string;
  /** Extra server settings, for example `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts a real Postgres on a free port of the loopback address; the first start makes the database. */
export async function startLocalPostgres({
  directory,
  settings = {},
}: LocalPostgresOptions): Promise<LocalPostgres> {
  const binaries = await findPostgresBinaries();
  try {
    const password = await initialise(directory, binaries);
    await stopLeftOver(join(directory, 'data'), binaries);
    const port = await freePort();
    const server = await startServer(binaries, join(directory, 'data'), port, settings);
    return {
      url: `postgres://rtn:${password}@127.0.0.1:${port}/postgres`,
      async close() {
        await stop(server);
        await binaries.release();
      },
    };
  } catch (thrown) {
    await binaries.release();
    throw thrown;
  }
}

/** Makes the database if there is none yet; gives its password. */
async function initialise(directory: string, { initdb, user }: PostgresBinaries): Promise<string> {
  const [data, passwordFile] = [join(directory, 'data'), join(directory, 'password')];
  if (await exists(join(data, 'PG_VERSION'))) return readFile(passwordFile, 'utf8');
  await rm(data, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  if (user !== undefined) await chmod(directory, 0o755);
  await mkdir(data, { mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [data, passwordFile]) await chown(path, user.uid, user.gid);
  const args = [
    '-D',
    data,
    '-U',
    'rtn',
    '--pwfile',
    passwordFile,
    '--auth',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale',
    'C',
    '--no-sync',
  ];
  const child = spawn(initdb, args, {
    ...user,
    cwd: data,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors = collect(child);
  const [exitCode] = await once(child, 'exit');
  if (exitCode !== 0) throw startError(`initdb ended with ${exitCode}`, errors());
  return password;
}

/** Stops the server of a process that was killed before it could. `pg_ctl` tells a live one from a stale file. */
async function stopLeftOver(data: string, { pgCtl, user }: PostgresBinaries): Promise<void> {
  if (!(await exists(join(data, 'postmaster.pid')))) return;
  const child = spawn(pgCtl, ['stop', '-D', data, '-m', 'fast', '-s'], {
    ...user,
    cwd: data,
    env: environment(),
    stdio: 'ignore',
  });
  await once(child, 'exit');
}

async function startServer(
  { postgres, user }: PostgresBinaries,
  data: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', ...settings };
  const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const child = spawn(postgres, args, {
    ...user,
    cwd: data,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const errors = collect(child);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(startError(cause.message, '')));
    child.once('exit', (code) => reject(startError(`postgres ended with ${code}`, errors())));
    createInterface({ input: child.stderr ?? process.stdin }).on('line', (line) => {
      if (line.includes('database system is ready to accept connections')) resolve();
    });
  });
  child.removeAllListeners('exit');
  return child;
}

/** SIGINT is Postgres's fast shutdown: open transactions are rolled back, connections closed. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGINT');
  await exited;
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

/** Keeps the end of what a process writes to standard error, for the message of its failure. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-2_000);
  });
  return () => text;
}

function startError(what: string, errors: string): RtnError {
  return new RtnError(
    'unavailable',
    `the sandbox's Postgres could not start: ${what}. ${oneLine(errors.trim(), 1_500)}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('unreachable');
  return address.port;
}
