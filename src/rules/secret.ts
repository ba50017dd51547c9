import { CONFIG_FILE } from '../registry/config.js';
import { linesOf } from '../registry/positions.js';
import { findSecrets, type Writing } from '../registry/secret.js';
import { WAIVERS_FILE } from '../registry/waivers.js';
import { filesBeside } from './change.js';
import type { Found, Judged, Rule } from './rule.js';

const literal: Rule = {
  id: 'secret/literal',
  severity: 'error',
  doc: 'Something that looks like a credential stands in a document, the text of a template, a script, schedules.yaml, rtn.yaml or waivers.yaml, be it in a comment: a token with a known prefix, a private key, a password in a URL, a bearer token, or a random-looking literal or a passphrase under a key such as password or token. Whoever can read the repository can use it, and git keeps it for ever: revoke it, then declare the secret under secrets: and write ${secrets.NAME}, which a runner reads from its environment. Placeholders such as changeme, <token> and ${...} are left alone, and in programs all that is not quoted.',
  *check(judged) {
    const looked = new Set<string>();
    for (const file of filesOf(judged)) {
      if (looked.has(file.path)) continue;
      looked.add(file.path);
      yield* secretsIn(file);
    }
  },
};

export const SECRET_RULES: readonly Rule[] = [literal];

interface WrittenFile {
  readonly path: string;
  readonly text: string;
  readonly remedy: string;
}

/** Every file that the change touches and people write: documents, what belongs to them, and those at the root. */
function* filesOf({ artefacts, scheduleFiles, registry, base }: Judged): Iterable<WrittenFile> {
  for (const artefact of artefacts) {
    const { path, source, kind } = artefact;
    const remedy =
      kind === 'operation' ? 'write ${secrets.NAME} and declare it under secrets' : 'take it out';
    yield { path, text: source.text, remedy };
    for (const file of filesBeside(artefact, registry)) yield* read(file);
  }
  for (const { path, source } of scheduleFiles)
    yield { path, text: source.text, remedy: 'let the runner read it from its environment (secrets)' };
  for (const file of [CONFIG_FILE, WAIVERS_FILE])
    if (base === undefined || base.changed.has(file)) yield* read(file);

  function* read(path: string): Iterable<WrittenFile> {
    const bytes = registry.tree.read(path);
    if (bytes !== undefined)
      yield { path, text: Buffer.from(bytes).toString('utf8'), remedy: 'read it from the environment' };
  }
}

function* secretsIn({ path, text, remedy }: WrittenFile): Iterable<Found> {
  const lines = linesOf(text);
  for (const { start, end, what } of findSecrets(text, writingOf(path)))
    yield {
      file: path,
      ...lines.positionOf(start),
      length: end - start,
      isSecret: true,
      message: `this looks like ${what}; revoke it, for git keeps it, and ${remedy}`,
    };
}

/** A shell takes what is not quoted for a literal, as YAML does. */
function writingOf(path: string): Writing {
  return /\.(?:ya?ml|sh|bash|zsh|env)$/.test(path) ? 'document' : 'program';
}
