import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startLocalYt } from '../../src/local/yt/server.js';
import { openYtClient, type YtClient } from '../../src/yt/client.js';

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtn-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A local cluster and a client of it, both gone with the test. */
export async function localCluster(
  directory = temporaryFolder(),
): Promise<{ client: YtClient; address: string; stop(): Promise<void> }> {
  const server = await startLocalYt({ directory });
  const client = openYtClient({ proxy: server.address, retry: { initialMs: 1 } as object });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await client.close();
    await server.close();
  };
  onTestFinished(stop);
  return { client, address: server.address, stop };
}
