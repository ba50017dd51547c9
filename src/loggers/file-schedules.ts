import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { foreignCode, RtnError, toRtnError } from '../error.js';
import { fileNameOf } from '../pipeline/file-name.js';
import {
  type Change,
  type History,
  type HistoryFilter,
  isActive,
  type KnownSchedule,
  type KnownSlot,
  NOTHING_KNOWN,
  type SlotRecord,
  type Standing,
} from '../schedule/history.js';
import { createDurably, storing } from './durable-file.js';
import { namesIn } from './file-names.js';

/** Slots that are kept for each schedule, besides those in hand. */
const KEPT_SLOTS = 500;

/** Revisions that are left beside the newest, for those who are reading one. */
const KEPT_REVISIONS = 3;

const NAME = /^(.+)\.(\d{1,15})\.json$/;

/** So many of the last writes are known by their ids. */
const KEPT_WRITES = 100;

type Memory = Omit<Standing, 'slots'> & {
  readonly schedule: string;
  readonly slots: readonly SlotRecord[];
  /** Ids of the writes that led here, the newest last. */
  readonly writes: readonly string[];
};

interface Revision {
  readonly number: number;
  readonly memory: Memory;
}

/**
 * A folder with one file a schedule and revision, `NAME.REVISION.json`: the newest is what counts. A change makes the next
 * one, whole, under a name that must not be there yet: of two that decide at once one has to decide again. A name may be
 * free because it was tidied away long ago: a write counts once it is the newest, or among those that the newest came from.
 */
export class FileSchedules implements History {
  readonly #folder: string;
  /** The newest revisions read so far, by the name of the schedule's files. */
  readonly #known = new Map<string, Revision>();

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  get address(): string {
    return `the folder ${this.#folder}`;
  }

  async change<Result extends Change>(
    schedule: string,
    decide: (standing: Standing) => Result,
    wantedSlotMs?: number,
  ): Promise<Result> {
    return storing(`the history of schedules in ${this.#folder} could not be written`, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const name = fileNameOf(schedule);
      for (;;) {
        const revision = await this.#newest(name, await this.#numbers());
        const memory = revision?.memory ?? { ...NOTHING_KNOWN, schedule, writes: [] };
        const change = decide(standingOf(memory, wantedSlotMs));
        if (!says(change)) return change;
        const next = { number: (revision?.number ?? 0) + 1, memory: changed(memory, change) };
        if (await this.#write(name, next)) return change;
      }
    });
  }

  async beat(): Promise<void> {}

  async busy(): Promise<string[]> {
    const memories = await this.#all();
    return memories.filter(({ slots }) => slots.some(isActive)).map(({ schedule }) => schedule);
  }

  async alerts(): Promise<KnownSlot[]> {
    const memories = await this.#all();
    return memories.flatMap(({ slots }) => slots.filter(({ alert }) => alert !== null)).map(known);
  }

  async list({ schedule, limit }: HistoryFilter): Promise<KnownSlot[]> {
    const memories = await this.#all();
    return memories
      .filter((memory) => schedule === undefined || memory.schedule === schedule)
      .flatMap(({ slots }) => slots)
      .sort((a, b) => b.slotMs - a.slotMs || (a.schedule < b.schedule ? -1 : 1))
      .slice(0, limit)
      .map(known);
  }

  async schedules(): Promise<KnownSchedule[]> {
    const memories = await this.#all();
    return memories.map(({ schedule, isPaused, cursorMs }) => ({ schedule, isPaused, cursorMs }));
  }

  async unreadable(): Promise<RtnError[]> {
    return (await this.#look()).unreadable;
  }

  async close(): Promise<void> {}

  /** False where another was faster: then what was decided is void. */
  async #write(name: string, { number, memory }: Revision): Promise<boolean> {
    const id = randomUUID();
    const written = { ...memory, writes: [...memory.writes, id].slice(-KEPT_WRITES) };
    const file = await createDurably(this.#path(name, number), JSON.stringify(written));
    if (file === undefined) return false;
    await file.close();
    const numbers = await this.#numbers();
    const there = numbers.get(name) ?? [];
    if (there.some((other) => other > number))
      return (await this.#newest(name, numbers))?.memory.writes.includes(id) === true;
    this.#known.set(name, { number, memory: written });
    const old = there.filter((other) => other < number - KEPT_REVISIONS);
    await Promise.all(old.map((other) => rm(this.#path(name, other), { force: true })));
    return true;
  }

  async #all(): Promise<Memory[]> {
    return (await this.#look()).memories;
  }

  /** One schedule's file that cannot be read leaves the others alone. */
  #look(): Promise<{ memories: Memory[]; unreadable: RtnError[] }> {
    return storing(`the history of schedules in ${this.#folder} could not be read`, async () => {
      const numbers = await this.#numbers();
      const names = [...numbers.keys()].sort();
      const revisions = await Promise.all(
        names.map((name) => this.#newest(name, numbers).catch((thrown: unknown) => toRtnError(thrown))),
      );
      const unreadable = revisions.filter((revision) => revision instanceof RtnError);
      const memories = revisions.flatMap((revision) =>
        revision === undefined || revision instanceof RtnError ? [] : [revision.memory],
      );
      return { memories, unreadable };
    });
  }

  /** The newest revision of a schedule; undefined where there is none. */
  async #newest(
    name: string,
    numbers: ReadonlyMap<string, readonly number[]>,
  ): Promise<Revision | undefined> {
    let number = Math.max(0, ...(numbers.get(name) ?? []));
    for (;;) {
      if (number === 0) return undefined;
      const cached = this.#known.get(name);
      if (cached?.number === number) return cached;
      const memory = await this.#read(this.#path(name, number));
      if (memory !== undefined) {
        const revision = { number, memory };
        this.#known.set(name, revision);
        return revision;
      }
      // Tidied away since it was listed: there is a newer one.
      number = Math.max(0, ...((await this.#numbers()).get(name) ?? []));
    }
  }

  async #read(path: string): Promise<Memory | undefined> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      if (foreignCode(cause) === 'ENOENT') return undefined;
      throw new RtnError('storage', `${path} cannot be read: ${toRtnError(cause).message}`, { cause });
    }
    const memory = memoryOf(text);
    if (memory !== undefined) return memory;
    throw new RtnError('storage', `${path} is no history of a schedule`, {
      next: `move ${path} away: the revision before it counts then`,
    });
  }

  async #numbers(): Promise<Map<string, number[]>> {
    const numbers = new Map<string, number[]>();
    for (const file of await namesIn(this.#folder)) {
      const [, name, number] = NAME.exec(file) ?? [];
      if (name !== undefined) numbers.set(name, [...(numbers.get(name) ?? []), Number(number)]);
    }
    return numbers;
  }

  #path(name: string, number: number): string {
    return join(this.#folder, `${name}.${number}.json`);
  }
}

function memoryOf(text: string): Memory | undefined {
  try {
    const memory = JSON.parse(text);
    return typeof memory?.schedule === 'string' && [memory.slots, memory.writes].every(Array.isArray)
      ? memory
      : undefined;
  } catch {
    return undefined;
  }
}

function says({ put = [], ...change }: Change): boolean {
  const { cursorMs, timing, isPaused, isTroubled, watch } = change;
  return (
    put.length > 0 || [cursorMs, timing, isPaused, isTroubled, watch].some((value) => value !== undefined)
  );
}

function changed(memory: Memory, { put = [], ...change }: Change): Memory {
  const { cursorMs, timing, isPaused, isTroubled, watch } = change;
  const bySlot = new Map([...memory.slots, ...put].map((slot) => [slot.slotMs, slot]));
  const slots = [...bySlot.values()].sort((a, b) => a.slotMs - b.slotMs);
  const oldest = slots.length - KEPT_SLOTS;
  return {
    schedule: memory.schedule,
    writes: memory.writes,
    cursorMs: cursorMs ?? memory.cursorMs,
    timing: timing ?? memory.timing,
    isPaused: isPaused ?? memory.isPaused,
    isTroubled: isTroubled ?? memory.isTroubled,
    watch: watch ?? memory.watch,
    slots: slots.filter((slot, index) => index >= oldest || isActive(slot) || slot.alert !== null),
  };
}

function standingOf(memory: Memory, wantedSlotMs: number | undefined): Standing {
  const { cursorMs = Number.POSITIVE_INFINITY } = memory;
  const isWanted = (slot: SlotRecord) =>
    isActive(slot) || slot.slotMs > cursorMs || slot.slotMs === wantedSlotMs;
  return { ...memory, slots: memory.slots.filter(isWanted).map(known) };
}

/**
 * All who share a folder see each other's processes: nobody is judged by a silence. Records of before deaths were counted
 * have none.
 */
function known(slot: SlotRecord): KnownSlot {
  return { ...slot, deaths: slot.deaths ?? 0, silentMs: 0 };
}
