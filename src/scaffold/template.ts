import type { Plan } from '../author/plan.js';
import { rewrite } from '../author/rewrite.js';
import { textNameFor } from '../author/text.js';
import { RtnError } from '../error.js';
import { FOLDERS, pathOf, referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { refuseTaken } from './name.js';
import { commented, draftComment } from './yaml.js';

/** What a new template says. */
export interface TemplateAnswers {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly owner?: string | undefined;
  /** `name@version` of the template whose stages and text it begins with. */
  readonly from: string;
}

/** A draft of a template that begins as a copy of another. Throws `usage` for a name that is taken or an unknown origin. */
export function planTemplate(
  { name, version, title, owner, from }: TemplateAnswers,
  registry: Registry,
): Plan {
  refuseTaken('template', name, version, registry);
  const origin = registry.resolve('template', from);
  if (origin === undefined) {
    const known = registry.all('template').map(referenceTo);
    throw new RtnError('usage', `there is no template ${from}${suggestion(from, known)}`, {
      next: known.length === 0 ? 'rtn init' : '--from TEMPLATE@VERSION',
    });
  }
  const text = registry.textOf(origin);
  if (text === undefined)
    throw new RtnError('configuration', `the text file of ${origin.path} is missing`, { next: 'rtn check' });
  const file = textNameFor(text.path.slice(text.path.lastIndexOf('/') + 1), origin.version, version);
  const copy = rewrite(origin.source, {
    set: {
      name,
      version,
      status: 'draft',
      title: title.trim().replace(/\s+/g, ' '),
      text: file,
      ...(owner && { owner }),
    },
    drop: [
      'published',
      'replaced_by',
      'reason',
      'remove_after',
      'description',
      'links',
      ...(owner ? [] : ['owner']),
    ],
  });
  const path = pathOf({ kind: 'template', name, version });
  const textPath = `${FOLDERS.template}/${name}/${file}`;
  return {
    changes: [
      { path, content: commented(copy, `${draftComment(name)}\n# Begun as a copy of ${from}.\n`) },
      { path: textPath, content: text.bytes },
    ],
    notes: [`new draft template ${name}@${version}: ${path}`, `its text, as in ${from}: ${textPath}`],
    next: `edit ${textPath}, then rtn check`,
  };
}
