import type { Clock } from '../clock.js';
import { oneLine } from '../error.js';
import type { TaskProgress } from '../pipeline/task.js';
import type { Drawable } from './display.js';
import { etaText, wayWords } from './progress.js';
import { RateWindow } from './rate.js';

interface WorkProgressOptions {
  readonly clock: Clock;
  readonly label: string;
}

/** How a task stands while it works, by what it last told, to be displayed. */
export class WorkProgress implements Drawable {
  /** Undefined until the task has told something. */
  standing: TaskProgress | undefined;
  readonly #options: WorkProgressOptions;
  readonly #done = new RateWindow();

  constructor(options: WorkProgressOptions) {
    this.#options = options;
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
