import type { Clock } from '../clock.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';

export type ProgressStyle = 'terminal' | 'lines' | 'json' | 'none';

interface ProgressOptions {
  readonly clock: Clock;
  readonly style: ProgressStyle;
  readonly label: string;
  /** Rows this run will read, when known: gives the ETA. */
  readonly total: number | undefined;
  /** Where it goes: standard error, so that standard output stays the runner's own. */
  write(text: string): void;
}

const EVERY_MS: Readonly<Record<ProgressStyle, number>> = {
  terminal: 100,
  lines: 5_000,
  json: 1_000,
  none: 0,
};

/** Seconds over which the shown rate is averaged. */
const RATE_WINDOW_MS = 3_000;

/** Shows the counts of a run while it goes: one line that is redrawn on a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #counts: Counts;
  readonly #options: ProgressOptions;
  readonly #samples: { readonly atMs: number; readonly logged: number }[] = [];
  #cancel: (() => void) | undefined;

  constructor(counts: Counts, options: ProgressOptions) {
    this.#counts = counts;
    this.#options = options;
  }

  start(): void {
    this.#sample();
    if (this.#options.style !== 'none') this.#tick();
  }

  /** Stops and, on a terminal, takes the line away. */
  stop(): void {
    this.#cancel?.();
    if (this.#options.style === 'terminal') this.#options.write('\r\u001b[2K');
  }

  #tick(): void {
    this.#cancel = this.#options.clock.schedule(EVERY_MS[this.#options.style], () => {
      this.#sample();
      this.#options.write(this.#draw());
      this.#tick();
    });
  }

  #draw(): string {
    const { style } = this.#options;
    if (style === 'json')
      return `${JSON.stringify({ ...this.#counts, total: this.#options.total ?? null, rate: Math.round(this.#rate()) })}\n`;
    return style === 'terminal' ? `\r\u001b[2K${this.line()}` : `${this.line()}\n`;
  }

  /** The line itself, without control characters. */
  line(): string {
    const { logged, retries, inFlight } = this.#counts;
    const { total, label } = this.#options;
    const done = loggedTotal(this.#counts);
    const parts = [
      total === undefined ? `${count(done)}` : `${count(done)}/${count(total)} ${percent(done, total)}`,
    ];
    parts.push(`sent ${count(logged.sent)}`);
    if (logged.rejected > 0) parts.push(`rejected ${count(logged.rejected)}`);
    if (logged.failed > 0) parts.push(`failed ${count(logged.failed)}`);
    if (logged.unknown > 0) parts.push(`unknown ${count(logged.unknown)}`);
    if (retries > 0) parts.push(`retries ${count(retries)}`);
    parts.push(`in flight ${inFlight}`, `${count(Math.round(this.#rate()))}/s`);
    if (total !== undefined && this.#rate() > 0) parts.push(`ETA ${duration((total - done) / this.#rate())}`);
    return `${label}  ${parts.join('  ')}`;
  }

  #sample(): void {
    const atMs = this.#options.clock.monotonic();
    this.#samples.push({ atMs, logged: loggedTotal(this.#counts) });
    while ((this.#samples[1]?.atMs ?? atMs) < atMs - RATE_WINDOW_MS) this.#samples.shift();
  }

  /** Results logged a second, over the last few seconds. */
  #rate(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return ((last.logged - first.logged) * 1_000) / (last.atMs - first.atMs);
  }
}

/** 20000 as 20,000. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '100%' : `${Math.floor((100 * part) / whole)}%`;
}

/** Seconds as 42s, 3m05s or 2h10m. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return `${minutes}m${String(rest).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
