import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../clock.js';
import { type ComponentSpec, parseDuration } from '../component.js';
import { RtnError } from '../error.js';
import { runnerFiles } from '../generator/runner-files.js';
import { workTree } from '../git/worktree.js';
import { referenceTo } from '../registry/artefact.js';
import { DEFAULT_DRAIN_TIMEOUT_MS } from '../registry/document.js';
import { isMap } from '../registry/jsonSchema.js';
import { expectArtefact, loadRegistry, type Registry } from '../registry/registry.js';
import { resolveSchedule } from '../rules/schedules.js';
import type { SlotRunner } from '../schedule/held.js';
import type { KnownSlot, SlotRecord } from '../schedule/history.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Runners } from '../schedule/scheduler.js';
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

/** Generates the runners of a registry, as it is at each start, and starts them as processes. */
export class RegistryRunners implements Runners {
  readonly #options: RegistryRunnersOptions;

  constructor(options: RegistryRunnersOptions) {
    this.#options = options;
  }

  async start(schedule: Schedule, slot: SlotRecord): Promise<SlotRunner> {
    const { root, session, flags = [] } = this.#options;
    const { components, registry } = await this.#registry();
    const { operation, runner } = resolveSchedule(registry, schedule);
    const { files } = runnerFiles(registry, {
      reference: referenceTo(operation),
      runner,
      allowsDrafts: false,
      components,
      importOf: (module) => pathToFileURL(join(root, module)).href,
    });
    const [file] = files;
    if (file === undefined)
      throw new RtnError('configuration', `${referenceTo(operation)} has no runner ${runner}`);
    const schemas = expectArtefact(registry, 'operation', referenceTo(operation)).document.params;
    return startSlotProcess({
      file,
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

  async #registry(): Promise<{ components: readonly ComponentSpec[]; registry: Registry }> {
    const { root, session } = this.#options;
    const { specs: components } = await componentsOf(root, session);
    return { components, registry: loadRegistry(workTree(root), components) };
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
