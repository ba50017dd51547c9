import { STAGES } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { isFileName } from '../registry/registry.js';
import { draftOf, missingOf } from './named.js';
import { at, atKey, type Rule } from './rule.js';

const missing: Rule = {
  id: 'template/missing',
  severity: 'error',
  doc: 'A runner names a template that does not exist. A template is named by its exact version, name@version, and stands in templates/<name>/<version>.yaml.',
  check: ({ registry }) => missingOf('template', registry),
};

const draft: Rule = {
  id: 'template/draft',
  severity: 'error',
  doc: 'A published operation names a template that is still a draft, which anyone may edit: its runners would change under it. Publish the template.',
  check: ({ registry }) => draftOf('template', registry),
};

const text: Rule = {
  id: 'template/text',
  severity: 'error',
  doc: 'The text of a template is a file beside its document, named without a folder: it belongs to this version, is covered by its digest and is copied by `rtn bump`.',
  *check({ registry }) {
    for (const template of registry.all('template')) {
      const { text: file } = template.document;
      if (typeof file !== 'string' || file === '') continue;
      if (!isFileName(file))
        yield at(
          template,
          ['text'],
          `'${file}' is no plain file name; the text stands in templates/${template.name}/ itself`,
        );
      else if (registry.textOf(template) === undefined)
        yield at(template, ['text'], `templates/${template.name}/${file} is missing`);
    }
  },
};

const stages: Rule = {
  id: 'template/stages',
  severity: 'error',
  doc: 'A template lists the slots that its runner must fill. A slot left empty has nothing to run; a slot that the template does not have would be ignored.',
  *check({ registry }) {
    for (const operation of registry.all('operation')) {
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

export const TEMPLATE_RULES: readonly Rule[] = [missing, draft, text, stages];
