import { stringify } from 'yaml';
import type { ArtefactKind } from '../registry/artefact.js';

/** The first line of a document, by which editors find its schema. */
export function modeline(kind: ArtefactKind): string {
  return `# yaml-language-server: $schema=../../schemas/${kind}.schema.json`;
}

/** What whoever opens a document for the first time has to know; still true once it is published. */
export function draftComment(name: string): string {
  return [
    '# While the status is draft, edit freely; `rtn check` tells what is wrong.',
    `# \`rtn publish ${name}\` freezes it: from then on a change is a new version, by \`rtn bump ${name}\`.`,
  ].join('\n');
}

/** `key: value` on one line, quoted where it has to be; nothing where there is no value. */
export function line(key: string, value: string | undefined): string {
  const text = value?.trim().replace(/\s+/g, ' ') ?? '';
  return text === '' ? '' : stringify({ [key]: text }, { lineWidth: 0 });
}

/** A comment put below the modeline, or on top where there is none. */
export function commented(text: string, comment: string): string {
  const end = text.startsWith('# yaml-language-server') ? text.indexOf('\n') + 1 : 0;
  return `${text.slice(0, end)}${comment}${text.slice(end)}`;
}
