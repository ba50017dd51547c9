/**
 * What a scheduler target is, and what it gets and gives. A target is one file that exports its spec with the function
 * that makes the files; the command line, help, docs and the refusals are made from the spec.
 */
import type { EnvironmentVariable, JsonSchema } from '../component.js';
import type { Schedule } from '../schedule/schedule.js';

/** What a schedule asks of whatever starts it. Each target has to answer for every one. */
export const POLICY_KEYS = [
  'cron',
  'time_zone',
  'overlap',
  'catch_up',
  'deadline',
  'retries',
  'timeout',
  'alert',
  'paused',
  'resources',
] as const;

type PolicyKey = (typeof POLICY_KEYS)[number];

/** One schedule with the runner it starts. */
export interface ScheduledRunner {
  readonly schedule: Schedule;
  /** Path of the document that the schedule stands in, from the registry's root. */
  readonly source: string;
  readonly operation: { readonly name: string; readonly version: string };
  /** `driver_push-1.4.10.one-shot.mjs`, as `rtn generate NAME --bundle` writes it. */
  readonly runnerFile: string;
  /** Whether it has `--state-dir`: runners of tasks have not. */
  readonly keepsState: boolean;
  /** The schemas of the operation's params. */
  readonly paramSchemas: Readonly<Record<string, JsonSchema>>;
  /** The secrets that a run with these params needs; each may be given as a file, `NAME_FILE`. */
  readonly secrets: readonly string[];
  /** What its components read of the environment for the locations it has: connections, some of them secret. */
  readonly environment: readonly EnvironmentVariable[];
  /** The locations of its outputs, defaults of the operation among them. */
  readonly outputs: readonly string[];
  /** How long the runner may take to end after SIGTERM. */
  readonly drainTimeoutMs: number;
}

/** One option of the command line that a target takes: `--install-dir DIR`. */
export interface TargetOption {
  /** Stands for the value in help; undefined for a switch. */
  readonly placeholder?: string;
  readonly description: string;
  readonly default?: string;
  readonly isRequired?: true;
  /** What is wrong with a value: `expected an absolute path`. */
  problem?(text: string): string | undefined;
}

/** The options given, by flag without dashes, with defaults put in; a switch that was given is `true`. */
export type TargetOptions = Readonly<Record<string, string | undefined>>;

/** Something that a target cannot do as the schedule says. */
export interface Complaint {
  /** Why not, so that the next step is plain. */
  readonly reason: string;
  /** What to write or type instead. */
  readonly next: string;
}

/** How a target does what a schedule asks under one key. */
export interface Policy {
  /** How it is done, in one sentence, for the docs. */
  readonly how: string;
  /** What cannot be done; never done in a weaker way. */
  complaint?(run: ScheduledRunner, options: TargetOptions): Complaint | undefined;
}

export interface TargetFile {
  /** A file's name, below the folder that is written to. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

export interface TargetOutput {
  readonly files: readonly TargetFile[];
  /** Commands and remarks for whoever installs the files, a line each. */
  readonly notes: readonly string[];
}

export interface Target {
  readonly kind: 'target';
  /** The word after `--target`. */
  readonly key: string;
  readonly description: string;
  /** Flags without dashes. A flag of several targets is one object. */
  readonly options: Readonly<Record<string, TargetOption>>;
  readonly policies: Readonly<Record<PolicyKey, Policy>>;
  /** What is wrong with a text that somebody wrote into a schedule, where it cannot stand in the target's files. */
  textProblem?(text: string): string | undefined;
  /**
   * The files of one schedule, which was found to be expressible. The same input gives the same bytes. `folder` is where
   * they will be, for the commands of the notes; else the folder that these are typed in.
   */
  generate(run: ScheduledRunner, options: TargetOptions, folder?: string): TargetOutput;
}
