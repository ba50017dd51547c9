import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_NAME } from '../generator/runner.js';
import type { RunnerFile } from '../generator/runner-files.js';

/** How the names of folders of runners begin, in the system's folder for temporary files. */
export const RUNNER_FOLDER = 'rtn-run-';

/** Puts a runner into a folder of its own whose node_modules leads to the package at `root`. Who makes it removes it. */
export function makeRunnerFolder(file: RunnerFile, root: string): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), RUNNER_FOLDER));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', PACKAGE_NAME), 'junction');
  const path = join(folder, file.name);
  writeFileSync(path, file.text);
  return { folder, path };
}
