import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testDatabase } from '../setup/database.js';
import { row, startDriverPush } from '../setup/driver-push.js';
import { httpServer, reply } from '../setup/http.js';
import { keepRun } from '../setup/kept-run.js';
import { localCluster, temporaryFolder } from '../setup/yt.js';

// `rtn retry` on each store, with real processes: what a run did not get through is sent again, and nothing else.

const ROOT = join(import.meta.dirname, '..', '..');
const ROWS = 300;
const REFUSED = ['d7', 'd123', 'd299'];

const database = testDatabase();

/** Where the log goes, and what its processes need for it. */
const STORES = {
  pg: async () => ({ log: 'pg:retried_log', environment: { DATABASE_URL: database.url } }),
  file: async () => ({ log: `file:${temporaryFolder()}`, environment: {} }),
  yt: async () => {
    const { client, address } = await localCluster();
    await client.create('map_node', '//home/crm', { recursive: true });
    return { log: 'yt://home/crm/log', environment: { YT_PROXY: address } };
  },
};

async function rtnProcess(words: readonly string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...words], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: code as number, output };
}

describe.each(Object.keys(STORES) as (keyof typeof STORES)[])('on %s', (store) => {
  test('a retry sends what was refused, once, and a second one nothing', async () => {
    const { log, environment } = await STORES[store]();
    const folder = temporaryFolder();
    const file = join(folder, 'rows.ndjson');
    writeFileSync(file, Array.from({ length: ROWS }, (_, at) => `${JSON.stringify(row(at))}\n`).join(''));
    const received: { to: string; key: string }[] = [];
    let isWell = false;
    const provider = await httpServer((request, response) => {
      const { to } = JSON.parse(request.body) as { to: string };
      received.push({ to, key: String(request.headers['idempotency-key']) });
      if (REFUSED.includes(to) && !isWell) reply(response, 400, {});
      else reply(response, 200, { id: 'p' });
    });
    const env = { ...environment, PUSH_TOKEN: 't' };
    const flags = ['--recipients', `file:${file}`, '--log', log, '--endpoint', provider.origin];
    const first = await startDriverPush('one-shot', [...flags, '--run-id', 'night'], env).ended;
    expect(first.output).toContain('297 sent, 3 rejected');
    expect(received).toHaveLength(ROWS);

    isWell = true;
    const keys = new Set(received.map(({ key }) => key));
    received.length = 0;
    const again = await rtnProcess(['retry', 'night', '--class', 'rejected', '--log', log], env);
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('3 read, 3 sent') });
    expect(again.output).toContain('run night~1');
    expect(received.map(({ to }) => to).sort()).toEqual([...REFUSED].sort());
    expect(received.some(({ key }) => keys.has(key))).toBe(false);

    const later = await rtnProcess(['retry', 'night~1', '--class', 'rejected', '--log', log], env);
    expect(later).toMatchObject({ code: 0, output: expect.stringContaining('0 read, 0 sent') });
    expect(received).toHaveLength(REFUSED.length);
  });
});

test.each(['running', 'paused'])(
  'a run that is %s is not repeated: what it sends is not known yet',
  async (standing) => {
    const log = `file:${temporaryFolder()}`;
    await keepRun(log, {}, { id: 'night', open: [0, 1] });
    if (standing === 'paused') await rtnProcess(['runs', 'pause', 'night', '--log', log], {});
    const { code, output } = await rtnProcess(['retry', 'night', '--in-doubt', '--log', log], {});
    expect(code).toBe(1);
    expect(output).toContain("the run 'night' is under way");
  },
);

test.each([
  [[], 'give one of --failed, --in-doubt, --class'],
  [['--failed', '--in-doubt'], 'give one of'],
  [['--class', 'A b'], 'expected a class such as throttled'],
  [['--failed'], "there is no run 'none'"],
] as const)('%j is refused with what to do', async (words, message) => {
  const { code, output } = await rtnProcess(
    ['retry', 'none', ...words, '--log', `file:${temporaryFolder()}`],
    {},
  );
  expect(code).toBe(2);
  expect(output).toContain(message);
  expect(output).toContain('next: ');
});
