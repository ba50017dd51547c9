import type { Position } from './finding.js';

/** The lines of a text, found once: thousands of places may be asked for. */
export interface Lines {
  positionOf(offset: number): Position;
  /** The offset of a place; that of the end where the text has no such line. */
  offsetOf(position: Position): number;
}

export function linesOf(text: string): Lines {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return {
    positionOf(offset) {
      let [low, high] = [0, starts.length - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
    },
    offsetOf: ({ line, column }) => Math.min((starts[line - 1] ?? text.length) + column - 1, text.length),
  };
}
