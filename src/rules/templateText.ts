import { createRequire } from 'node:module';
import type { Position } from '../registry/finding.js';
import { linesOf } from '../registry/positions.js';

/** What the text of a template includes, or where it is no Handlebars. */
export interface TemplateText {
  readonly partials?: readonly (Position & { readonly name: string | undefined })[];
  readonly mistake?: Position & { readonly message: string };
}

interface Node {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number; readonly column: number } };
  readonly name?: { readonly type: string; readonly original?: unknown };
  readonly [key: string]: unknown;
}

/** Many times what a large template has; Handlebars takes a second for the worst that fits. */
const MAX_BYTES = 250_000;
/** Blocks in blocks: Handlebars takes minutes for some thousands that are nowhere closed. */
const MAX_DEPTH = 64;

const load = createRequire(import.meta.url);

/** Reads the text of a template. Handlebars is loaded when the first is read: a check of operations needs none. */
export function parseTemplateText(bytes: Uint8Array): TemplateText {
  if (bytes.length > MAX_BYTES) {
    const message = `the text has ${bytes.length} bytes; at most ${MAX_BYTES} are read`;
    return { mistake: { line: 1, column: 1, message } };
  }
  const { parse } = load('handlebars') as typeof import('handlebars');
  const text = Buffer.from(bytes).toString('utf8');
  const { open, excess } = blocksOf(text);
  if (excess !== undefined)
    return { mistake: blockMistake(text, excess, `blocks stand in each other more than ${MAX_DEPTH} deep`) };
  try {
    return { partials: partialsIn(parse(text) as unknown as Node) };
  } catch (thrown) {
    return { mistake: mistakeOf(thrown, text, open) };
  }
}

function partialsIn(node: unknown): NonNullable<TemplateText['partials']> {
  if (Array.isArray(node)) return node.flatMap(partialsIn);
  if (typeof node !== 'object' || node === null) return [];
  const { type, name, loc, ...rest } = node as Node;
  const inner = Object.entries(rest).flatMap(([key, value]) => (key === 'strip' ? [] : partialsIn(value)));
  if (type !== 'PartialStatement' && type !== 'PartialBlockStatement') return inner;
  const isName = name?.type === 'PathExpression' || name?.type === 'StringLiteral';
  const position = { line: loc?.start.line ?? 1, column: (loc?.start.column ?? 0) + 1 };
  return [{ ...position, name: isName ? String(name.original) : undefined }, ...inner];
}

/** Handlebars tells the line in words, or counts it from 0, by the kind of mistake. */
function mistakeOf(
  thrown: unknown,
  text: string,
  open: Block | undefined,
): NonNullable<TemplateText['mistake']> {
  const { message, lineNumber, column } = thrown as { message: string; lineNumber?: number; column?: number };
  if (open !== undefined && /got 'EOF'/.test(message))
    return blockMistake(text, open, `this is no Handlebars: the block '${open.name}' is nowhere closed`);
  const inWords = /on line (\d+)/.exec(message)?.[1];
  return {
    line: lineNumber ?? Number(inWords ?? 1),
    column: (column ?? 0) + 1,
    message: `this is no Handlebars: ${inPlainWords(message.split('\n').at(-1) ?? message)}`,
  };
}

interface Block {
  readonly name: string;
  readonly start: number;
}

/** The innermost block that is open where the text ends, or the first that stands too deep; comments are skipped. */
function blocksOf(text: string): { open?: Block | undefined; excess?: Block } {
  const tag = /(?<!\\)\{\{~?(?:(!--)|([#^/])\s*[>*]?\s*([^\s}~]{0,100}))/g;
  const open: Block[] = [];
  for (let found = tag.exec(text); found !== null; found = tag.exec(text)) {
    const [, comment, sign, name = ''] = found;
    if (comment !== undefined) {
      const end = text.indexOf('--', tag.lastIndex);
      if (end < 0) break;
      tag.lastIndex = end + 2;
    } else if (sign === '/') open.pop();
    else if (sign === '#' || name !== '') open.push({ name, start: found.index });
    const last = open.at(-1);
    if (last !== undefined && open.length > MAX_DEPTH) return { excess: last };
  }
  return { open: open.at(-1) };
}

function blockMistake(text: string, { start }: Block, message: string): NonNullable<TemplateText['mistake']> {
  return { ...linesOf(text).positionOf(start), message };
}

/** The parser tells every token that it would have taken; people are told what they forgot. */
function inPlainWords(expecting: string): string {
  const got = /^Expecting .*, got '(\w+)'$/.exec(expecting)?.[1];
  if (got === 'EOF') return 'the text ends before a block is closed';
  if (got === 'OPEN_ENDBLOCK') return 'a block is closed that was not opened';
  if (got === 'CLOSE') return 'a tag ends too early';
  return got === 'INVALID' ? 'a character stands where none such can' : expecting;
}
