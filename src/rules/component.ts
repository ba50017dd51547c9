import type { Artefact } from '../registry/artefact.js';
import { sourceFiles, sourceGlobs } from '../registry/layerSources.js';
import { modulePath } from '../registry/module.js';
import { suggestion } from '../registry/spelling.js';
import { at, type Judged, judgedOf, type Rule } from './rule.js';
import { usesOf } from './use.js';

const unknown: Rule = {
  id: 'component/unknown',
  severity: 'error',
  doc: 'A runner uses a reader, sender, channel, logger or task that this package does not have, so it cannot be generated. A draft may be ahead of the code: there it is a warning, until `rtn publish` is asked for.',
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { kind, use, path } of usesOf(operation, judged.specs).unknown) {
        const known = judged.specs.filter((spec) => spec.kind === kind).map((spec) => spec.key);
        const hint = known.length === 0 ? '; none exists yet' : suggestion(use, known);
        const isAhead = operation.status === 'draft' && !hint.startsWith('; did you mean');
        yield at(operation, path, `there is no ${kind} '${use}'${hint}`, {
          ...(isAhead && { severity: 'warning' as const }),
        });
      }
    }
  },
};

const module: Rule = {
  id: 'component/module',
  severity: 'error',
  doc: "A component of the registry's own, `use: ./channels/loyalty.mjs`, cannot be used: the path leads out of the registry, there is no such file, no glob of the layer's sources names it (then a change of it would go unnoticed), or the module does not export what a component is: `spec`, and the constructor that `spec.construct` names. `rtn check` imports such modules, which runs them; with --no-components it does not, and judges their configuration no further than references.",
  *check(judged) {
    for (const operation of judgedOf('operation', judged)) {
      for (const { kind, use, path } of usesOf(operation, judged.specs).modules) {
        const problem = problemOf(use, operation, judged) ?? misplaced(use, kind, judged);
        if (problem !== undefined) yield at(operation, path, problem);
      }
    }
  },
};

function problemOf(use: string, operation: Artefact, { registry, modules }: Judged): string | undefined {
  const file = modulePath(use);
  if (file === undefined)
    return 'a module is named by its path from the root of the registry, such as ./channels/loyalty.mjs';
  if (registry.tree.read(file) === undefined) return `there is no file ${file}`;
  const layer = registry.resolve('layer', operation.document.layer);
  if (layer !== undefined && !sourceFiles(sourceGlobs(layer), registry.tree).includes(file))
    return `${file} is in no source of layer ${String(operation.document.layer)}, so a change of it would go unnoticed`;
  return modules?.get(use);
}

/** A module that is a component of another kind than its place wants. */
function misplaced(use: string, kind: string, { specs }: Judged): string | undefined {
  const spec = specs.find(({ key }) => key === use);
  return spec === undefined || spec.kind === kind
    ? undefined
    : `${use} is a ${spec.kind}, but here stands a ${kind}`;
}

export const COMPONENT_RULES: readonly Rule[] = [unknown, module];
