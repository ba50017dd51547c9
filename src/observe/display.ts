import type { Clock } from '../clock.js';

export type ProgressStyle = 'terminal' | 'lines' | 'json' | 'none';

export interface DisplayOptions {
  readonly clock: Clock;
  readonly style: ProgressStyle;
  /** Where it goes: standard error, so that standard output stays the runner's own. */
  readonly stream: NodeJS.WritableStream;
}

/** What is shown, asked again for each drawing. */
export interface Drawable {
  /** Called before each drawing, and once at the start. */
  sample(): void;
  /** Without control characters; a bar is for a terminal alone. */
  lines(hasBar: boolean): readonly string[];
  json(): object;
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

/** Shows how something stands while it goes: lines drawn again on a terminal, a line every few seconds elsewhere. */
export class Display {
  readonly #shown: Drawable;
  readonly #options: DisplayOptions;
  #drawing: Drawing | undefined;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(shown: Drawable, options: DisplayOptions) {
    this.#shown = shown;
    this.#options = options;
  }

  start(): void {
    this.#shown.sample();
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
      this.#shown.sample();
      this.#draw();
      this.#tick();
    });
  }

  #draw(): void {
    const { style, stream } = this.#options;
    if (style === 'terminal') this.#drawing?.(this.#shown.lines(true).join('\n'));
    else if (style === 'json') stream.write(`${JSON.stringify(this.#shown.json())}\n`);
    else stream.write(`${this.#shown.lines(false).join('  ')}\n`);
  }
}
