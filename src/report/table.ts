import { oneLine } from '../error.js';

export interface LayoutOptions {
  /** Columns of the terminal: what is beyond is cut at the end of a line. Undefined where nothing is to be cut. */
  readonly width?: number | undefined;
  /** Blanks before each line. */
  readonly indent?: number;
}

/** Rows as aligned columns under their names, which are the keys of the first row. */
export function tableText(
  rows: readonly Readonly<Record<string, unknown>>[],
  options: Pick<LayoutOptions, 'width'> = {},
): string {
  const [first] = rows;
  if (first === undefined) return '(no rows)\n';
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  const rule = columnsText([columnWidths([columns, ...cells]).map((size) => '-'.repeat(size))]).trimEnd();
  const [head = '', ...body] = columnsText([columns, ...cells], options).split('\n');
  return [head, rule.slice(0, options.width), ...body].join('\n');
}

/** Lines of cells, aligned under each other and two blanks apart. */
export function columnsText(
  lines: readonly (readonly string[])[],
  { width, indent = 0 }: LayoutOptions = {},
): string {
  const widths = columnWidths(lines);
  return lines
    .map((cells) => {
      const padded = cells.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - lengthOf(cell)));
      return `${cut(`${' '.repeat(indent)}${padded.join('  ')}`.trimEnd(), width)}\n`;
    })
    .join('');
}

/** A text of at most so many characters, with … where it went on. */
function cut(text: string, width: number | undefined): string {
  if (width === undefined || lengthOf(text) <= width) return text;
  return `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const cells of lines)
    for (const [index, cell] of cells.entries()) widths[index] = Math.max(widths[index] ?? 0, lengthOf(cell));
  return widths;
}

/** A letter outside of the basic plane is one. */
function lengthOf(text: string): number {
  return [...text].length;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return oneLine(text.replace(/\s+/g, ' '), Number.POSITIVE_INFINITY);
}
