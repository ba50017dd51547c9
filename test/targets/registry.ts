import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { runCommand } from '../../src/cli/command.js';
import type { ComponentSpec } from '../../src/component.js';
import { temporaryFolder } from '../setup/yt.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** driver_push of our own registry, with these schedules, in a folder that goes with the test. */
export function registryWith(
  { components }: { readonly components: readonly ComponentSpec[] },
  schedules: (place: { readonly folder: string }) => Readonly<Record<string, object>>,
) {
  const root = temporaryFolder();
  for (const folder of ['operations/driver_push', 'layers', 'templates'])
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  const write = (entries: Readonly<Record<string, object>>) =>
    writeFileSync(
      join(root, 'operations/driver_push/schedules.yaml'),
      stringify({ schema: 'schedules/v1', schedules: entries }),
    );
  write(schedules({ folder: root }));
  return {
    root,
    write,
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    async rtn(...words: string[]) {
      const said = { out: '', err: '' };
      const code = await runCommand(words, {
        cwd: root,
        env: {},
        hasColor: false,
        exitCode: 0,
        components: async () => components,
        out: (text) => {
          said.out += text;
        },
        err: (text) => {
          said.err += text;
        },
      });
      return { code, ...said };
    },
  };
}
