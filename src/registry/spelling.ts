/** The candidate that was probably meant, or undefined where none is near: at most a third of its letters differ. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase().slice(0, 64), candidate.toLowerCase().slice(0, 64));
    const isNear = distance <= Math.max(1, Math.floor(Math.max(candidate.length, word.length) / 3));
    if (isNear && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { candidate, distance };
  }
  return best?.candidate;
}

/** `; did you mean 'x'?`, else `; expected one of a, b`, else nothing: the end of a message about an unknown word. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean '${near}'?`;
  return candidates.length === 0 ? '' : `; expected one of ${candidates.join(', ')}`;
}

/** Optimal string alignment distance: a swap of neighbours counts as one, since that is how fingers err. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const edits = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
      );
      row.push(isSwap ? Math.min(edits, (beforeLast[j - 2] ?? 0) + 1) : edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
