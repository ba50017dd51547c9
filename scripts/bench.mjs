import { join } from 'node:path';
import { install, ROOT, run } from './install.mjs';

// `npm run bench`: ratios against a bare loop in the same run. Compiled aside, so that dist/ holds only the product.
install();
const out = join(ROOT, 'node_modules', '.cache', 'rtn-bench');
const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
run(process.execPath, [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', out]);
run(process.execPath, [
  '-e',
  `require('fs').cpSync('bench/server.mjs', ${JSON.stringify(join(out, 'bench', 'server.mjs'))})`,
]);
run(process.execPath, [join(out, 'bench', 'send.js')]);
run(process.execPath, [join(out, 'bench', 'registry.js')]);
