import { type Artefact, classify, referenceTo } from '../registry/artefact.js';
import { changedParts, recordedDigests } from '../registry/digest.js';
import { sourceDigests, sourceFiles, sourceGlobs } from '../registry/layerSources.js';
import type { Registry } from '../registry/registry.js';
import { deprecatedOf, draftOf, missingOf, subject, withdrawnOf } from './named.js';
import { at, type Judged, judgedOf, listInWords, type Rule } from './rule.js';
import { affectedOperations } from './sources.js';

const missing: Rule = {
  id: 'layer/missing',
  severity: 'error',
  doc: 'The operation names a layer that does not exist. A layer is named by its exact version, name@version, and stands in layers/<name>/<version>.yaml.',
  check: (judged) => missingOf('layer', judged),
};

const draft: Rule = {
  id: 'layer/draft',
  severity: 'error',
  doc: 'A published operation names a layer that is still a draft, which anyone may edit: what was published would change under it. Publish the layer.',
  check: (judged) => draftOf('layer', judged),
};

const withdrawn: Rule = {
  id: 'layer/withdrawn',
  severity: 'error',
  doc: 'An active operation, or a draft, names a layer that was withdrawn because it is bad: it can be neither generated nor run. Move the operation to another layer with `rtn bump NAME --layer LAYER@VERSION`; the version before it becomes deprecated when the new one is published, and then this finding is gone.',
  check: (judged) => withdrawnOf('layer', judged),
};

const deprecated: Rule = {
  id: 'layer/deprecated',
  severity: 'warning',
  doc: 'A new version of an operation names a deprecated layer. Old versions may go on using it and nobody is forced up, but what is made anew should start on what is meant to last.',
  check: (judged) => deprecatedOf('layer', judged),
};

const sources: Rule = {
  id: 'layer/sources',
  severity: 'error',
  doc: 'The sources or the lockfile of a layer changed since its newest version was published, and there is no newer draft: the next image would hold other code under the same version. Old layers are records and are never computed again. `rtn bump LAYER` makes the draft; operations stay on the published version until somebody moves them.',
  *check(judged) {
    for (const layer of newestLayers(judged)) {
      // An edit of the globs themselves is version/immutable.
      if (changedParts(layer, judged.registry).length > 0) continue;
      const recorded = recordedDigests(layer);
      const now = sourceDigests(layer, judged.registry.tree);
      const stale = Object.keys(now).filter(
        (part) => recorded?.[part] !== undefined && recorded[part] !== now[part],
      );
      if (stale.length === 0) continue;
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
  doc: 'The globs of a draft layer name no file, or its lockfile is not there: the layer would be published from nothing, and no later change of its code would be noticed.',
  *check(judged) {
    for (const layer of judgedOf('layer', judged)) {
      if (layer.status !== 'draft' || !layer.isSound) continue;
      const { tree } = judged.registry;
      const globs = sourceGlobs(layer);
      const { lockfile } = layer.document;
      if (globs.length > 0 && sourceFiles(globs, tree).length === 0)
        yield at(layer, ['sources'], `no file is named by ${globs.join(', ')}`);
      if (typeof lockfile === 'string' && tree.read(lockfile) === undefined)
        yield at(layer, ['lockfile'], `there is no file ${lockfile}`);
    }
  },
};

/** The newest published version of each layer, unless a newer draft is there to take up what changed. */
function newestLayers({ registry, base }: Judged): Artefact[] {
  if (base !== undefined && !mayTouchSources(base.changed)) return [];
  return registry.names('layer').flatMap((name) => {
    const newest = registry.find('layer', name);
    if (newest === undefined || newest.status === 'draft' || newest.status === 'withdrawn' || !newest.isSound)
      return [];
    return base === undefined || isTouched(newest, registry, base.changed) ? [newest] : [];
  });
}

/** A change of documents of operations and templates alone opens no layer. */
function mayTouchSources(changed: ReadonlySet<string>): boolean {
  return [...changed].some((path) => {
    const identity = classify(path);
    return typeof identity === 'string' || ('kind' in identity && identity.kind === 'layer');
  });
}

/** With a base, only a change of the layer's own files asks the question: old findings do not fail a pull request. */
function isTouched(layer: Artefact, registry: Registry, changed: ReadonlySet<string>): boolean {
  if (changed.has(layer.path) || changed.has(String(layer.document.lockfile))) return true;
  const paths = [...changed];
  const before = { list: () => paths, read: (path: string) => registry.tree.read(path) ?? new Uint8Array() };
  return sourceFiles(sourceGlobs(layer), before).some((file) => changed.has(file));
}

export const LAYER_RULES: readonly Rule[] = [missing, draft, withdrawn, deprecated, sources, noSources];
