import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../install.mjs';

/**
 * What `--kills=N --seed=N` ask for; undefined for other words.
 * @param {readonly string[]} words
 */
export function moveSettings(words) {
  const settings = { kills: 200, seed: Math.floor(Math.random() * 1e9) };
  for (const word of words) {
    const [, name, value] = /^--(kills|seed)=(\d+)$/.exec(word) ?? [];
    if (name === 'kills') settings.kills = Number(value);
    else if (name === 'seed') settings.seed = Number(value);
    else return undefined;
  }
  return settings;
}

/**
 * Kills movers of a log with these settings, for as long as it takes; gives the exit code.
 * @param {{ kills: number, seed: number }} settings
 */
export function soakMoves({ kills, seed }) {
  process.stdout.write(`To repeat it: npm run soak -- pg2yt --kills=${kills} --seed=${seed}\n`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', 'test/tasks/kills.test.ts', '--disable-console-intercept'],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PG2YT_KILLS: JSON.stringify({ kills, seed }) } },
  );
  return status ?? 1;
}
