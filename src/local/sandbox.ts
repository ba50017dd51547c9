import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type LocalPostgres, startLocalPostgres } from './postgres.js';
import { type PushProvider, type PushProviderOptions, startPushProvider } from './provider.js';
import { type LocalYt, startLocalYt } from './yt/server.js';

/** The token that the sandbox's push service accepts. It protects nothing: the service listens on loopback and sends nothing on. */
const SANDBOX_TOKEN = 'sandbox-token';

export interface Sandbox {
  /** What a runner needs to find everything: DATABASE_URL, YT_PROXY, PUSH_TOKEN, RTN_PARAM_ENDPOINT. */
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

export async function removeSandbox(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

/** Starts a real Postgres, a YTsaurus-compatible server and a push service, all on free ports of the loopback address. */
export async function startSandbox(directory: string, provider: Omit<PushProviderOptions, 'token'> = {}): Promise<Sandbox> {
  await makeDirectory(directory);
  const started: { close(): Promise<void> }[] = [];
  const keep = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    started.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of started) await part.close();
  };
  try {
    const yt = keep(await startLocalYt({ directory: join(directory, 'yt') }));
    const postgres = keep(await startSandboxPostgres(directory));
    const push = keep(await startPushProvider({ ...provider, token: SANDBOX_TOKEN }));
    const environment = {
      DATABASE_URL: postgres.url,
      YT_PROXY: yt.address,
      PUSH_TOKEN: SANDBOX_TOKEN,
      RTN_PARAM_ENDPOINT: push.endpoint,
    };
    return { environment, postgres, yt, provider: push, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The sandbox's Postgres alone. Its data may be lost in a power cut, which is the price of a fast start. */
export async function startSandboxPostgres(directory: string): Promise<LocalPostgres> {
  await makeDirectory(directory);
  return startLocalPostgres({ directory: join(directory, 'postgres'), settings: { fsync: 'off' } });
}

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  if (process.getuid?.() === 0) await chmod(directory, 0o755);
}
