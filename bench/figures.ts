/** The number that follows `--NAME=` on the command line. */
export function argument(name: string, otherwise: number): number {
  return Number(new RegExp(`--${name}=(\\d+)`).exec(process.argv.join(' '))?.[1] ?? otherwise);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** 20000.4 as 20,000. */
export function show(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** The median of rates and how far they lie apart; `unit` is said after the median, as in "rows/s". */
export function range(rates: readonly number[], unit: string): string {
  return `${show(median(rates))} ${unit} (${show(Math.min(...rates))} to ${show(Math.max(...rates))})`;
}

/** Of pairs of rates, one pair a round: how the medians compare, and the single rounds. */
export function ratioText(rates: readonly number[], references: readonly number[]): string {
  const ratios = rates.map((rate, round) => rate / (references[round] ?? Number.NaN));
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const ofMedians = median(rates) / median(references);
  return `ratio of the medians ${ofMedians.toFixed(2)}, of each round ${least.toFixed(2)} to ${most.toFixed(2)}`;
}
