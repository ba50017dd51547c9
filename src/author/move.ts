import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import type { Path } from '../registry/source.js';
import { suggestion } from '../registry/spelling.js';
import { splitReference } from '../registry/version.js';

/** The layer and the templates, each `name@version`, that operations are to name instead of what they name now. */
export interface Targets {
  readonly layer?: string | undefined;
  /** Runners that use another version of the same name move to it. */
  readonly templates?: readonly string[] | undefined;
}

interface Target {
  readonly kind: 'layer' | 'template';
  readonly to: string;
}

/**
 * The values that an operation's move to the targets changes, those that stand there already excepted. Throws `usage`
 * for a target that does not exist, that is withdrawn, or of which the operation has nothing to move.
 */
export function movesTo(
  operation: Artefact,
  registry: Registry,
  targets: Targets,
): { readonly path: Path; readonly value: string }[] {
  return targetsIn(targets).flatMap((target) => {
    refuseTarget(target, registry);
    const named = namesOf(operation, target);
    if (named.length === 0)
      throw new RtnError(
        'usage',
        `${referenceTo(operation)} names no ${target.kind} ${splitReference(target.to).name}`,
      );
    return named
      .filter(({ reference }) => reference !== target.to)
      .map(({ path }) => ({ path, value: target.to }));
  });
}

/**
 * The newest version of each line of each operation, where it is a draft or active and names another version of one of
 * the targets; with those of the targets that it names at all. Throws `usage` as `movesTo` does.
 */
export function outdatedBy(
  targets: Targets,
  registry: Registry,
): { readonly operation: Artefact; readonly targets: Targets }[] {
  const wanted = targetsIn(targets);
  for (const target of wanted) refuseTarget(target, registry);
  return registry.all('operation').flatMap((operation) => {
    const isNewest = registry.newestInLine(operation) === operation;
    if (!isNewest || (operation.status !== 'active' && operation.status !== 'draft')) return [];
    const named = wanted.filter((target) =>
      namesOf(operation, target, true).some(({ reference }) => reference !== target.to),
    );
    const templates = named.flatMap(({ kind, to }) => (kind === 'template' ? [to] : []));
    const layer = named.find(({ kind }) => kind === 'layer')?.to;
    return named.length === 0 ? [] : [{ operation, targets: { layer, templates } }];
  });
}

/** The targets one by one. */
export function targetsIn({ layer, templates = [] }: Targets): Target[] {
  return [
    ...(layer === undefined ? [] : [{ kind: 'layer' as const, to: layer }]),
    ...templates.map((to) => ({ kind: 'template' as const, to })),
  ];
}

/** An operation has one layer, which may move to one of another name when it is asked for; templates keep theirs. */
function namesOf(operation: Artefact, { kind, to }: Target, isSameName = kind === 'template') {
  const { name } = splitReference(to);
  return dependenciesOf(operation).filter(
    (named) => named.kind === kind && (!isSameName || splitReference(String(named.reference)).name === name),
  );
}

function refuseTarget({ kind, to }: Target, registry: Registry): void {
  const target = registry.resolve(kind, to);
  if (target === undefined) {
    const { name } = splitReference(to);
    const versions = registry.versions(kind, name).map(referenceTo);
    const names = registry.names(kind);
    const hint =
      versions.length === 0 ? suggestion(to, names) : `; there is ${versions.slice(-5).join(', ')}`;
    throw new RtnError('usage', `there is no ${kind} ${to}${hint}`, { next: `--${kind} takes NAME@VERSION` });
  }
  if (target.status === 'withdrawn') {
    throw new RtnError('usage', `${kind} ${to} is withdrawn: ${target.document.reason}`, {
      next: `rtn bump ${target.name}, or name another version`,
    });
  }
}
