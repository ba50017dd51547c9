import type { Artefact } from '../registry/artefact.js';
import { type Lines, linesOf } from '../registry/positions.js';
import { type FoundSecret, findSecrets } from '../registry/secret.js';
import type { Found, Rule } from './rule.js';

const literal: Rule = {
  id: 'secret/literal',
  severity: 'error',
  doc: 'Something that looks like a credential stands in a document, be it in a comment: a token with a known prefix, a private key, a password in a URL, a bearer token, or a random-looking literal under a key such as password or token. Whoever can read the repository can use it, and git keeps it for ever: revoke it, then declare the secret under secrets: and write ${secrets.NAME}, which a runner reads from its environment. Placeholders such as changeme, <token> and ${...} are left alone.',
  *check({ artefacts }) {
    for (const artefact of artefacts) {
      const { text } = artefact.source;
      const lines = linesOf(text);
      for (const secret of findSecrets(text)) yield foundAt(artefact, secret, lines);
    }
  },
};

export const SECRET_RULES: readonly Rule[] = [literal];

function foundAt({ path: file, kind }: Artefact, { start, end, what }: FoundSecret, lines: Lines): Found {
  const remedy = kind === 'operation' ? 'write ${secrets.NAME} and declare it under secrets' : 'take it out';
  return {
    file,
    ...lines.positionOf(start),
    length: end - start,
    isSecret: true,
    message: `this looks like ${what}; revoke it, for git keeps it, and ${remedy}`,
  };
}
