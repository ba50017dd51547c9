import type { Channel } from '../pipeline/contract.js';
import type { PipelineRunner, RunnerContext } from './definition.js';
import { readSecrets } from './secrets.js';

/** The secrets of a run over its time: those from files are read again when a provider says that they have run out. */
export class Renewal {
  /** Names by value, of all that this run ever had. */
  readonly secretNames = new Map<string, string>();
  readonly #definition: PipelineRunner;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #context: RunnerContext;

  constructor(
    definition: PipelineRunner,
    context: RunnerContext,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#definition = definition;
    this.#environment = environment;
    this.#context = context;
    this.#remember(context.secrets);
  }

  /** The channel made anew with what the files of secrets now hold; undefined where that is nothing new, or not all is there. */
  channel(): Channel | undefined {
    const { params, secrets } = this.#context;
    const { values, mistakes } = readSecrets(this.#definition.secrets, this.#environment, params);
    const isNew = Object.entries(values).some(([name, value]) => secrets[name] !== value);
    if (mistakes.length > 0 || !isNew) return undefined;
    this.#remember(values);
    this.#context = { ...this.#context, secrets: values };
    return this.#definition.pipeline(this.#context).sender.outline?.channel;
  }

  #remember(secrets: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(secrets)) this.secretNames.set(value, name);
  }
}
