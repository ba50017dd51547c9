import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './install.mjs';

// What scheduler targets are tested with, where the machine has it not: Debian's packages, unpacked beside the others' caches
// (cron, which is then never started as the machine's own), or installed, by root (systemd, which needs its libraries).

const CACHE = join(ROOT, 'node_modules', '.cache', 'rtn-debian');

/** @type {Readonly<Record<string, { package: string, paths: string[], canUnpack: boolean, firstStart?: string[] }>>} */
const TOOLS = {
  cron: { package: 'cron', paths: ['usr/sbin/cron'], canUnpack: true },
  // Its first start on a machine makes the folder of tables, and fails where Debian's group crontab is missing.
  crontab: {
    package: 'cron',
    paths: ['usr/bin/crontab'],
    canUnpack: true,
    firstStart: ['-n', join(ROOT, 'LICENSE')],
  },
  'systemd-analyze': { package: 'systemd', paths: ['usr/bin/systemd-analyze'], canUnpack: false },
  systemd: {
    package: 'systemd',
    paths: ['usr/lib/systemd/systemd', 'lib/systemd/systemd'],
    canUnpack: false,
  },
};

/**
 * The path of a tool: the machine's own, or one that was fetched before. Fetches nothing.
 * @param {string} name
 * @returns {string | undefined}
 */
function findTool(name) {
  const tool = TOOLS[name];
  if (tool === undefined) throw new Error(`no such tool: ${name}`);
  const places = tool.canUnpack ? ['/', join(CACHE, tool.package)] : ['/'];
  return places
    .flatMap((place) => tool.paths.map((path) => join(place, path)))
    .find((path) => existsSync(path));
}

/**
 * The path of a tool, fetched where it is missing; else why it could not be.
 * @param {string} name
 * @returns {{ path: string } | { problem: string }}
 */
function obtainTool(name) {
  const tool = TOOLS[name];
  if (findTool(name) === undefined && tool !== undefined) {
    if (tool.canUnpack) unpack(tool.package);
    else if (process.getuid?.() === 0) install(tool.package);
  }
  const path = findTool(name);
  if (path !== undefined && tool?.firstStart !== undefined) spawnSync(path, tool.firstStart);
  return path === undefined
    ? { problem: `${name} is missing and could not be had: apt-get install ${tool?.package}` }
    : { path };
}

/** @param {string} name */
function unpack(name) {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'work-'));
  try {
    if (!apt(['download', name], work)) return;
    const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
    const to = join(work, 'root');
    if (archive === undefined || spawnSync('dpkg-deb', ['-x', join(work, archive), to]).status !== 0) return;
    // Whoever is first has put the same there.
    if (!existsSync(join(CACHE, name))) renameSync(to, join(CACHE, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} name */
function install(name) {
  apt(['install', '-y', '-qq', '--no-install-recommends', name], ROOT);
}

/**
 * A fresh machine has no lists of packages yet.
 * @param {string[]} words
 * @param {string} cwd
 */
function apt(words, cwd) {
  const run = (/** @type {string[]} */ ...all) =>
    spawnSync('apt-get', all, {
      cwd,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 300_000,
    }).status === 0;
  return run(...words) || (run('update', '-qq') && run(...words));
}

// `node scripts/debian-tools.mjs [NAME…]`: prints the path of each, and says what is missing; all of them without a name.
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(TOOLS)) {
  const had = obtainTool(name);
  if ('path' in had) process.stdout.write(`${had.path}\n`);
  else {
    process.stderr.write(`${had.problem}\n`);
    process.exitCode = 1;
  }
}
