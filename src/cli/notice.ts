import { oneLine } from '../error.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import type { Session } from './session.js';

/** Says on standard error that a version which is about to be used is deprecated, and what to use instead. */
export function noticeOfDeprecation(operation: Artefact, session: Session): void {
  if (operation.status !== 'deprecated') return;
  const { replaced_by: successor, reason, remove_after: day } = operation.document;
  const facts = [
    ...(typeof successor === 'string' ? [`replaced by ${successor}`] : []),
    ...(typeof reason === 'string' ? [oneLine(reason)] : []),
    ...(typeof day === 'string' ? [`to be gone after ${day}`] : []),
  ];
  session.err(`warning: ${referenceTo(operation)} is deprecated: ${facts.join('; ')}\n`);
}
