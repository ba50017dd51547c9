import { RtnError } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { DIGEST_FORM, digestsOf, recordedDigests } from '../registry/digest.js';
import type { Finding } from '../registry/finding.js';
import { sourceGlobs } from '../registry/layerSources.js';
import { dependenciesOf } from '../registry/links.js';
import type { Registry } from '../registry/registry.js';
import { type FileChange, type FileTree, withChanges } from '../registry/tree.js';
import { byVersion, lineOf } from '../registry/version.js';
import { COMMIT, type Plan } from './plan.js';
import { rewrite } from './rewrite.js';
import { retarget } from './successor.js';
import { placeOf, refuseLeft } from './verdict.js';

export interface PublishOptions {
  /** Publishes the draft layer and templates that it names first. */
  readonly withDeps: boolean;
  /** Leaves the version before it active. */
  readonly keepPrevious: boolean;
  /** `2026-11-23`. */
  readonly today: string;
  /** The commit that is checked out, which a layer records; undefined outside of git. */
  readonly commit?: string | undefined;
}

/** Reads and judges a tree; the rules' `judge` with the components put in. */
export type Judge = (tree: FileTree) => { registry: Registry; findings: readonly Finding[] };

/**
 * Makes a draft active: records its digests, and marks the version before it in its line as replaced. The tree that
 * would come out is judged before anything is written; throws `configuration` with what stands against it.
 */
export function planPublish(artefact: Artefact, tree: FileTree, judge: Judge, options: PublishOptions): Plan {
  const { registry } = judge(tree);
  // A status that was set by hand, without a record of what was published, is that of a draft all the same.
  if (artefact.status !== 'draft' && recordedDigests(artefact) !== undefined) {
    throw new RtnError(
      'usage',
      `${referenceTo(artefact)} is ${artefact.status} already; only a draft is published`,
      { next: `rtn bump ${artefact.name}` },
    );
  }
  const steps = [...draftDependencies(artefact, registry, options), artefact];
  let changes: FileChange[] = [];
  const notes: string[] = [];
  for (const { kind, name, version } of steps) {
    const now = judge(withChanges(tree, changes));
    const draft = now.registry.find(kind, name, version);
    if (draft === undefined) throw new RtnError('internal', `${name}@${version} was lost while publishing`);
    refuseFindings(draft, now.findings, now.registry);
    const step = publishOne(draft, now.registry, options);
    changes = [...changes, ...step.changes];
    notes.push(...step.notes);
  }
  refuseLeft(changes, judge(withChanges(tree, changes)).findings, 'publishing');
  return { changes, notes, next: COMMIT };
}

/** The drafts that it names, at whatever remove, each before what names it; throws unless they are to be published with it. */
function draftDependencies(artefact: Artefact, registry: Registry, { withDeps }: PublishOptions): Artefact[] {
  const drafts = new Set<Artefact>();
  const visit = (at: Artefact, above: readonly Artefact[]): void => {
    for (const { kind, reference } of dependenciesOf(at)) {
      const named = registry.resolve(kind, reference);
      if (named?.status !== 'draft' || above.includes(named)) continue;
      visit(named, [...above, named]);
      drafts.add(named);
    }
  };
  visit(artefact, [artefact]);
  if (drafts.size > 0 && !withDeps) {
    const list = [...drafts].map((draft) => `${draft.kind} ${referenceTo(draft)}`).join(', ');
    throw new RtnError('configuration', `${referenceTo(artefact)} names drafts: ${list}`, {
      next: `rtn publish ${referenceTo(artefact)} --with-deps`,
    });
  }
  return [...drafts];
}

function refuseFindings(draft: Artefact, findings: readonly Finding[], registry: Registry): void {
  const files = [draft.path, registry.textOf(draft)?.path];
  // That its status was set by hand is what publishing mends.
  const isMended = (rule: string) => rule === 'version/status' && recordedDigests(draft) === undefined;
  const against = findings.filter(
    ({ file, severity, rule }) => severity === 'error' && files.includes(file) && !isMended(rule),
  );
  const [first] = against;
  if (first === undefined) return;
  const more = against.length > 1 ? ` (and ${against.length - 1} more)` : '';
  throw new RtnError('configuration', `${referenceTo(draft)} has findings: ${placeOf(first)}${more}`, {
    next: 'rtn check',
  });
}

function publishOne(
  draft: Artefact,
  registry: Registry,
  { keepPrevious, today, commit }: PublishOptions,
): Pick<Plan, 'changes' | 'notes'> {
  const isOfCommit = commit !== undefined && sourceGlobs(draft).length > 0;
  const record = {
    form: DIGEST_FORM,
    at: today,
    ...digestsOf(draft, registry),
    ...(isOfCommit && { commit }),
  };
  // Drafts made by hand may carry these from what they were copied from.
  const text = rewrite(draft.source, {
    set: { status: 'active' },
    drop: ['replaced_by', 'reason', 'remove_after'],
    append: { published: record },
  });
  const changes: FileChange[] = [{ path: draft.path, content: text }];
  const notes = [`published ${draft.kind} ${referenceTo(draft)}: ${draft.path}`];
  const previous = keepPrevious ? undefined : predecessor(draft, registry);
  if (previous !== undefined) {
    changes.push({
      path: previous.path,
      content: rewrite(previous.source, { set: { status: 'deprecated', replaced_by: referenceTo(draft) } }),
    });
    notes.push(`deprecated ${previous.kind} ${referenceTo(previous)}, replaced by ${referenceTo(draft)}`);
    const others = retarget(previous, referenceTo(draft), '', registry);
    changes.push(...others.changes);
    notes.push(...others.notes);
  }
  return { changes, notes };
}

/** The newest active version below it in its line. */
function predecessor(draft: Artefact, registry: Registry): Artefact | undefined {
  return registry
    .versions(draft.kind, draft.name)
    .findLast(
      ({ version, status }) =>
        status === 'active' &&
        lineOf(version) === lineOf(draft.version) &&
        byVersion(version, draft.version) < 0,
    );
}
