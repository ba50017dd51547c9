import { test } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
const session = () => ({ cwd: process.cwd(), env: {}, hasColor: false, out: (t: string) => console.log(t.slice(0, 3000)), err: (t: string) => console.log('ERR', t), exitCode: 0 });
test('x', async () => {
  for (const w of [['check'], ['check', '--explain', 'reference/typ'], ['chekc'], ['check', '--hepl'], [], ['check', '--help'], ['schema', 'operaton'], ['--version']]) console.log(w, await runCommand(w, session()));
});
