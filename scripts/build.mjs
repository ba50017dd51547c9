import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './install.mjs';

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
chmodSync(join(ROOT, 'dist', 'cli', 'main.js'), 0o755);
