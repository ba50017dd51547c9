import { stringify } from 'yaml';
import { RtnError } from '../error.js';
import { ambiguity } from '../registry/ambiguous.js';
import { canonicalJson } from '../registry/canonical.js';
import { isMap } from '../registry/jsonSchema.js';
import { type Path, parseSource, type Source } from '../registry/source.js';

/** What is to change in a document. Everything else, comments and layout included, stays as its author wrote it. */
export interface Rewrite {
  /** Top-level keys with one-line values; a key that is absent is inserted below `status`. */
  readonly set?: Readonly<Record<string, string>>;
  /** Top-level keys to be removed with their values. */
  readonly drop?: readonly string[];
  /** Values that exist, deeper in the document. */
  readonly replace?: readonly { readonly path: Path; readonly value: string }[];
  /** A top-level map of one-line values, put at the end. */
  readonly append?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The document's text after the change, made by cutting and pasting in the text. What comes out is read again and has
 * to mean exactly the old document with the change; throws `configuration` where a layout does not allow it.
 */
export function rewrite(source: Source, change: Rewrite): string {
  const newline = source.text.includes('\r\n') ? '\r\n' : '\n';
  const edited = apply(source.text, editsFor(source, change, newline));
  const wanted = canonicalJson(expectedValue(source.value, change));
  const tail = appendix(change.append ?? {}).replaceAll('\n', newline);
  const ended = edited.endsWith('\n') || edited === '' ? edited : `${edited}${newline}`;
  // Blank lines at the end may belong to a text in keep style (|+); then the plainer candidate is the right one.
  const candidates =
    tail === ''
      ? [`${edited.trimEnd()}${newline}`, edited]
      : [`${ended.trimEnd()}${newline}${newline}${tail}`, `${ended}${tail}`];
  for (const candidate of candidates) {
    const { source: result } = parseSource(source.file, Buffer.from(candidate));
    if (result !== undefined && canonicalJson(result.value) === wanted) return candidate;
  }
  throw new RtnError(
    'configuration',
    `${source.file} is laid out in a way that cannot be edited by a program`,
    {
      next: 'write the top level as a block (one key a line, no braces), without anchors on status, version or published',
    },
  );
}

function editsFor(source: Source, { set = {}, drop = [], replace = [] }: Rewrite, newline: string): Edit[] {
  const inserted: string[] = [];
  const edits = Object.entries(set).flatMap(([key, value]): Edit[] => {
    const range = source.pairRange(key) && source.rangeOf([key]);
    if (range) return [replacement(source.text, range, value, newline)];
    inserted.push(`${key}: ${scalar(value)}${newline}`);
    return [];
  });
  const anchor = lineEnd(source.text, source.pairRange('status')?.end ?? 0);
  if (inserted.length > 0) edits.push({ start: anchor, end: anchor, text: inserted.join('') });
  for (const key of drop) {
    const range = source.pairRange(key);
    if (range) edits.push({ start: range.start, end: lineEnd(source.text, range.end), text: '' });
  }
  for (const { path, value } of replace) {
    const range = source.rangeOf(path);
    // Two paths may lead through aliases to one place.
    if (range && !edits.some((edit) => edit.start === range.start))
      edits.push(replacement(source.text, range, value, newline));
  }
  return edits;
}

/** A block text ends with its line, so what takes its place does, too. */
function replacement(
  text: string,
  range: { start: number; end: number },
  value: string,
  newline: string,
): Edit {
  return { ...range, text: `${scalar(value)}${text[range.end - 1] === '\n' ? newline : ''}` };
}

function apply(text: string, edits: readonly Edit[]): string {
  // What is inserted where a cut begins comes after the cut, or it would be cut away itself.
  const fromEnd = [...edits].sort((a, b) => b.start - a.start || b.end - a.end);
  return fromEnd.reduce(
    (result, { start, end, text: insert }) => result.slice(0, start) + insert + result.slice(end),
    text,
  );
}

/** The offset behind the line break that follows, or the end of the text. */
function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function appendix(maps: NonNullable<Rewrite['append']>): string {
  return Object.entries(maps)
    .map(
      ([key, values]) =>
        `${key}:\n${Object.entries(values)
          .map(([name, value]) => `  ${name}: ${scalar(value)}\n`)
          .join('')}`,
    )
    .join('');
}

/** Quoted only where it has to be: a digest of digits alone would be read as a number, `no` by some as false. */
function scalar(value: string | number): string {
  if (typeof value === 'string' && ambiguity(value) !== undefined) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0 }).trim();
}

function expectedValue(value: unknown, { set = {}, drop = [], replace = [], append = {} }: Rewrite): unknown {
  const changed = replace.reduce(
    (result: unknown, { path, value: text }) => withValue(result, path, text),
    value,
  );
  const kept = Object.entries(isMap(changed) ? changed : {}).filter(([key]) => !drop.includes(key));
  return { ...Object.fromEntries(kept), ...set, ...append };
}

function withValue(value: unknown, [step, ...rest]: Path, text: string): unknown {
  if (step === undefined) return text;
  if (Array.isArray(value))
    return value.map((item, index) => (index === Number(step) ? withValue(item, rest, text) : item));
  return isMap(value) ? { ...value, [step]: withValue(value[step], rest, text) } : value;
}
