import { RtnError } from '../error.js';
import { type ArtefactKind, referenceTo } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { nameProblem, refuseTaken } from '../scaffold/name.js';
import { newestUsable, onlyOne } from '../scaffold/operation.js';
import { READER_CHOICES, type ReaderChoice } from '../scaffold/operation-text.js';
import { answer } from './question.js';
import type { Session } from './session.js';

/** What the command line says of the name and the title of something new. */
export interface NamedOptions {
  readonly title?: string;
  readonly owner?: string;
  readonly version: string;
}

/** What all kinds ask first. A name that is taken is told at once, before anything else is asked. */
export async function nameAndTitle(
  kind: ArtefactKind,
  given: string | undefined,
  { title, owner, version }: NamedOptions,
  registry: Registry,
  session: Session,
): Promise<{ name: string; title: string; owner?: string }> {
  const name = await answer(
    given,
    { text: `Name of the ${kind}`, flag: 'NAME', problem: nameProblem },
    session,
  );
  refuseTaken(kind, name, version, registry);
  const said = await answer(title, { text: 'Title, in one line', flag: '--title TEXT' }, session);
  const team = await answer(
    owner,
    { text: 'Owner, team or person (may be empty)', flag: '--owner TEXT', fallback: '' },
    session,
  );
  return { name, title: said, ...(team !== '' && { owner: team }) };
}

/** The only layer there is goes without saying; of several, one has to be named. */
export async function layerFor(
  given: string | undefined,
  registry: Registry,
  session: Session,
): Promise<string> {
  const only = onlyOne('layer', registry);
  if (given === undefined && only !== undefined) return referenceTo(only);
  const names = [...new Set(registry.all('layer').map(({ name }) => name))];
  const newest = names.flatMap((name) => newestUsable('layer', name, registry) ?? []).map(referenceTo);
  if (newest.length === 0)
    throw new RtnError('usage', 'there is no layer to run in', { next: 'rtn new layer' });
  const list = newest.join(', ');
  const question = { text: `Layer, one of ${list}`, flag: `--layer NAME@VERSION (one of ${list})` };
  return answer(given, question, session);
}

/** One runner for each reader. */
export async function readersFor(session: Session): Promise<ReaderChoice[]> {
  const said = await answer(
    undefined,
    {
      text: 'Reader: table (runs once), zmq (a service), or both as table zmq',
      flag: '--reader READER',
      fallback: 'table',
      problem: (text) => {
        const unknown = words(text).find((word) => !isReader(word));
        return unknown === undefined
          ? undefined
          : { message: `there is no reader '${unknown}'`, meant: 'table' };
      },
    },
    session,
  );
  return words(said).filter(isReader);
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function isReader(text: string): text is ReaderChoice {
  return READER_CHOICES.some((reader) => reader === text);
}
