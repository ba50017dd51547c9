/** A line of a help section: the flag or name, and what is said of it. */
export type Entry = readonly [head: string, text: string];

/** Entries in two columns; a head too long for the first one has a line of its own. */
export function entriesText(entries: readonly Entry[], width: number, column: number): string {
  return entries
    .map(([head, text]) => {
      const lead = `  ${head}`;
      if (text === '') return lead;
      const body = paragraph(text, column, width);
      return lead.length + 2 <= column ? lead.padEnd(column) + body.slice(column) : `${lead}\n${body}`;
    })
    .join('\n');
}

/** Stands for a space at which no line is broken: between a flag and its value. */
export const FIRM_SPACE = '\u00a0';

/** A text wrapped at spaces; a word longer than a line stays whole. Later lines may stand further in than the first. */
export function paragraph(text: string, indent: number, width: number, laterIndent = indent): string {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(laterIndent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n').replaceAll(FIRM_SPACE, ' ');
}
