import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { localCluster } from './yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** Starts a runner of the registry's driver_push by `rtn run`, from dist/. */
export function startDriverPush(
  runner: string,
  flags: readonly string[],
  environment: Record<string, string>,
) {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'dist', 'cli', 'main.js'), 'run', 'driver_push', '--runner', runner, '--', ...flags],
    { cwd: ROOT, env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
  return { child, ended };
}

/** The address of a local cluster whose table //home/recipients has these rows. */
export async function tableOf(rows: readonly object[]): Promise<string> {
  const { client, address } = await localCluster();
  await client.create('table', '//home/recipients');
  await client.writeTable(
    '//home/recipients',
    rows.map((row) => `${JSON.stringify(row)}\n`),
  );
  return address;
}

/** A row of driver_push. */
export const row = (index: number) => ({
  message_id: `m${index}`,
  driver_id: `d${index}`,
  title: 'Hi',
  text: `text ${index}`,
});
