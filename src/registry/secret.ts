import { isPlaceholder, looksLikePassphrase, looksReal } from './credential.js';

/** A part of a text that looks like a credential; `what` names its kind, never its characters. */
export interface FoundSecret {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/**
 * Tokens that their prefix gives away. Each begins at a word's start and each repetition is bounded or the last, so
 * that a text is gone through in linear time.
 */
const TOKENS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['an AWS access key', /(?<!\w)(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?!\w)/g],
  ['a Google API key', /(?<![\w-])AIza[\w-]{35}(?![\w-])/g],
  ['a Google OAuth secret', /(?<![\w-])(?:GOCSPX-[\w-]{28}(?![\w-])|ya29\.[\w-]{20,2048})/g],
  ['a GitHub token', /(?<!\w)(?:gh[pousr]_[A-Za-z\d]{36,255}|github_pat_\w{22,255})(?!\w)/g],
  ['a GitLab token', /(?<![\w-])gl(?:pat|dt|rt|ptt|cbt)-[\w.-]{20,300}/g],
  ['a Slack token', /(?<![\w-])(?:xox[abeoprs]|xapp)-[A-Za-z\d-]{10,250}/g],
  ['a Slack webhook', /(?<=hooks\.slack\.com\/(?:services|workflows)\/)[A-Z][\w/]{20,250}/g],
  ['a Stripe key', /(?<!\w)(?:(?:sk|rk)_(?:live|test)_[A-Za-z\d]{16,250}|whsec_[A-Za-z\d]{32,64})(?!\w)/g],
  ['an npm token', /(?<!\w)npm_[A-Za-z\d]{36}(?!\w)/g],
  ['a Telegram bot token', /(?:(?<=\/bot)|(?<![\w:.-]))\d{8,10}:A[\w-]{34}(?![\w-])/g],
  ['a SendGrid key', /(?<![\w.-])SG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g],
  ['a Twilio key', /(?<!\w)SK[\da-f]{32}(?!\w)/g],
  ['a Yandex OAuth token', /(?<![\w-])y[0-3]_[\w-]{50,250}/g],
  ['a JSON Web Token', /(?<![\w-])eyJ[\w-]{10,4096}\.eyJ[\w-]{10,4096}\.[\w-]{10,4096}/g],
];

const KEY_HEADER = /-----BEGIN (?:[A-Z\d]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g;
const URL_PASSWORD =
  /(?<![\w+.-])[a-z][a-z\d+.-]{1,30}:\/\/(?<user>[^\s:@/?#"'<>]{0,256}):(?<password>[^\s@/"'<>]{1,256})@(?<host>[\w.-]{0,256})/gi;
const EXAMPLE_HOST = /(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid)$/i;
const BEARER = /(?<!\w)Bearer[ \t]{1,4}(?<token>[\w.~+/=-]{16,4096})/gi;

const KEY =
  /(?<![\w.$:/@-])(?<quote>["']?)(?<key>[A-Za-z][\w.-]{1,63})\k<quote>[ \t]{0,4}(?<mark>:[ \t]{0,16}|=[ \t]{0,4})/g;
const PASSWORD_KEY = /(?:^|_)(?:password|passwd|pwd|passphrase)$/;
const SECRET_KEY =
  /(?:^|_)(?:secret|token|credentials?|(?:api|access|secret|private|signing|encryption|master|auth)_?key)$/;
/** What stands behind a key: quoted, the first line of a block text, or plain; nothing but a comment behind it. */
const VALUE =
  /(?:[!&]\S{0,64}[ \t]{1,16}){0,2}(?:"(?<double>(?:[^"\\\n]|\\.){1,4096})"|'(?<single>[^'\n]{1,4096})'|[|>][-+\d]{0,2}[ \t]{0,16}\r?\n[ \t]{1,200}(?<block>\S{1,4096}(?:[ \t]{1,4}\S{1,32}){0,15})|(?<plain>[^\s,}\]#"'|>&!][^\s,}\]]{0,4096}(?:[ \t]{1,4}[^\s#,}\]][^\s,}\]]{0,31}){0,15}))[ \t]{0,16}(?=$|[\r\n,}\]#])/my;
/** In a program only what is quoted is a literal, and a statement may end behind it. */
const QUOTED =
  /(?:"(?<double>(?:[^"\\\n]|\\.){1,4096})"|'(?<single>[^'\n]{1,4096})')[ \t]{0,16}(?=$|[\r\n,}\]#;)])/my;

/** How a text is written: as YAML or lines of NAME=value, or as a program, where what is not quoted is an expression. */
export type Writing = 'document' | 'program';

/**
 * Finds what looks like a credential in the text of a document, comments included: known tokens, private keys, JWTs,
 * passwords in URLs, bearer tokens, and literals under keys such as `password`. In order, none within another.
 */
export function findSecrets(text: string, writing: Writing = 'document'): FoundSecret[] {
  const found = [
    ...privateKeys(text),
    ...tokens(text),
    ...urlPasswords(text),
    ...bearers(text),
    ...keyed(text, writing === 'program' ? QUOTED : VALUE),
  ];
  const inOrder = found.sort((a, b) => a.start - b.start || b.end - a.end);
  let end = 0;
  return inOrder.filter((secret) => {
    const isApart = secret.start >= end;
    if (isApart) end = secret.end;
    return isApart;
  });
}

function* tokens(text: string): Iterable<FoundSecret> {
  for (const [what, pattern] of TOKENS) {
    for (const { 0: token, index } of text.matchAll(pattern)) {
      const isExample = /example/i.test(token) || new Set(token.slice(-16)).size <= 4;
      if (!isExample) yield { start: index, end: index + token.length, what };
    }
  }
}

/** From the header to the end of the footer. A header that only an explanation quotes has no key behind it. */
function* privateKeys(text: string): Iterable<FoundSecret> {
  for (const { 0: header, index: start } of text.matchAll(KEY_HEADER)) {
    const bodyStart = start + header.length;
    // No key has five dashes in it, so nothing is gone through twice.
    const dashes = text.indexOf('-----', bodyStart);
    const bodyEnd = dashes < 0 ? text.length : dashes;
    if (!/[A-Za-z\d+/=]{32}/.test(text.slice(bodyStart, bodyEnd))) continue;
    const footer = /^-----END [A-Z\d ]{1,60}-----/.exec(text.slice(bodyEnd, bodyEnd + 80))?.[0] ?? '';
    yield { start, end: bodyEnd + footer.length, what: 'a private key' };
  }
}

function* urlPasswords(text: string): Iterable<FoundSecret> {
  for (const match of text.matchAll(URL_PASSWORD)) {
    const { user = '', password = '', host = '' } = match.groups ?? {};
    if (password.length < 4 || password === user || isPlaceholder(password) || EXAMPLE_HOST.test(host))
      continue;
    const start = match.index + match[0].length - host.length - 1 - password.length;
    yield { start, end: start + password.length, what: 'a password in a URL' };
  }
}

function* bearers(text: string): Iterable<FoundSecret> {
  for (const match of text.matchAll(BEARER)) {
    const token = match.groups?.token ?? '';
    const end = match.index + match[0].length;
    // A reference that follows makes it a text with a placeholder.
    if (looksReal(token, 16) && text[end] !== '$')
      yield { start: end - token.length, end, what: 'a bearer token' };
  }
}

function* keyed(text: string, literalBehind: RegExp): Iterable<FoundSecret> {
  for (const match of text.matchAll(KEY)) {
    const { key = '', mark = '', quote } = match.groups ?? {};
    const isPair = mark.startsWith('=') || quote !== '' || mark.length > 1;
    const minLength = minLengthUnder(key);
    if (!isPair || minLength === undefined) continue;
    literalBehind.lastIndex = match.index + match[0].length;
    const value = literalBehind.exec(text);
    const { double, single, block, plain } = value?.groups ?? {};
    const literal = double ?? single ?? block ?? plain ?? '';
    if (value === null || !(looksReal(literal, minLength) || looksLikePassphrase(literal))) continue;
    const start = value.index + value[0].lastIndexOf(literal);
    yield { start, end: start + literal.length, what: `a literal under '${key}'` };
  }
}

/** How long a literal under this key has to be to look like a secret; undefined for a key that holds none. */
function minLengthUnder(key: string): number | undefined {
  const name = key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[.-]/g, '_')
    .toLowerCase();
  if (PASSWORD_KEY.test(name)) return 6;
  return SECRET_KEY.test(name) ? 10 : undefined;
}
