import { type Artefact, referenceTo } from '../registry/artefact.js';
import { recordedDigests } from '../registry/digest.js';
import { STAGES } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { dependenciesOf } from '../registry/links.js';
import { isFileName, type Registry, type TextFile } from '../registry/registry.js';
import { decode } from '../registry/source.js';
import { suggestion } from '../registry/spelling.js';
import { byVersion } from '../registry/version.js';
import { namedRules } from './named.js';
import { at, atKey, type Found, judgedOf, type Rule } from './rule.js';
import { parseTemplateText } from './templateText.js';

const NAMED = namedRules('template', {
  missing:
    'A runner, or another template, names a template that does not exist. A template is named by its exact version, name@version, and stands in templates/<name>/<version>.yaml.',
  draft:
    'A published artefact names a template that is still a draft, which anyone may edit: its runners would change under it. Publish the template.',
  withdrawn:
    'An active operation or template, or a draft, names a template that was withdrawn because it is bad: no runner can be generated from it. Move to another version with `rtn bump NAME --template TEMPLATE@VERSION`; the version before it becomes deprecated when the new one is published, and then this finding is gone.',
  deprecated:
    'A new version names a deprecated template. Old versions may go on using it and nobody is forced up, but what is made anew should start on what is meant to last.',
});

const text: Rule = {
  id: 'template/text',
  severity: 'error',
  doc: 'The text of a template is a Handlebars file beside its document, named without a folder: it belongs to this version, is covered by its digest and is copied by `rtn bump`.',
  *check(judged) {
    for (const template of judgedOf('template', judged)) {
      const { text: file } = template.document;
      if (typeof file !== 'string' || file === '') continue;
      const found = judged.registry.textOf(template);
      if (!isFileName(file))
        yield at(
          template,
          ['text'],
          `'${file}' is no plain file name; the text stands in templates/${template.name}/ itself`,
        );
      else if (found === undefined && recordedDigests(template) !== undefined)
        // The text of a published template is part of what was published: version/immutable.
        continue;
      else if (found === undefined)
        yield at(template, ['text'], `templates/${template.name}/${file} is missing`);
      else yield* textFaults(template, found, judged.registry);
    }
  },
};

function* textFaults(
  template: Artefact,
  { path: file, bytes }: TextFile,
  registry: Registry,
): Iterable<Found> {
  const other = registry
    .versions('template', template.name)
    .find((version) => version !== template && registry.textOf(version)?.path === file);
  if (other !== undefined && byVersion(other.version, template.version) < 0)
    yield at(
      template,
      ['text'],
      `${template.document.text} is the text of ${referenceTo(other)}, too; a version has a text of its own`,
    );
  const { mistake } = parseTemplateText(bytes);
  if (decode(bytes) === undefined) yield { file, line: 1, column: 1, message: 'the text is not UTF-8' };
  else if (mistake !== undefined) yield { file, ...mistake };
}

const partial: Rule = {
  id: 'template/partial',
  severity: 'error',
  doc: 'A template includes others by a name, {{> retry}}, that its `partials` give an exact version: that is how a change of a partial is known to reach it. Every name must be listed and every listed one used, and no template may include itself, at whatever remove.',
  *check(judged) {
    for (const template of judgedOf('template', judged)) {
      const found = judged.registry.textOf(template);
      const listed = isMap(template.document.partials) ? template.document.partials : {};
      const { partials } = found === undefined ? {} : parseTemplateText(found.bytes);
      // A text that cannot be read is template/text; what it includes is not known.
      if (found !== undefined && partials !== undefined) {
        for (const { name, line, column } of partials) {
          if (name === undefined || !Object.hasOwn(listed, name))
            yield { file: found.path, line, column, message: unlisted(name, Object.keys(listed)) };
        }
        for (const name of Object.keys(listed)) {
          if (!partials.some((used) => used.name === name))
            yield atKey(template, ['partials', name], `the text nowhere includes {{> ${name}}}`);
        }
      }
      yield* circles(template, judged.registry);
    }
  },
};

function unlisted(name: string | undefined, listed: readonly string[]): string {
  return name === undefined
    ? 'a partial is included by its name, which no expression may compute'
    : `the partial '${name}' is not listed under partials${suggestion(name, listed)}`;
}

const stages: Rule = {
  id: 'template/stages',
  severity: 'error',
  doc: 'A template lists the slots that its runner must fill. A slot left empty has nothing to run; a slot that the template does not have would be ignored.',
  *check({ registry, artefacts, dependents }) {
    for (const operation of [...artefacts, ...dependents]) {
      if (operation.kind !== 'operation') continue;
      const runners = isMap(operation.document.runners) ? operation.document.runners : {};
      for (const [name, runner] of Object.entries(runners)) {
        if (!isMap(runner)) continue;
        const needed = registry.resolve('template', runner.template)?.document.stages;
        if (!Array.isArray(needed)) continue;
        for (const stage of STAGES) {
          if (needed.includes(stage) && runner[stage] === undefined)
            yield atKey(
              operation,
              ['runners', name],
              `runner ${name} has no ${stage}, which its template ${runner.template} needs`,
            );
          if (!needed.includes(stage) && runner[stage] !== undefined)
            yield atKey(
              operation,
              ['runners', name, stage],
              `runner ${name} has a ${stage}, for which its template ${runner.template} has no slot`,
            );
        }
      }
    }
  },
};

/** A template whose partials lead back to it. */
function* circles(template: Artefact, registry: Registry): Iterable<Found> {
  for (const { reference, path } of dependenciesOf(template)) {
    const first = registry.resolve('template', reference);
    if (first !== undefined && [first, ...below(first, registry)].includes(template))
      yield at(template, path, `${referenceTo(template)} includes itself through ${String(reference)}`);
  }
}

function below(template: Artefact, registry: Registry, seen = new Set<Artefact>()): Artefact[] {
  for (const { kind, reference } of dependenciesOf(template)) {
    const next = registry.resolve(kind, reference);
    if (next === undefined || seen.has(next)) continue;
    seen.add(next);
    below(next, registry, seen);
  }
  return [...seen];
}

export const TEMPLATE_RULES: readonly Rule[] = [...NAMED, text, partial, stages];
