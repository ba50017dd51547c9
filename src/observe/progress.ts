import type { Clock } from '../clock.js';
import { type Counts, loggedTotal } from '../pipeline/counts.js';

export type ProgressStyle = 'terminal' | 'lines' | 'json' | 'none';

interface ProgressOptions {
  readonly clock: Clock;
  readonly style: ProgressStyle;
  readonly label: string;
  /** Rows that will have come by at the end, selected or not, when known: gives the ETA. */
  readonly total: number | undefined;
  /** Whether nothing is sent: then rows are valid, not sent. */
  readonly isDryRun?: boolean;
  /** Where it goes: standard error, so that standard output stays the runner's own. */
  readonly stream: NodeJS.WritableStream;
}

/** What `log-update` makes of a stream: text that is drawn again in its place. */
interface Drawing {
  (text: string): void;
  /** Takes what was drawn away. */
  clear(): void;
  /** Prints a line above what is drawn. */
  persist(text: string): void;
}

const EVERY_MS: Readonly<Record<ProgressStyle, number>> = {
  terminal: 100,
  lines: 5_000,
  json: 1_000,
  none: 0,
};

/** Seconds over which the shown rate is averaged. */
const RATE_WINDOW_MS = 3_000;

const BAR_CELLS = 20;

/**
 * Shows the counts of a run while it goes: two lines that are drawn again on a terminal, a line every few seconds
 * elsewhere. It counts results that are logged, not messages on their way.
 */
export class Progress {
  readonly #counts: Counts;
  readonly #options: ProgressOptions;
  readonly #samples: { readonly atMs: number; readonly logged: number; readonly passed: number }[] = [];
  #drawing: Drawing | undefined;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(counts: Counts, options: ProgressOptions) {
    this.#counts = counts;
    this.#options = options;
  }

  start(): void {
    this.#sample();
    if (this.#options.style === 'terminal') void this.#openDrawing();
    if (this.#options.style !== 'none') this.#tick();
  }

  /** Stops and, on a terminal, takes its lines away. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#drawing?.clear();
  }

  /** Prints a line of someone else's, above what is drawn. */
  print(line: string): void {
    if (this.#drawing === undefined || this.#isStopped) this.#options.stream.write(`${line}\n`);
    else this.#drawing.persist(line);
  }

  /** Only a terminal pays for the library. A visible cursor needs no handlers of signals to bring it back. */
  async #openDrawing(): Promise<void> {
    const { createLogUpdate } = await import('log-update');
    this.#drawing = createLogUpdate(this.#options.stream, { showCursor: true });
  }

  #tick(): void {
    this.#cancel = this.#options.clock.schedule(EVERY_MS[this.#options.style], () => {
      this.#sample();
      this.#draw();
      this.#tick();
    });
  }

  #draw(): void {
    const { style, stream, total = null } = this.#options;
    if (style === 'terminal') this.#drawing?.(this.lines().join('\n'));
    else if (style === 'json')
      stream.write(`${JSON.stringify({ ...this.#counts, total, rate: Math.round(this.#rate('logged')) })}\n`);
    else stream.write(`${this.lines(false).join('  ')}\n`);
  }

  /** How far it is, and what has come out; without control characters. */
  lines(hasBar = true): [string, string] {
    const { logged, retries, inFlight } = this.#counts;
    const { total, label, isDryRun } = this.#options;
    const passed = passedTotal(this.#counts);
    const way = [label];
    if (total !== undefined && hasBar) way.push(bar(passed, total));
    way.push(
      total === undefined ? count(passed) : `${count(passed)}/${count(total)} ${percent(passed, total)}`,
    );
    way.push(`${count(Math.round(this.#rate('logged')))}/s`);
    if (total !== undefined && this.#rate('passed') > 0)
      way.push(`ETA ${duration(Math.max(0, total - passed) / this.#rate('passed'))}`);
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

  #sample(): void {
    const atMs = this.#options.clock.monotonic();
    this.#samples.push({ atMs, logged: loggedTotal(this.#counts), passed: passedTotal(this.#counts) });
    while ((this.#samples[1]?.atMs ?? atMs) < atMs - RATE_WINDOW_MS) this.#samples.shift();
  }

  /** Results logged, or rows that have come by, a second, over the last few seconds. */
  #rate(of: 'logged' | 'passed'): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
    return ((last[of] - first[of]) * 1_000) / (last.atMs - first.atMs);
  }
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
