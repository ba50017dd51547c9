import { systemClock } from '../clock.js';
import { oneLine, RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { openTaskRecord, type TaskRecord } from '../loggers/task-record.js';
import { Display } from '../observe/display.js';
import { WorkProgress } from '../observe/work-progress.js';
import { DEFAULT_WAIT_MS } from '../pipeline/begin.js';
import type { Task, TaskRun } from '../pipeline/task.js';
import { bindOutputs, bindWholes } from './bind.js';
import type { CommandLine } from './command-line.js';
import type { TaskRunner } from './definition.js';
import { progressStyle } from './options.js';
import { freshId } from './run-identity.js';
import { handleSignals } from './signals.js';
import { taskPlanOf } from './task-plan.js';
import { type TaskEnd, taskText, writeTaskSummary } from './task-report.js';

type RunCommand = Extract<CommandLine, { kind: 'run' }>;

/** What a task has forgotten to close keeps its process no longer than this. */
const LEAVE_WITHIN_MS = 3_000;

/** One start of a task: signals, progress, its record and the last lines around it. `run` is called once. */
export class TaskLaunch {
  readonly #definition: TaskRunner;
  readonly #command: RunCommand;
  readonly #runId: string;
  readonly #ended = new AbortController();
  readonly #progress: WorkProgress;
  readonly #display: Display;
  readonly #startedMs = systemClock.monotonic();
  #record: TaskRecord | undefined;
  /** Who asked for the end before all was done: a signal, `rtn runs stop`. */
  #endedBy: string | undefined;
  /** The task went on past the drain timeout, and ends with the process. */
  #isAbandoned = false;
  #cancelDrain: () => void = () => {};

  constructor(definition: TaskRunner, command: RunCommand) {
    const { name, version } = definition.operation;
    this.#definition = definition;
    this.#command = command;
    this.#runId = command.options.runId ?? freshId(name);
    this.#progress = new WorkProgress({ clock: systemClock, label: `${name} ${version}` });
    this.#display = new Display(this.#progress, {
      clock: systemClock,
      style: progressStyle(command.options),
      stream: process.stderr,
    });
  }

  async run(): Promise<number> {
    const { outputs, inputs, params, secrets } = this.#command;
    const task = this.#definition.task({
      inputs: bindWholes(this.#definition, inputs),
      outputs: bindOutputs(this.#definition, outputs),
      params,
      secrets,
    });
    const drained = this.#drained();
    const release = handleSignals({
      end: (signal) => this.#end(signal),
      effect: 'what was begun is finished, nothing new is begun',
      tell: (message) => this.#tell(message),
      standing: () => 'what was begun is left; start it again',
    });
    this.#display.start();
    const end = await this.#work(task, drained);
    this.#cancelDrain();
    this.#display.stop();
    await this.#record?.end({ ...end, work: this.#progress.standing });
    release(end.exitCode);
    await this.#tellEnd(end);
    if (this.#isAbandoned) process.exit(end.exitCode);
    setTimeout(() => {
      this.#warn('the task has left something open that keeps the process; it ends all the same');
      process.exit(end.exitCode);
    }, LEAVE_WITHIN_MS).unref();
    return end.exitCode;
  }

  /** Runs the task to its end, or to that of the drain timeout. */
  async #work(task: Task, drained: Promise<never>): Promise<TaskEnd> {
    try {
      this.#record = await this.#openRecord();
      const report = await Promise.race([task.run(this.#context()), drained]);
      return this.#ending({ report, exitCode: report.isComplete ? RUNNER_EXIT.ok : RUNNER_EXIT.temporary });
    } catch (thrown) {
      const error = toRtnError(thrown);
      return this.#ending({ error, exitCode: runnerExit(error.code) });
    }
  }

  #ending(came: Pick<TaskEnd, 'report' | 'error' | 'exitCode'>): TaskEnd {
    const { name: operation, version, runner } = this.#definition.operation;
    return {
      runId: this.#runId,
      operation,
      version,
      runner,
      isDryRun: this.#command.options.isDryRun,
      durationMs: Math.round(systemClock.monotonic() - this.#startedMs),
      endedBy: this.#endedBy,
      ...came,
    };
  }

  #context(): TaskRun {
    const { options } = this.#command;
    const { name: operation, version, digest } = this.#definition.operation;
    return {
      id: this.#runId,
      operation,
      version,
      digest,
      clock: systemClock,
      environment: process.env,
      isDryRun: options.isDryRun,
      waitMs: options.waitMs ?? DEFAULT_WAIT_MS,
      signal: this.#ended.signal,
      warn: (message) => this.#warn(message),
      progress: (standing) => {
        this.#progress.standing = standing;
        this.#record?.note(standing);
      },
    };
  }

  /** The record in the ledger of the database that the task works on, where it does; the task does not need it. */
  async #openRecord(): Promise<TaskRecord | undefined> {
    if (this.#command.options.isDryRun) return undefined;
    const { name: operation, version, digest } = this.#definition.operation;
    return openTaskRecord({
      run: {
        ...{ runId: this.#runId, rootId: this.#runId, operation, version, digest },
        plan: taskPlanOf(this.#definition, this.#command),
      },
      clock: systemClock,
      environment: process.env,
      warn: (message) => this.#warn(message),
      stopped: () => this.#end('rtn runs stop'),
    });
  }

  #end(by: string): void {
    this.#endedBy ??= by;
    this.#ended.abort();
  }

  /** Rejects when what was begun has not come to its end within the drain timeout. */
  #drained(): Promise<never> {
    const { drainTimeoutMs } = this.#definition.policy;
    const drained = new Promise<never>((_, reject) => {
      const late = () => {
        this.#isAbandoned = true;
        reject(
          new RtnError(
            'temporary',
            `what was begun has not ended within the drain timeout of ${drainTimeoutMs / 1_000} s`,
            { next: 'start it again: it neither loses nor doubles anything' },
          ),
        );
      };
      this.#ended.signal.addEventListener('abort', () => {
        this.#cancelDrain = systemClock.schedule(drainTimeoutMs, late);
      });
    });
    drained.catch(() => {});
    return drained;
  }

  #warn(message: string): void {
    this.#tell(`warning: ${message}`);
  }

  #tell(message: string): void {
    this.#display.print(oneLine(message));
  }

  async #tellEnd(end: TaskEnd): Promise<void> {
    const { quiet, summary } = this.#command.options;
    const isSilent = quiet && end.exitCode === RUNNER_EXIT.ok;
    const stream = end.isDryRun && end.error === undefined ? process.stdout : process.stderr;
    if (!isSilent) stream.write(taskText(end));
    if (summary !== undefined) await writeTaskSummary(summary, end);
  }
}
