import type { Clock } from '../clock.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';
import type { Drawable } from './display.js';
import { RateWindow } from './rate.js';

interface ProgressOptions {
  readonly clock: Clock;
  readonly label: string;
  /** Rows that will have come by at the end, selected or not, when known: gives the ETA. */
  readonly total: number | undefined;
  /** Whether nothing is sent: then rows are valid, not sent. */
  readonly isDryRun?: boolean;
}

const BAR_CELLS = 20;

/** The counts of a run while it goes, to be displayed. It counts results that are logged, not messages on their way. */
export class Progress implements Drawable {
  readonly #counts: Counts;
  readonly #options: ProgressOptions;
  readonly #logged = new RateWindow();
  readonly #passed = new RateWindow();

  constructor(counts: Counts, options: ProgressOptions) {
    this.#counts = counts;
    this.#options = options;
  }

  sample(): void {
    const atMs = this.#options.clock.monotonic();
    this.#logged.sample(atMs, loggedTotal(this.#counts));
    this.#passed.sample(atMs, passedTotal(this.#counts));
  }

  /** How far it is, and what has come out; without control characters. */
  lines(hasBar = true): [string, string] {
    const { logged, retries, inFlight } = this.#counts;
    const { total, label, isDryRun } = this.#options;
    const passed = passedTotal(this.#counts);
    const way = wayWords({ label, done: passed, total, hasBar, perSecond: this.#logged.perSecond });
    if (total !== undefined && this.#passed.perSecond > 0)
      way.push(etaText(total - passed, this.#passed.perSecond));
    const outcomes = [
      `${isDryRun ? 'valid' : 'sent'} ${count(logged.sent)}`,
      `rejected ${count(logged.rejected)}`,
      `failed ${count(logged.failed)}`,
      ...(logged.unknown > 0 ? [`unknown ${count(logged.unknown)}`] : []),
      `retries ${count(retries)}`,
      `in flight ${count(inFlight)}`,
    ];
    return [way.join('  '), outcomes.join('  ')];
  }

  json(): object {
    const { total = null } = this.#options;
    return { ...this.#counts, total, rate: Math.round(this.#logged.perSecond) };
  }
}

interface Way {
  readonly label: string;
  readonly done: number;
  readonly total: number | undefined;
  /** What is counted, where that is to be said. */
  readonly unit?: string;
  readonly hasBar: boolean;
  readonly perSecond: number;
}

/** How far something is: who, a bar, how much of how much, how fast. */
export function wayWords({ label, done, total, unit, hasBar, perSecond }: Way): string[] {
  const units = unit === undefined ? '' : ` ${unit}`;
  return [
    label,
    ...(total !== undefined && hasBar ? [bar(done, total)] : []),
    total === undefined
      ? `${count(done)}${units}`
      : `${count(done)}/${count(total)}${units} ${percent(done, total)}`,
    `${count(Math.round(perSecond))}/s`,
  ];
}

export function etaText(left: number, perSecond: number): string {
  return `ETA ${duration(Math.max(0, left) / perSecond)}`;
}

/** Rows that are done with: logged, or not selected. */
function passedTotal(counts: Counts): number {
  return loggedTotal(counts) + counts.notSelected;
}

/** 20000 as 20,000. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '100%' : `${Math.min(100, Math.floor((100 * part) / whole))}%`;
}

function bar(part: number, whole: number): string {
  const cells = whole === 0 ? BAR_CELLS : Math.min(BAR_CELLS, Math.floor((BAR_CELLS * part) / whole));
  return `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`;
}

/** Seconds as 42s, 3m05s or 2h10m. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return `${minutes}m${String(rest).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
