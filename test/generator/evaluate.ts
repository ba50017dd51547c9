import { Script } from 'node:vm';
import type { Row } from '../../src/pipeline/record.js';
import type { PipelineRunner } from '../../src/runtime/definition.js';
import { select } from '../../src/runtime/select.js';
import { SPECS } from './driver-push.js';

/** What a constructor was called with: stands for the component in evaluated runners. */
interface Called {
  readonly construct: string;
  readonly args: readonly unknown[];
}

/**
 * Runs a generated module with stand-ins for what it imports, or with the constructors that are given; gives the one
 * argument of its call of `runner`.
 */
export function evaluate(
  text: string,
  // biome-ignore lint/suspicious/noExplicitAny: each has options of its own
  real: Readonly<Record<string, (...args: any[]) => unknown>> = {},
): PipelineRunner {
  const body = text.replace(/^#!.*\n/, '').replace(/^import \{[^}]*\} from 'realtime-notifications';$/m, '');
  const constructs = SPECS.map((spec) => spec.construct);
  const made = new Script(
    `'use strict'; ((runner, select, ${constructs.join(', ')}) => (async () => {${body}\n})())`,
  ).runInThisContext();
  let definition: PipelineRunner | undefined;
  made(
    (given: PipelineRunner) => {
      definition = given;
    },
    select,
    ...constructs.map(
      (construct) => real[construct] ?? ((...args: readonly unknown[]): Called => ({ construct, args })),
    ),
  );
  if (definition === undefined) throw new Error('the module did not call runner');
  return definition;
}

/** The options of the http channel of an evaluated runner whose params, secrets and inputs are the given ones. */
export function channelOptions(
  text: string,
  context: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const definition = evaluate(text);
  const empty = { inputs: {}, outputs: {}, params: {}, secrets: {}, ...context };
  const { sender } = definition.pipeline(empty as never) as unknown as { sender: Called };
  const { channel } = sender.args[0] as { channel: Called };
  return channel.args[0] as Record<string, unknown>;
}

/** A field of a channel for one row: the function's value, or the constant. */
export function forRow(field: unknown, row: Row): unknown {
  return typeof field === 'function' ? field(row) : field;
}
