import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../clock.js';
import { parseDuration } from '../component.js';
import { RtnError } from '../error.js';
import { type RunnerFile, runnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { DEFAULT_DRAIN_TIMEOUT_MS } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { expectArtefact, loadRegistry, type Registry } from '../registry/registry.js';
import { resolveSchedule } from '../rules/schedules.js';
import type { KnownSlot, SlotRecord } from '../schedule/history.js';
import type { Runners, SlotRunner } from '../schedule/runners.js';
import type { Schedule } from '../schedule/schedule.js';
import { slotRunId, slotText } from '../schedule/slot.js';
import { startFlags } from '../start-flags.js';
import { componentsOf } from './components.js';
import { packageRoot } from './installed.js';
import type { Session } from './session.js';
import {
  adoptSlotProcess,
  fateOfSlot,
  forgetSlotProcess,
  type SlotOutput,
  startSlotProcess,
} from './slot-process.js';

/** What a runner gets beyond its operation's drain timeout, to write what it has and to say how it ended. */
const BEYOND_DRAIN_MS = 15_000;

/** For so long starts share a registry that was read. */
const SHARED_MS = 1_000;

export interface RegistryRunnersOptions {
  readonly root: string;
  readonly session: Session;
  readonly clock: Clock;
  /** This process, as a holder. */
  readonly server: string;
  /** Flags behind those that the schedule gives. */
  readonly flags?: readonly string[];
  output(slot: SlotRecord): SlotOutput;
}

interface Loaded {
  readonly registry: Registry;
  /** The generated runner. Throws where it cannot be made. */
  file(operation: Artefact, runner: string): RunnerFile;
}

/** Generates the runners of a registry, as it is at each start, and starts them as processes. */
export class RegistryRunners implements Runners {
  readonly #options: RegistryRunnersOptions;
  #shared: { readonly sinceMs: number; readonly loaded: Promise<Loaded> } | undefined;

  constructor(options: RegistryRunnersOptions) {
    this.#options = options;
  }

  async start(schedule: Schedule, slot: SlotRecord): Promise<SlotRunner> {
    const { root, session, flags = [] } = this.#options;
    const { registry, file } = await this.#registry();
    const { operation, runner } = resolveSchedule(registry, schedule);
    const schemas = expectArtefact(registry, 'operation', referenceTo(operation)).document.params;
    return startSlotProcess({
      file: file(operation, runner),
      flags: [...startFlags(schedule, { slot: slotText(slot.slotMs), schemas }), ...flags],
      runId: slotRunId(schedule.name, slot.slotMs),
      version: operation.version,
      graceMs: drainTimeoutMs(operation.document) + BEYOND_DRAIN_MS,
      root: packageRoot(),
      cwd: root,
      env: session.env,
      output: this.#options.output(slot),
    });
  }

  async adopt(schedule: Schedule, slot: SlotRecord): Promise<SlotRunner> {
    return adoptSlotProcess(slot.process ?? '', {
      version: slot.version ?? '',
      graceMs: (await this.#drainTimeoutMs(schedule, slot.version)) + BEYOND_DRAIN_MS,
      clock: this.#options.clock,
    });
  }

  /** As it was at most a second ago: starts of one moment share it, and the texts of its runners. */
  #registry(): Promise<Loaded> {
    const nowMs = this.#options.clock.monotonic();
    if (this.#shared === undefined || nowMs - this.#shared.sinceMs >= SHARED_MS)
      this.#shared = { sinceMs: nowMs, loaded: this.#load() };
    return this.#shared.loaded;
  }

  async #load(): Promise<Loaded> {
    const { root, session } = this.#options;
    const { specs: components } = await componentsOf(root, session);
    const registry = loadRegistry(workTree(root), components);
    const files = new Map<string, RunnerFile>();
    const importOf = (module: string) => pathToFileURL(join(root, module)).href;
    const file = (operation: Artefact, runner: string): RunnerFile => {
      const reference = referenceTo(operation);
      const key = `${reference} ${runner}`;
      const request = { reference, runner, allowsDrafts: false, components, importOf };
      const made = files.get(key) ?? runnerFiles(registry, request).files[0];
      if (made === undefined) throw new RtnError('configuration', `${reference} has no runner ${runner}`);
      files.set(key, made);
      return made;
    };
    return { registry, file };
  }

  /** The registry may have lost the version since its run was started. */
  async #drainTimeoutMs({ operation }: Schedule, version: string | null): Promise<number> {
    try {
      const { registry } = await this.#registry();
      const document = registry.find('operation', operation, version ?? '')?.document;
      return document === undefined ? DEFAULT_DRAIN_TIMEOUT_MS : drainTimeoutMs(document);
    } catch {
      return DEFAULT_DRAIN_TIMEOUT_MS;
    }
  }

  forget(process: string): void {
    forgetSlotProcess(process);
  }

  fate(slot: KnownSlot): ReturnType<Runners['fate']> {
    return fateOfSlot(slot, this.#options.server);
  }
}

function drainTimeoutMs({ policy }: Readonly<Record<string, unknown>>): number {
  const text = isMap(policy) ? policy.drain_timeout : undefined;
  return (typeof text === 'string' ? parseDuration(text) : undefined) ?? DEFAULT_DRAIN_TIMEOUT_MS;
}
