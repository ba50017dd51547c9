import type { Command } from 'commander';
import type { Session } from './session.js';

/** A verb's file: `register` puts arguments, options and the action on a command that has its name and summary already. */
interface VerbModule {
  register(command: Command, session: Session): void;
}

interface Verb {
  readonly name: string;
  /** One line, in `rtn --help`. */
  readonly summary: string;
  /** Imports the verb's file: only the one that was typed is ever loaded. */
  load(): Promise<VerbModule>;
}

/** Every verb. Adding one is a line here and a file that exports `register`. */
export const VERBS: readonly Verb[] = [
  { name: 'init', summary: 'Begin a registry in this folder', load: () => import('./init.js') },
  { name: 'new', summary: 'Begin an operation, a layer or a template', load: () => import('./new.js') },
  { name: 'check', summary: 'Judge every operation, layer and template', load: () => import('./check.js') },
  {
    name: 'bump',
    summary: 'Clone the newest version into a draft; move an edit of a published file there',
    load: () => import('./bump.js'),
  },
  { name: 'publish', summary: 'Freeze a draft and record its digests', load: () => import('./publish.js') },
  {
    name: 'deprecate',
    summary: 'Say that a version should be left, and what replaces it',
    load: () => import('./deprecate.js'),
  },
  {
    name: 'withdraw',
    summary: 'Mark a version as bad: nothing runs it any more',
    load: () => import('./withdraw.js'),
  },
  {
    name: 'renumber',
    summary: 'Give a version that nobody has yet another number',
    load: () => import('./renumber.js'),
  },
  {
    name: 'diff',
    summary: 'Tell what differs between two versions, and which level is due',
    load: () => import('./diff.js'),
  },
  { name: 'list', summary: 'List operations, layers and templates', load: () => import('./list.js') },
  { name: 'show', summary: 'Show one version on one screen', load: () => import('./show.js') },
  {
    name: 'outdated',
    summary: 'List operations whose layer or template has a newer version',
    load: () => import('./outdated.js'),
  },
  {
    name: 'schema',
    summary: 'Print or write the JSON Schemas that editors use',
    load: () => import('./schema.js'),
  },
  { name: 'generate', summary: 'Write the runners of an operation', load: () => import('./generate.js') },
  { name: 'run', summary: 'Generate a runner and start it', load: () => import('./run.js') },
  {
    name: 'runs',
    summary: 'List runs, look into one, and stop, pause, resume or slow it down',
    load: () => import('./runs.js'),
  },
  {
    name: 'retry',
    summary: 'Send again what of a run failed or is in doubt, as a linked run',
    load: () => import('./retry.js'),
  },
  {
    name: 'log',
    summary: 'Export and purge the send log; write spilled results to it',
    load: () => import('./log.js'),
  },
  {
    name: 'schedule',
    summary: 'Start operations by the clock; see what ran',
    load: () => import('./schedule.js'),
  },
  { name: 'push', summary: 'Push rows to a service', load: () => import('./push.js') },
  {
    name: 'sandbox',
    summary: 'Start Postgres, YTsaurus and a push service here to try things on',
    load: () => import('./sandbox.js'),
  },
];
