import { oneLine } from '../error.js';
import { canonicalJson } from './canonical.js';
import { isMap } from './jsonSchema.js';
import { linesBetween } from './lines.js';
import type { Path } from './source.js';

/** Something that two documents do not have in common. */
export interface Difference {
  readonly path: Path;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly before?: unknown;
  readonly after?: unknown;
}

const MAX_VALUE = 60;
/** Of a long text that changed far behind its beginning: how much is shown before the change. */
const CONTEXT = 16;

/** A difference as one line: `params.concurrency.default: 64 -> 128`. */
export function changeWords({ path, kind, before, after }: Difference): string {
  const place = pathText(path);
  if (kind === 'added')
    return `${place}: added${isLong(after) ? `, ${lineCount(after)}` : ` ${valueText(after)}`}`;
  if (kind === 'removed')
    return `${place}: removed${isScalar(before) && !isLong(before) ? ` (was ${valueText(before)})` : ''}`;
  return `${place}: ${changed(before, after)}`;
}

/** `inputs.recipients.row.required[0]`; a key that would be misread stands in quotes. */
export function pathText(path: Path): string {
  const steps = path.map((step, index) => {
    if (typeof step === 'number') return `[${step}]`;
    const isPlain = /^[^\s.'[\]\p{C}]+$/u.test(step);
    return isPlain ? `${index > 0 ? '.' : ''}${step}` : `['${oneLine(step, MAX_VALUE)}']`;
  });
  return steps.join('');
}

/** A value on one line as YAML would read it, cut where it is long. */
export function valueText(value: unknown): string {
  const text = flowText(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

function flowText(value: unknown): string {
  if (typeof value === 'string') return stringText(value);
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (!isMap(value)) return String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${stringText(key)}: ${flowText(item)}`)
    .join(', ')}}`;
}

/** Quotes stand where the text alone would be taken for a number, a map or nothing. */
function stringText(text: string): string {
  const isPlain =
    /^[A-Za-z_/$>~^][^'"\p{C}]*$/u.test(text) && !/^(true|false|null|~)$/i.test(text) && text.trim() === text;
  return isPlain ? text : `'${oneLine(text)}'`;
}

function changed(before: unknown, after: unknown): string {
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].every(isScalar))
    return listWords(before, after);
  if (typeof before === 'string' && typeof after === 'string') return textWords(before, after);
  return `${valueText(before)} -> ${valueText(after)}`;
}

/** What a list of scalars gained and lost. */
function listWords(before: readonly unknown[], after: readonly unknown[]): string {
  const [added, removed] = [surplus(after, before), surplus(before, after)];
  const words = [
    ...(added.length > 0 ? [`added ${itemsText(added)}`] : []),
    ...(removed.length > 0 ? [`removed ${itemsText(removed)}`] : []),
  ];
  return words.length > 0 ? words.join('; ') : `other order: ${valueText(before)} -> ${valueText(after)}`;
}

/** The items of one list that the other has not, or not as often. */
function surplus(items: readonly unknown[], others: readonly unknown[]): unknown[] {
  const left = others.map(canonicalJson);
  return items.filter((item) => {
    const index = left.indexOf(canonicalJson(item));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function itemsText(items: readonly unknown[]): string {
  const text = items
    .map((item) => (typeof item === 'string' ? `'${oneLine(item, MAX_VALUE)}'` : String(item)))
    .join(', ');
  return text.length > 2 * MAX_VALUE ? `${text.slice(0, 2 * MAX_VALUE - 1)}…` : text;
}

function textWords(before: string, after: string): string {
  if (!isLong(before) && !isLong(after)) return `${shownFrom(before, after)} -> ${shownFrom(after, before)}`;
  const { added, removed } = linesBetween(before, after);
  return added + removed === 0 ? 'line ends changed' : `text changed, +${added} -${removed} lines`;
}

/** A text, without its beginning where it is long and the other begins alike. */
function shownFrom(text: string, other: string): string {
  let same = 0;
  while (same < text.length && text[same] === other[same]) same++;
  const isCut = Math.max(text.length, other.length) > MAX_VALUE && same > CONTEXT;
  return isCut ? `'…${oneLine(text.slice(same - CONTEXT), MAX_VALUE)}'` : valueText(text);
}

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.trimEnd().includes('\n');
}

function lineCount(text: string): string {
  return `${text.trimEnd().split('\n').length} lines of text`;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}
