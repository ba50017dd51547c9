import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { httpServer, reply } from '../setup/http.js';
import { temporaryFolder } from '../setup/yt.js';

const SCRIPT = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'unit-alert.js');
const WORDS = ['HOOK', 'weekly', 'driver_push', '1.4.10', 'crm', ''];

/** As systemd starts it after a unit has failed. */
async function alert(address: string | undefined) {
  const file = join(temporaryFolder(), 'HOOK');
  if (address !== undefined) writeFileSync(file, `${address}\n`);
  const monitored = {
    MONITOR_SERVICE_RESULT: 'exit-code',
    MONITOR_EXIT_CODE: 'exited',
    MONITOR_EXIT_STATUS: '65',
  };
  const child = spawn(process.execPath, [SCRIPT, ...WORDS], {
    env: { ...monitored, MONITOR_UNIT: 'rtn-weekly.service', RTN_ALERT_FILE: file },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number, said };
}

test('posts how the unit of a schedule has failed', async () => {
  const { origin, requests } = await httpServer((_, response) => reply(response, 200));
  expect(await alert(`${origin}/secret-path`)).toEqual({ code: 0, said: '' });
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /secret-path']);
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
    event: 'failed',
    schedule: 'weekly',
    operation: 'driver_push',
    version: '1.4.10',
    owner: 'crm',
    project: null,
    exit_code: 65,
    reason: 'exit-code: exited 65; journalctl -u rtn-weekly.service',
  });
});

test('tells what went wrong without the address', async () => {
  const { origin } = await httpServer((_, response) => reply(response, 404));
  const refused = await alert(`${origin}/secret-path`);
  expect(refused.code).not.toBe(0);
  expect(refused.said).toContain('HOOK answered HTTP 404');
  expect(refused.said).not.toContain('secret-path');
  expect(await alert(undefined)).toEqual({
    code: 1,
    said: 'error: the alert was not sent: the file with HOOK cannot be read (ENOENT)\n',
  });
});
