import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build, install, ROOT, run } from './install.mjs';

// `npm run bench [-- NAME FLAG…]`: ratios against a bare loop in the same run, all of them or one. Compiled aside, so
// that dist/ holds only the product.
install();
build();
const out = join(ROOT, '.cache', 'bench');
const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
run(process.execPath, [tsc, '-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', out]);
cpSync(join(ROOT, 'bench', 'server.mjs'), join(out, 'bench', 'server.mjs'));
const [name, ...flags] = process.argv.slice(2);
for (const each of name === undefined
  ? ['send', 'pipeline', 'registry', 'copy', 'durability', 'pg2yt']
  : [name])
  run(process.execPath, [join(out, 'bench', `${each}.js`), ...flags]);
