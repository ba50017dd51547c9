import { oneLine } from '../error.js';
import type { Finding } from '../registry/finding.js';
import { maskedTexts, type TextOf, withoutSecrets } from './mask.js';

export interface TextReportOptions {
  /** Lines of the file that a finding is about; undefined where it cannot be read. */
  readonly textOf: TextOf;
  readonly hasColor: boolean;
  /** What was judged, for the last line: `4 artefacts`. */
  readonly scope: string;
  /** Agreed exceptions: every report shows them. */
  readonly waived?: readonly WaivedLine[];
}

/** A finding that is excepted, or will be once its waiver is on the base. */
interface WaivedLine {
  readonly finding: Finding;
  readonly waiver: { readonly reason: string; readonly owner: string; readonly expires: string };
  readonly isInForce: boolean;
}

const MAX_LINE = 160;

/** Findings for people: place, rule, message, the line with carets, and the command that mends it. Secrets are masked. */
export function textReport(
  findings: readonly Finding[],
  { textOf, hasColor, scope, waived = [] }: TextReportOptions,
): string {
  const paint = painter(hasColor);
  const all = [...findings, ...waived.map((line) => line.finding)];
  const linesOf = splitOnce(maskedTexts(all, textOf));
  const blocks = withoutSecrets(findings, textOf).map((finding) => {
    const { file, line, column, severity, rule, message, notes = [], fix } = finding;
    const head = `${paint.bold(`${file}:${line}:${column}`)} ${severity === 'error' ? paint.red(severity) : paint.yellow(severity)} ${paint.dim(rule)}`;
    const excerpt = excerptOf(linesOf(file), finding).map((text) => `  ${paint.dim(text)}`);
    return [
      head,
      `  ${oneLine(message, 1_000)}`,
      ...notes.map((note) => `    ${oneLine(note, 300)}`),
      ...excerpt,
      ...(fix === undefined ? [] : [`  fix: ${paint.bold(fix)}`]),
      '',
    ].join('\n');
  });
  const exceptions = waived.map((line) => paint.dim(waivedInWords(line)));
  return `${[...blocks, ...exceptions, summary(findings, scope)].join('\n')}\n`;
}

function waivedInWords({ finding, waiver, isInForce }: WaivedLine): string {
  const { rule, file } = finding;
  const until = `until ${waiver.expires}, by ${oneLine(waiver.owner, 60)}: ${oneLine(waiver.reason, 200)}`;
  return isInForce
    ? `waived ${rule} of ${file} ${until}`
    : `not waived yet: ${rule} of ${file}; its waiver counts once it is on the base (${until})`;
}

function summary(findings: readonly Finding[], scope: string): string {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (findings.length === 0) return `${scope}: no findings`;
  const files = new Set(findings.map(({ file }) => file)).size;
  const parts = [
    errors > 0 ? plural(errors, 'error') : '',
    warnings > 0 ? plural(warnings, 'warning') : '',
  ].filter((part) => part !== '');
  return `${scope}: ${parts.join(' and ')} in ${plural(files, 'file')}`;
}

/** `1 error`, `2 errors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The source line and carets below what is meant; a long line is cut around it. Empty where the place has no text. */
function excerptOf(lines: readonly string[], { line, column, length = 1 }: Finding): string[] {
  const source = lines[line - 1]?.replace(/[\r\ufeff]/g, ' ');
  if (source === undefined || source.trim() === '') return [];
  const from = column > MAX_LINE - 20 ? column - MAX_LINE / 2 : 0;
  // Escapes would move the caret, so control characters become one blank each.
  const shown = source.slice(from, from + MAX_LINE).replace(/\p{C}/gu, ' ');
  const gutter = `${line} | `;
  const indent = Math.max(0, column - 1 - from);
  const carets = Math.max(1, Math.min(length, shown.trimEnd().length - indent));
  return [
    `${gutter}${shown}`,
    `${' '.repeat(gutter.length - 2)}| ${' '.repeat(indent)}${'^'.repeat(carets)}`,
  ];
}

function splitOnce(textOf: TextOf): (file: string) => readonly string[] {
  const split = new Map<string, readonly string[]>();
  return (file) => {
    const lines = split.get(file) ?? textOf(file)?.split('\n') ?? [];
    split.set(file, lines);
    return lines;
  };
}

function painter(hasColor: boolean) {
  const code = (open: number, close: number) => (text: string) =>
    hasColor ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bold: code(1, 22), dim: code(2, 22), red: code(31, 39), yellow: code(33, 39) };
}
