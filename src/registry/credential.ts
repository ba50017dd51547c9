/** Words that stand where a secret would, alone or with digits behind them. */
const PLACEHOLDER_WORDS =
  /^(?:(?:some|my|your|the|db|super|very)?[-_]?)(?:pw|pass|passwd|password|passphrase|secret|token|key|apikey|user|username|admin|root|postgres|guest|test|testing|dummy|fake|sample|example|demo|default|none|null|nil|undefined|true|false|string|text|value|foo|bar|baz|qwerty|todo|tbd|redacted|masked|hidden|removed|abc|abcdef)[\d!]{0,6}$/i;
const PLACEHOLDER_PARTS =
  /change.?(?:me|it|this)|example|placeholder|redacted|dummy|your[-_. ]|[-_]here$|insert[-_]|replace[-_]|x{4,}|\*{3,}|\.{3}|…/i;
/** What another program fills in: `${x}`, `$(x)`, `$X`, `{{x}}`, `<x>`, `%(x)s`, `@x@`, an alias. */
const REFERENCE = /\$[{(]|\{\{|^[$<*%[{@]|^(?:env|vault|file|secret|ssm|op|sops|arn|yt|pg|kms):/i;
const LOCATION = /:\/\/|^(?:\.{0,2}|~)\//;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;
/** Lockfile integrity (https://www.w3.org/TR/SRI/). */
const INTEGRITY = /^sha(?:1|256|384|512)[-:]/;
/** What names are made of: words, small numbers, `v2`. */
const NAME_PART = /^(?:[a-z]+|[A-Z]+|(?:[A-Z][a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+|v?\d{0,4}|rc\d|[a-z]{1,3}\d)$/;

/** Whether a text only stands for a secret: empty, a reference, or one of the words that examples use. */
export function isPlaceholder(text: string): boolean {
  return (
    new Set(text).size <= 3 ||
    REFERENCE.test(text) ||
    PLACEHOLDER_WORDS.test(text) ||
    PLACEHOLDER_PARTS.test(text)
  );
}

/**
 * Whether a literal under a key such as `token` looks like a credential rather than like a name, a path, a version, an
 * id or a sentence: it mixes letters with digits or signs in a way that names do not.
 */
export function looksReal(text: string, minLength: number): boolean {
  if (text.length < minLength || /\s/.test(text) || isPlaceholder(text)) return false;
  if (LOCATION.test(text) || UUID.test(text) || INTEGRITY.test(text) || /^[\d.,:+-]+$/.test(text))
    return false;
  if (text.split(/[-_.:@/]/).every((part) => NAME_PART.test(part))) return false;
  const isMixed = /[A-Za-z]/.test(text) && /[\d!#$%^&*+=~?]/.test(text);
  return isMixed && entropyOf(text) >= 2.5;
}

/** What sentences have and passphrases have not: small words, and words for secrets themselves. */
const SENTENCE_WORDS =
  /(?<![\w-])(?:an?|and|are|as|ask|at|be|by|can|comes?|for|from|gets?|had?|has|how|if|in|is|it|its|may|must|no|not|of|on|or|our|please|reads?|see|set|should|that|the|this|to|used?|was|we|when|where|which|with|you|your|enter|required|optional|deprecated|passwords?|passphrases?|secrets?|tokens?|keys?|credentials?|login|users?|admin|services?|strings?|texts?|values?|none|default)(?![\w-])/i;

/**
 * Whether a literal of several words under such a key looks like a passphrase rather than like a sentence: four words and
 * more that are nothing but words (`correct horse battery staple`), or fewer with digits or signs among them.
 */
export function looksLikePassphrase(text: string): boolean {
  const words = text.split(/\s+/);
  if (words.length < 2 || words.length > 16 || text.length < 12 || isPlaceholder(text)) return false;
  if (SENTENCE_WORDS.test(text) || /[.:;?]$|[()[\]{}<>|]/.test(text) || LOCATION.test(text)) return false;
  const isMixed = /\p{L}/u.test(text) && /[\d!#$%^&*+=~]/.test(text) && entropyOf(text) >= 2.5;
  return isMixed || (words.length >= 4 && words.every((word) => /^[\p{L}'-]{2,24}$/u.test(word)));
}

/** Shannon's entropy in bits a character: 2.8 for `hunter2`, 4 for hex digits, 5 and more for random base64. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, count) => sum - (count / text.length) * Math.log2(count / text.length),
    0,
  );
}
