import { oneLine } from '../error.js';
import type { Finding } from '../registry/finding.js';
import { linesOf } from '../registry/positions.js';
import { findSecrets } from '../registry/secret.js';

/** Another rule may quote the start of a secret in its message, cut to some length; fewer characters give nothing away. */
const QUOTED = 6;

/** Gives the text of a file, or undefined where it cannot be read. */
export type TextOf = (file: string) => string | undefined;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Foreign text for one line of a terminal: without control characters, and with `*` for what looks like a credential. */
export function shownText(text: string, maxLength = 500): string {
  return oneLine(withStars(text, findSecrets(text)) ?? '', maxLength);
}

/** What JSON leaves as it is and a terminal obeys. */
const OBEYED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A value as JSON on lines, safe on a terminal, with `*` for what looks like a credential. */
export function shownJson(value: unknown): string {
  const masked = (_: string, item: unknown) =>
    typeof item === 'string' ? withStars(item, findSecrets(item)) : item;
  const text = JSON.stringify(value, masked, 2).replace(
    OBEYED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}

/** The texts of the files with every secret that was found in them written as `*`, so that no excerpt shows one. */
export function maskedTexts(findings: readonly Finding[], textOf: TextOf): TextOf {
  const spans = secretSpans(findings, textOf);
  const masked = new Map<string, string | undefined>();
  return (file) => {
    if (!masked.has(file)) masked.set(file, withStars(textOf(file), spans.get(file) ?? []));
    return masked.get(file);
  };
}

/** The findings with no secret left in any message: what is wrong with a value is often told by quoting it. */
export function withoutSecrets(findings: readonly Finding[], textOf: TextOf): Finding[] {
  const byStart = new Map<string, string[]>();
  for (const [file, spans] of secretSpans(findings, textOf)) {
    const text = textOf(file) ?? '';
    const lines = new Set(spans.flatMap(({ start, end }) => text.slice(start, end).split('\n')));
    for (const line of lines) {
      const secret = line.trim();
      const start = secret.slice(0, QUOTED);
      if (start.length === QUOTED) byStart.set(start, [...(byStart.get(start) ?? []), secret]);
    }
  }
  return findings.map((finding) => {
    const { notes } = finding;
    // What was edited may have been a secret that stands in the file no longer.
    const told = notes?.map((note) => withoutQuotes(withStars(note, findSecrets(note)) ?? '', byStart));
    return { ...finding, message: withoutQuotes(finding.message, byStart), ...(told && { notes: told }) };
  });
}

function withStars(text: string | undefined, spans: readonly Span[]): string | undefined {
  if (text === undefined) return undefined;
  let [masked, end] = ['', 0];
  for (const span of spans) {
    masked +=
      text.slice(end, span.start) + text.slice(Math.max(end, span.start), span.end).replace(/[^\r\n]/g, '*');
    end = Math.max(end, span.end);
  }
  return masked + text.slice(end);
}

function withoutQuotes(message: string, byStart: ReadonlyMap<string, readonly string[]>): string {
  let [shown, at] = ['', 0];
  while (at < message.length) {
    const secrets = byStart.get(message.slice(at, at + QUOTED)) ?? [];
    const quoted = Math.max(0, ...secrets.map((secret) => commonLength(message.slice(at), secret)));
    shown += quoted > 0 ? '***' : message[at];
    at += Math.max(1, quoted);
  }
  return shown;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length++;
  return length;
}

/** Where the secrets of each file stand, in order. */
function secretSpans(findings: readonly Finding[], textOf: TextOf): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  const secrets = findings.filter(({ isSecret }) => isSecret === true);
  for (const file of new Set(secrets.map((finding) => finding.file))) {
    const lines = linesOf(textOf(file) ?? '');
    const ofFile = secrets
      .filter((finding) => finding.file === file)
      .map((finding): Span => {
        const start = lines.offsetOf(finding);
        return { start, end: start + (finding.length ?? 1) };
      });
    spans.set(
      file,
      ofFile.sort((a, b) => a.start - b.start),
    );
  }
  return spans;
}
