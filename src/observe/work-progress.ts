import { oneLine } from '../error.js';
import type { TaskProgress } from '../pipeline/task.js';
import { Display, type DisplayOptions } from './display.js';
import { etaText, wayWords } from './progress.js';
import { RateWindow } from './rate.js';

interface WorkProgressOptions extends DisplayOptions {
  readonly label: string;
}

/** Shows how a task stands while it works, by what it last told. */
export class WorkProgress {
  /** Undefined until the task has told something. */
  standing: TaskProgress | undefined;
  readonly #options: WorkProgressOptions;
  readonly #done = new RateWindow();
  readonly #display: Display;

  constructor(options: WorkProgressOptions) {
    this.#options = options;
    this.#display = new Display(this, options);
  }

  start(): void {
    this.#display.start();
  }

  /** Stops and, on a terminal, takes its lines away. */
  stop(): void {
    this.#display.stop();
  }

  /** Prints a line of someone else's, above what is drawn. */
  print(line: string): void {
    this.#display.print(line);
  }

  sample(): void {
    this.#done.sample(this.#options.clock.monotonic(), this.standing?.done ?? 0);
  }

  lines(hasBar = true): readonly string[] {
    const { label } = this.#options;
    if (this.standing === undefined) return [`${label}  at work`];
    const { done, total, unit } = this.standing;
    const { perSecond } = this.#done;
    const way = wayWords({ label, done, total, unit: oneLine(unit, 40), hasBar, perSecond });
    if (total !== undefined && perSecond > 0) way.push(etaText(total - done, perSecond));
    return [way.join('  ')];
  }

  json(): object {
    const { done = 0, total = null, unit = null } = this.standing ?? {};
    return { done, total, unit, rate: Math.round(this.#done.perSecond) };
  }
}
