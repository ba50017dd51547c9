import { createHash } from 'node:crypto';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RtnError } from '../error.js';
import { type LocalPostgres, startLocalPostgres } from './postgres.js';
import { type PushProvider, type PushProviderOptions, startPushProvider } from './provider.js';
import { lockDirectory } from './yt/directory-lock.js';
import { type LocalYt, startLocalYt } from './yt/server.js';

/** The token that the sandbox's push service accepts. It protects nothing: the service listens on loopback and sends nothing on. */
const SANDBOX_TOKEN = 'sandbox-token';

/** The secrets of the operations that it stands in for, that of one as `rtn new operation` writes it first. */
const TOKENS = [
  'API_TOKEN',
  'PUSH_TOKEN',
  'PROMOTIONS_TOKEN',
  'AUDIENCE_TOKEN',
  'EXPERIMENTS_TOKEN',
  'COUPONS_TOKEN',
  'FEED_TOKEN',
  'SMS_TOKEN',
];

export interface Sandbox {
  /** What a runner needs to find everything: DATABASE_URL, YT_PROXY, the tokens of all operations, RTN_PARAM_ENDPOINT. */
  readonly environment: Readonly<Record<string, string>>;
  readonly postgres: LocalPostgres;
  readonly yt: LocalYt;
  readonly provider: PushProvider;
  close(): Promise<void>;
}

/**
 * The sandbox's folder of a project: in the system's temporary folder, which the user that runs Postgres can always
 * enter, under a name of the project's path. Its data survive a stop.
 */
export function sandboxDirectory(project: string): string {
  const name = createHash('sha256').update(resolve(project)).digest('hex').slice(0, 12);
  return join(tmpdir(), `realtime-notifications-${name}`);
}

interface SandboxOptions {
  /** How the push service behaves. */
  readonly provider?: Omit<PushProviderOptions, 'token'>;
  /** Starts with nothing: what an earlier sandbox left is removed. */
  readonly isFresh?: boolean;
}

/** Starts a real Postgres, a YTsaurus-compatible server and a push service, all on free ports of the loopback address. */
export async function startSandbox(
  directory: string,
  { provider = {}, isFresh = false }: SandboxOptions = {},
): Promise<Sandbox> {
  const unlock = await takeDirectory(directory);
  const started: { close(): Promise<void> }[] = [{ close: async () => unlock() }];
  const keep = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    started.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of started) await part.close();
  };
  try {
    if (isFresh)
      for (const part of ['postgres', 'yt'])
        await rm(join(directory, part), { recursive: true, force: true });
    const yt = keep(await startLocalYt({ directory: join(directory, 'yt') }));
    const postgres = keep(await startPostgres(directory));
    const push = keep(await startPushProvider({ ...provider, token: SANDBOX_TOKEN }));
    const environment = {
      DATABASE_URL: postgres.url,
      YT_PROXY: yt.address,
      ...Object.fromEntries(TOKENS.map((name) => [name, SANDBOX_TOKEN])),
      RTN_PARAM_ENDPOINT: push.endpoint,
    };
    return { environment, postgres, yt, provider: push, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The sandbox's Postgres alone. Throws `temporary` while a sandbox runs there. */
export async function startSandboxPostgres(directory: string): Promise<LocalPostgres> {
  const unlock = await takeDirectory(directory);
  try {
    const postgres = await startPostgres(directory);
    return { url: postgres.url, close: () => postgres.close().finally(unlock) };
  } catch (thrown) {
    unlock();
    throw thrown;
  }
}

/** Its data may be lost in a power cut, which is the price of a fast start. */
function startPostgres(directory: string): Promise<LocalPostgres> {
  return startLocalPostgres({ directory: join(directory, 'postgres'), settings: { fsync: 'off' } });
}

/** Makes the folder, which has to be ours, and takes it for this process. */
async function takeDirectory(directory: string): Promise<() => void> {
  await mkdir(directory, { recursive: true });
  const { uid } = await stat(directory);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new RtnError('configuration', `${directory} belongs to another user`, {
      next: 'give a folder of your own with --dir',
    });
  }
  if (uid === 0) await chmod(directory, 0o755);
  return lockDirectory(directory);
}
