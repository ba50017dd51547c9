import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../install.mjs';

// `npm run soak -- kills [--store=pg|file|yt] [--policy=idempotent|resend|skip|hold] [--sender=async|batch] [--kills=N]
// [--rows=N] [--seed=N]`: runs that are killed at random times and started again, until so many kills have come together
// for each policy and sender. A line of figures each; fails when a message is not accounted for.

const CHOICES = {
  store: ['pg', 'file', 'yt'],
  policy: ['idempotent', 'resend', 'skip', 'hold'],
  sender: ['async', 'batch'],
};
/** @type {Record<string, string | number>} */
const settings = { store: 'pg', rows: 100_000, kills: 200, seed: Math.floor(Math.random() * 1e9) };
for (const word of process.argv.slice(3)) {
  const [, name = '', value = ''] = /^--(\w+)=(\w+)$/.exec(word) ?? [];
  const choices = CHOICES[/** @type {keyof typeof CHOICES} */ (name)];
  const isNumber = ['rows', 'kills', 'seed'].includes(name) && Number.isInteger(Number(value));
  if (!isNumber && !choices?.includes(value)) {
    process.stderr.write(
      `${word}: expected ${[...Object.keys(CHOICES), 'rows', 'kills', 'seed'].join(', ')}\n`,
    );
    process.exit(64);
  }
  settings[name] = isNumber ? Number(value) : value;
}
const again = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
process.stdout.write(`To repeat it: npm run soak -- kills ${again.join(' ')}\n`);
const { status } = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    'test/kills/kills.test.ts',
    '--disable-console-intercept',
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, KILLS: JSON.stringify(settings) } },
);
process.exitCode = status ?? 1;
