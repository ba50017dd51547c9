import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// `rtn check --base` over a registry of 2,000 versions with one change, against what no checker can do without: the
// start of Node and the git commands that find the change.

const ROOT = process.cwd();
const RTN = join(ROOT, 'dist', 'cli', 'main.js');
const OPERATIONS = 190;
const VERSIONS = 10;
const RUNS = 7;

const root = mkdtempSync(join(tmpdir(), 'rtn-bench-registry-'));
try {
  const paths = writeRegistry();
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'all');
  git('checkout', '-qb', 'work');
  edit(`operations/operation_007/1.0.${VERSIONS - 1}.yaml`);
  const floor = medianMs(() => void spawnSync(process.execPath, ['-e', '0']));
  const gitMs = medianMs(() => {
    git('rev-parse', 'HEAD', 'main');
    git('merge-base', 'main', 'HEAD');
    git('diff', '--raw', '-z', 'main', '--');
    git('ls-files', '--others', '--exclude-standard', '-z');
    execFileSync('git', ['cat-file', '--batch'], { cwd: root, input: 'HEAD\n' });
  });
  const based = medianMs(() => check(1, '--base', 'main'));
  const whole = medianMs(() => check(1), 3);
  const line = (name: string, ms: number, note = '') =>
    process.stdout.write(`${name.padEnd(44)} ${ms.toFixed(0).padStart(6)} ms  ${note}\n`);
  process.stdout.write(`registry of ${paths} versions, one of them edited\n`);
  line('node -e 0', floor);
  line('the git commands it needs', gitMs);
  line('rtn check --base main', based, `${(based / (floor + gitMs)).toFixed(2)} x node and git`);
  line('rtn check (all of it)', whole, `${(whole / paths).toFixed(2)} ms a version`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Copies of our own operation under other names and versions; gives how many versions there are. */
function writeRegistry(): number {
  for (const [from, name] of [
    ['layers/taxi-crm-push/1.4.10.yaml', undefined],
    ['templates/one-shot/1.0.0.yaml', undefined],
    ['templates/one-shot/1.0.0.mjs.hbs', undefined],
    ['templates/service/1.0.0.yaml', undefined],
    ['templates/service/1.0.0.mjs.hbs', undefined],
  ] as const)
    write(name ?? from, readFileSync(join(ROOT, from), 'utf8'));
  const layer = readFileSync(join(root, 'layers/taxi-crm-push/1.4.10.yaml'), 'utf8');
  write(
    'layers/taxi-crm-push/1.4.10.yaml',
    draftOf(layer).replace(/\n# What its[\s\S]*?lockfile: .*\n/, '\n'),
  );
  const operation = draftOf(readFileSync(join(ROOT, 'operations/driver_push/1.4.10.yaml'), 'utf8'));
  for (let index = 0; index < OPERATIONS; index++) {
    const name = `operation_${String(index).padStart(3, '0')}`;
    for (let patch = 0; patch < VERSIONS; patch++) {
      const text = operation.replace('name: driver_push', `name: ${name}`);
      write(`operations/${name}/1.0.${patch}.yaml`, text.replace('version: 1.4.10', `version: 1.0.${patch}`));
    }
  }
  for (let index = 0; index < 97; index++)
    write(
      `layers/layer-${index}/1.0.0.yaml`,
      draftOf(layer)
        .replace('name: taxi-crm-push', `name: layer-${index}`)
        .replace('version: 1.4.10', 'version: 1.0.0')
        .replace(/\n# What its[\s\S]*?lockfile: .*\n/, '\n'),
    );
  return OPERATIONS * VERSIONS + 97 + 3;
}

function draftOf(text: string): string {
  return text.replace('status: active', 'status: draft').replace(/\npublished:[\s\S]*$/, '');
}

/** A mistake, so that the check has something to say. */
function edit(path: string): void {
  const text = readFileSync(join(root, path), 'utf8');
  write(path, text.replace('max_attempts: 5', 'max_attempts: 0'));
}

function check(expected: number, ...words: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [RTN, 'check', ...words], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== expected) throw new Error(`rtn check ${words.join(' ')} ended with ${status}: ${stderr}`);
}

function git(...words: string[]): void {
  execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.org', ...words], {
    cwd: root,
    stdio: 'pipe',
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function medianMs(work: () => void, runs = RUNS): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}
