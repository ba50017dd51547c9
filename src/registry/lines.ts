/** How many lines a text gained and lost. */
export interface LineCounts {
  readonly added: number;
  readonly removed: number;
}

/** Beyond this many lines that differ at all, telling which moved costs more than it says. */
const MAX_EDITS = 2_000;

/** Compares two texts line by line, as diff does; CRLF and LF are one. */
export function linesBetween(before: string, after: string): LineCounts {
  const { a, b } = withoutCommon(linesOf(before), linesOf(after));
  const edits = editCount(a, b);
  // Of the edits, what is surplus on one side is known from the lengths; the rest are pairs.
  return { added: (edits + b.length - a.length) / 2, removed: (edits + a.length - b.length) / 2 };
}

/** With their ends, so that a last line without one differs from a last line that has it. */
function linesOf(text: string): string[] {
  return text === '' ? [] : text.replaceAll('\r\n', '\n').split(/(?<=\n)/);
}

function withoutCommon(a: readonly string[], b: readonly string[]) {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { a: a.slice(start, a.length - end), b: b.slice(start, b.length - end) };
}

/** The least number of lines to insert and delete: Myers, An O(ND) Difference Algorithm (1986), figure 2. */
function editCount(a: readonly string[], b: readonly string[]): number {
  const furthest = new Map<number, number>([[1, 0]]);
  const most = a.length + b.length;
  for (let edits = 0; edits <= Math.min(most, MAX_EDITS); edits++) {
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const [below, above] = [furthest.get(diagonal - 1) ?? -1, furthest.get(diagonal + 1) ?? -1];
      let x = diagonal === -edits || (diagonal !== edits && below < above) ? above : below + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      furthest.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return edits;
    }
  }
  return most;
}
