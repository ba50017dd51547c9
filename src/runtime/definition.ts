import type { JsonSchema } from '../component.js';
import type {
  BoundInput,
  BoundOutput,
  BoundWhole,
  InputDefinition,
  OutputDefinition,
  WholeDefinition,
} from '../pipeline/binding.js';
import type { Pipeline } from '../pipeline/contract.js';
import type { InDoubtPolicy } from '../pipeline/plan.js';
import type { Task } from '../pipeline/task.js';

/** What a generated runner says of itself: the one argument of `runner`. Plain data, but for the function at its end. */
export type RunnerDefinition = PipelineRunner | TaskRunner;

interface DeclaredRunner {
  readonly operation: OperationIdentity;
  readonly outputs: Readonly<Record<string, OutputDefinition>>;
  /** JSON Schema per param, with its default and description. */
  readonly params: Readonly<Record<string, JsonSchema>>;
  /** Environment variables that hold credentials. Only their values are secret. */
  readonly secrets: Readonly<Record<string, SecretDefinition>>;
  readonly policy: RunnerPolicy;
}

/** A runner that sends. */
export interface PipelineRunner extends DeclaredRunner {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Called once the command line is understood; wires the stages without touching the world. */
  pipeline(context: RunnerContext): Pipeline;
}

/** A runner that does one piece of work. */
export interface TaskRunner extends DeclaredRunner {
  readonly inputs: Readonly<Record<string, WholeDefinition>>;
  /** Called once the command line is understood; makes the task without touching the world. */
  task(context: TaskContext): Task;
}

export function isTaskRunner(definition: RunnerDefinition): definition is TaskRunner {
  return 'task' in definition;
}

export interface SecretDefinition {
  readonly description?: string;
  /** Only needed where the param has one of these values: `{ provider: ['http'] }`. */
  readonly when?: Readonly<Record<string, readonly string[]>>;
}

export interface OperationIdentity {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  /** Which of the operation's runners this is: `one-shot`, `service`. */
  readonly runner: string;
  readonly digest: string;
  /** `name@version` of the layer it was published with. */
  readonly layer: string;
}

export interface RunnerPolicy {
  /** After SIGTERM: how long what was read may take to be sent and logged before a Stop. */
  readonly drainTimeoutMs: number;
  /** Share of the last results that may be failed or unknown (`max_failed_ratio`), 0 to 1; none for any. */
  readonly maxFailedRatio?: number;
  /** Share of the last results that may be rejected (`max_rejected_ratio`). */
  readonly maxRejectedRatio?: number;
  /** What becomes of messages that may have been sent when the runner died (`in_doubt`); none for what suits the channel. */
  readonly inDoubt?: InDoubtPolicy;
  /** Most messages without a durable result (`in_doubt_window`); none for what suits the sender. */
  readonly inDoubtWindow?: number;
}

/** What the generated `pipeline` function receives. */
export interface RunnerContext extends SharedContext {
  readonly inputs: Readonly<Record<string, BoundInput>>;
}

/** What the generated `task` function receives. */
export interface TaskContext extends SharedContext {
  readonly inputs: Readonly<Record<string, BoundWhole>>;
}

interface SharedContext {
  readonly outputs: Readonly<Record<string, BoundOutput>>;
  // biome-ignore lint/suspicious/noExplicitAny: each param has the type its own schema says
  readonly params: Readonly<Record<string, any>>;
  readonly secrets: Readonly<Record<string, string>>;
}
