/** Ascending numbers as cron and systemd write them, ranges with the mark of either: `0,1,5-7`. */
export function ranges(numbers: readonly number[], mark: string): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs
    .map(([first, last]) => (last - first < 2 ? range(first, last) : `${first}${mark}${last}`))
    .join(',');
}

function range(first: number, last: number): string {
  return first === last ? `${first}` : `${first},${last}`;
}
