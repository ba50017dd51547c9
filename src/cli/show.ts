import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { workTree } from '../git/worktree.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { digestsOf, operationDigest } from '../registry/digest.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { type LookOptions, withLookOptions } from './look.js';
import { pageOf } from './page.js';
import { rootOf, type Session } from './session.js';

/** `rtn show`: one version on one screen. */
export function register(command: Command, session: Session): void {
  withLookOptions(command, 'what NAME is, where several kinds have it')
    .argument('<name>', 'NAME, NAME@VERSION or a file; without a version the newest')
    .addHelpText('after', '\nExamples:\n  rtn show driver_push\n  rtn show taxi-crm-push@1.4.10 --json')
    .action(async (name: string, options: LookOptions) => {
      const registry = loadRegistry(workTree(rootOf(options, session)), await session.components());
      const artefact = pick(registry, name, options.kind);
      session.out(
        options.json === true ? asJson(artefact, registry) : pageOf(artefact, registry, session.columns),
      );
    });
}

function asJson(artefact: Artefact, registry: Registry): string {
  const { kind, name, version, status, path, document } = artefact;
  const report = {
    kind,
    name,
    version,
    status,
    path,
    document,
    digests: digestsOf(artefact, registry),
    ...(kind === 'operation' && { digest: operationDigest(artefact, registry) }),
    dependents: registry.dependents(artefact).map(referenceTo),
    versions: registry
      .versions(kind, name)
      .map((other) => ({ version: other.version, status: other.status })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
