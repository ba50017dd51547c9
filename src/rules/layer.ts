import { type Artefact, classify, referenceTo } from '../registry/artefact.js';
import { changedParts, recordedDigests } from '../registry/digest.js';
import { isMap } from '../registry/jsonSchema.js';
import {
  filesOfGlob,
  lockfileOf,
  pathsNamed,
  sourceDigests,
  sourceFiles,
  sourceGlobs,
} from '../registry/layerSources.js';
import type { Registry } from '../registry/registry.js';
import type { FileTree } from '../registry/tree.js';
import { type Base, removedArtefacts } from './change.js';
import { namedRules, subject } from './named.js';
import { at, type Found, type Judged, judgedOf, listInWords, type Rule } from './rule.js';
import { affectedOperations } from './sources.js';

const NAMED = namedRules('layer', {
  missing:
    'The operation names a layer that does not exist. A layer is named by its exact version, name@version, and stands in layers/<name>/<version>.yaml.',
  draft:
    'A published operation names a layer that is still a draft, which anyone may edit: what was published would change under it. Publish the layer.',
  withdrawn:
    'An active operation, or a draft, names a layer that was withdrawn because it is bad: it can be neither generated nor run. Move the operation to another layer with `rtn bump NAME --layer LAYER@VERSION`; the version before it becomes deprecated when the new one is published, and then this finding is gone.',
  deprecated:
    'A new version of an operation names a deprecated layer. Old versions may go on using it and nobody is forced up, but what is made anew should start on what is meant to last.',
});

const sources: Rule = {
  id: 'layer/sources',
  severity: 'error',
  doc: 'The sources or the lockfile of a layer changed since its newest version was published, and there is no newer draft: the next image would hold other code under the same version. Old layers are records and are never computed again. `rtn bump LAYER` makes the draft; operations stay on the published version until somebody moves them.',
  *check(judged) {
    const { tree } = judged.registry;
    for (const layer of newestLayers(judged)) {
      // An edit of the globs themselves is version/immutable.
      if (changedParts(layer, judged.registry).length > 0) continue;
      yield* unrecorded(layer, judged);
      const stale = staleParts(layer, tree);
      if (stale.length === 0 || isBackAt(layer, judged.registry)) continue;
      yield at(
        layer,
        ['version'],
        `the ${listInWords(stale)} of ${referenceTo(layer)} changed since it was published, and there is no newer draft`,
        {
          notes: affectedOperations(layer, judged),
          fix: `rtn bump ${subject(layer, judged.registry)}`,
        },
      );
    }
  },
};

const noSources: Rule = {
  id: 'layer/no-sources',
  severity: 'error',
  doc: 'A glob of a draft layer names no file, or its lockfile is not there: that part of the layer would be published from nothing, and no later change of its code would be noticed. A glob names files: those of a folder are folder/**.',
  *check(judged) {
    for (const layer of judgedOf('layer', judged)) {
      if (layer.status !== 'draft' || !layer.isSound) continue;
      const { tree } = judged.registry;
      yield* emptyGlobs(layer, tree);
      const lockfile = lockfileOf(layer);
      if (lockfile !== undefined && tree.read(lockfile) === undefined)
        yield at(layer, ['lockfile'], `there is no file ${lockfile}`);
    }
  },
};

function* emptyGlobs(layer: Artefact, tree: FileTree): Iterable<Found> {
  const globs = sourceGlobs(layer);
  const empty = [...globs.entries()].filter(
    ([, glob]) => !glob.startsWith('!') && filesOfGlob(glob, tree).length === 0,
  );
  for (const [index, glob] of empty) {
    const folder = glob.replace(/\/$/, '');
    const hint = tree.list(folder).length > 0 ? `; all files of a folder are ${folder}/**` : '';
    yield at(layer, ['sources', index], `no file is named by ${glob}${hint}`);
  }
  const files = sourceFiles(globs, tree);
  if (globs.length > 0 && empty.length === 0 && files.length === 0)
    yield at(layer, ['sources'], 'no file is left of the sources after those that ! takes away');
  for (const file of files) {
    if (tree.read(file) === undefined)
      yield at(layer, ['sources'], `${file} is no regular file, so a change of it would not be noticed`);
  }
}

const SOURCE_PARTS = ['sources', 'lockfile'] as const;

/** What differs from the record of a published layer: a lockfile that is gone, too. */
function staleParts(layer: Artefact, tree: FileTree): string[] {
  const [recorded, now] = [recordedDigests(layer), sourceDigests(layer, tree)];
  return SOURCE_PARTS.filter((part) => recorded?.[part] !== undefined && recorded[part] !== now[part]);
}

/** A record without the digest of what the layer names would never be seen to change. */
function* unrecorded(layer: Artefact, { base }: Judged): Iterable<Found> {
  const before = base?.registry.find('layer', layer.name, layer.version);
  // That it was cut out is version/digest.
  if (isMap(before?.document.published)) return;
  const recorded = recordedDigests(layer);
  const missing = SOURCE_PARTS.filter(
    (part) => layer.document[part] !== undefined && recorded?.[part] === undefined,
  );
  if (missing.length > 0)
    yield at(
      layer,
      ['published'],
      `the record of ${referenceTo(layer)} has no digest of its ${listInWords(missing)}, so no change of them would be noticed; take what \`rtn publish\` wrote from git`,
    );
}

/** Whether the tree has gone back from a withdrawn version to what another one was published from. */
function isBackAt(layer: Artefact, registry: Registry): boolean {
  if (layer.status !== 'withdrawn') return false;
  return registry
    .versions('layer', layer.name)
    .some(
      (other) =>
        (other.status === 'active' || other.status === 'deprecated') &&
        recordedDigests(other) !== undefined &&
        sourceGlobs(other).length > 0 &&
        staleParts(other, registry.tree).length === 0,
    );
}

/** The newest published version of each layer, unless a newer draft is there to take up what changed. */
function newestLayers({ registry, base }: Judged): Artefact[] {
  if (base !== undefined && !mayTouchSources(base.changed)) return [];
  return registry.names('layer').flatMap((name) => {
    const newest = registry.find('layer', name);
    if (newest === undefined || newest.status === 'draft' || !newest.isSound) return [];
    return base === undefined || isTouched(newest, registry, base) ? [newest] : [];
  });
}

/** A change of documents of operations and templates alone opens no layer. */
function mayTouchSources(changed: ReadonlySet<string>): boolean {
  return [...changed].some((path) => {
    const identity = classify(path);
    return typeof identity === 'string' || ('kind' in identity && identity.kind === 'layer');
  });
}

/**
 * With a base, only a change of the layer's own files asks the question, or of its versions when a draft that had
 * taken up what changed is gone: old findings do not fail a pull request.
 */
function isTouched(layer: Artefact, registry: Registry, base: Base): boolean {
  const { changed } = base;
  if (changed.has(layer.path) || changed.has(lockfileOf(layer) ?? '')) return true;
  const removed = removedArtefacts(registry, base);
  return (
    removed.some(({ kind, name }) => kind === 'layer' && name === layer.name) ||
    pathsNamed(sourceGlobs(layer), changed).length > 0
  );
}

export const LAYER_RULES: readonly Rule[] = [...NAMED, sources, noSources];
