import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The project's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a command of the project to its end and gives up with its exit code when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ quiet?: boolean }} [options] quiet keeps standard output back unless the command fails
 */
export function run(command, args, { quiet = false } = {}) {
  const isWindows = process.platform === 'win32';
  const { status, stdout } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: quiet ? ['ignore', 'pipe', 'inherit'] : 'inherit',
    shell: isWindows,
  });
  if (status === 0) return;
  if (stdout !== null) process.stdout.write(stdout);
  process.exit(status ?? 1);
}

/** Installs what package-lock.json says, unless that is what stands there already. */
export function install() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  const lock = join(ROOT, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('Installing what package-lock.json names …\n');
  // Not `npm ci`: it refuses a lockfile that lacks optional packages of other platforms, which some mirrors do not carry.
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit'], { quiet: true });
}

/** Compiles src/ to dist/. */
export function build() {
  run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) install();
