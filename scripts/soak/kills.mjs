import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../install.mjs';

/** @typedef {Record<string, string | number>} KillSettings */

/** @type {Record<string, readonly string[] | undefined>} */
const CHOICES = {
  store: ['pg', 'file', 'yt'],
  policy: ['idempotent', 'resend', 'skip', 'hold'],
  sender: ['async', 'batch'],
};
const NUMBERS = ['rows', 'kills', 'seed'];

/**
 * What `--name=value` words ask for; undefined where they ask for nothing that there is.
 * @param {readonly string[]} words
 */
export function killSettings(words) {
  /** @type {KillSettings} */
  const settings = { store: 'pg', rows: 100_000, kills: 200, seed: Math.floor(Math.random() * 1e9) };
  for (const word of words) {
    const [, name = '', value = ''] = /^--(\w+)=(\w+)$/.exec(word) ?? [];
    const isNumber = NUMBERS.includes(name) && /^\d+$/.test(value);
    if (!isNumber && !CHOICES[name]?.includes(value)) return undefined;
    settings[name] = isNumber ? Number(value) : value;
  }
  return settings;
}

/**
 * Runs the test of kills with these settings, for as long as it takes; gives the exit code.
 * @param {KillSettings} settings
 */
export function soakKills(settings) {
  const again = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  process.stdout.write(`To repeat it: npm run soak -- kills ${again.join(' ')}\n`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', 'test/kills/kills.test.ts', '--disable-console-intercept'],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, KILLS: JSON.stringify(settings) } },
  );
  return status ?? 1;
}
