import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RtnError } from '../error.js';
import { findRoot, workTree, writeChanges } from '../git/worktree.js';
import { schemaFiles } from '../registry/documentSchema.js';
import { suggestion } from '../registry/spelling.js';
import { componentsOf } from './components.js';
import { rootOf, type Session, withRoot } from './session.js';

const KINDS = ['operation', 'layer', 'template', 'schedules', 'config', 'waivers'];

/** `rtn schema`: the JSON Schemas that the modelines of documents point to. */
export function register(command: Command, session: Session): void {
  withRoot(command)
    .argument('[kind]', `one of ${KINDS.join(', ')}`)
    .option('--write', 'write all of them to schemas/ of the registry')
    .addHelpText('after', '\nExamples:\n  rtn schema operation\n  rtn schema --write')
    .action(async (kind: string | undefined, options: { root?: string; write?: boolean }) => {
      const root = findRoot(resolve(session.cwd, options.root ?? '.'));
      const specs =
        root === undefined ? await session.components() : (await componentsOf(root, session)).specs;
      const files = schemaFiles(specs);
      if (options.write === true) session.out(write(rootOf(options, session), files));
      else session.out(print(kind, files));
    });
}

function print(kind: string | undefined, files: Readonly<Record<string, string>>): string {
  const text = files[`schemas/${kind}.schema.json`];
  if (text !== undefined) return text;
  const problem = kind === undefined ? 'which schema?' : `there is no schema '${kind}'`;
  throw new RtnError('usage', `${problem}${suggestion(kind ?? '', KINDS)}`, {
    next: 'rtn schema operation, or rtn schema --write',
  });
}

function write(root: string, files: Readonly<Record<string, string>>): string {
  const tree = workTree(root);
  const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
  const stale = changes.filter(
    ({ path, content }) => Buffer.from(tree.read(path) ?? '').toString() !== content,
  );
  writeChanges(root, stale);
  return stale.length === 0
    ? 'schemas/ is up to date\n'
    : stale.map(({ path }) => `wrote ${path}\n`).join('');
}
