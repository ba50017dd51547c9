import type { Finding } from '../registry/finding.js';

/** Another rule may quote the start of a secret in its message, cut to some length; fewer characters give nothing away. */
const QUOTED = 6;

/** Gives the lines of a file, or undefined where it cannot be read. */
export type TextOf = (file: string) => string | undefined;

/** The texts of the files with every secret that was found in them written as `*`, so that no excerpt shows one. */
export function maskedTexts(findings: readonly Finding[], textOf: TextOf): TextOf {
  const secrets = findings.filter(({ isSecret }) => isSecret === true);
  return (file) => {
    const text = textOf(file);
    return secrets
      .filter((finding) => finding.file === file)
      .reduce((masked, finding) => {
        const { start, end } = spanOf(finding, masked ?? '');
        return (
          masked &&
          masked.slice(0, start) + masked.slice(start, end).replace(/[^\r\n]/g, '*') + masked.slice(end)
        );
      }, text);
  };
}

/** The findings with no secret left in any message: what is wrong with a value is often told by quoting it. */
export function withoutSecrets(findings: readonly Finding[], textOf: TextOf): Finding[] {
  const secrets = findings
    .filter(({ isSecret }) => isSecret === true)
    .flatMap((finding) => {
      const text = textOf(finding.file) ?? '';
      const { start, end } = spanOf(finding, text);
      return text.slice(start, end).split('\n');
    })
    .map((line) => line.trim())
    .filter((line) => line.length >= QUOTED);
  return findings.map((finding) => ({
    ...finding,
    message: secrets.reduce((message, secret) => withoutQuotes(message, secret), finding.message),
  }));
}

function withoutQuotes(message: string, secret: string): string {
  const start = message.indexOf(secret.slice(0, QUOTED));
  if (start < 0) return message;
  let end = start + QUOTED;
  while (end - start < secret.length && message[end] === secret[end - start]) end++;
  return `${message.slice(0, start)}***${withoutQuotes(message.slice(end), secret)}`;
}

function spanOf({ line, column, length = 1 }: Finding, text: string): { start: number; end: number } {
  let start = 0;
  for (let skipped = 1; skipped < line; skipped++) start = text.indexOf('\n', start) + 1;
  return { start: start + column - 1, end: start + column - 1 + length };
}
