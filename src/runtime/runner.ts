import { systemClock } from '../clock.js';
import type { EnvironmentVariable } from '../component.js';
import { COMPONENTS } from '../components.js';
import { oneLine, type RtnError, toRtnError } from '../error.js';
import { RUNNER_EXIT, runnerExit } from '../exit.js';
import { parseLocation } from '../pipeline/location.js';
import { locatedInputs, parseCommandLine } from './command-line.js';
import { isTaskRunner, type RunnerDefinition } from './definition.js';
import { firstStartMs } from './first-start.js';
import { helpText } from './help.js';
import { Launch } from './launch.js';
import { runIdOfSlot } from './slot.js';
import { keepHeapSmall } from './small-heap.js';
import { TaskLaunch } from './task-launch.js';
import { keepTickShape } from './tick-shape.js';

/**
 * Runs a generated runner as this process: reads the command line, assembles the pipeline or the task, runs it to one of its
 * endings, prints the numbers and exits with a code of the table in exit.ts. The only export of the package that owns
 * a process.
 */
export async function runner(definition: RunnerDefinition): Promise<void> {
  keepHeapSmall();
  keepTickShape();
  process.exitCode = await main(definition).catch((thrown: unknown) => {
    const error = toRtnError(thrown);
    process.stderr.write(errorText(error));
    return runnerExit(error.code);
  });
}

async function main(definition: RunnerDefinition): Promise<number> {
  const command = parseCommandLine(definition, process.argv.slice(2), process.env);
  if (command.kind === 'help') {
    process.stdout.write(
      helpText(definition, {
        width: process.stdout.columns ?? 100,
        environment: environmentOf(definition),
      }),
    );
    return RUNNER_EXIT.ok;
  }
  if (command.kind === 'version') {
    const { name, version, digest } = definition.operation;
    process.stdout.write(`${name} ${version} (digest ${digest.slice(0, 8)})\n`);
    return RUNNER_EXIT.ok;
  }
  const { slot } = command.options;
  const runId =
    slot === undefined
      ? command.options.runId
      : await runIdOfSlot(slot, firstStartMs(process.env, systemClock.now()));
  const run = { ...command, options: { ...command.options, runId } };
  if (isTaskRunner(definition)) return new TaskLaunch(definition, run).run();
  return (await Launch.prepare(definition, run)).run();
}

/**
 * What the components read from the environment, each once: of a task what the locations need that it has by default,
 * else those of tables only where an input has a location.
 */
function environmentOf(definition: RunnerDefinition): EnvironmentVariable[] {
  if (isTaskRunner(definition)) {
    const members = [...Object.values(definition.inputs), ...Object.values(definition.outputs)];
    const schemes = members.map(({ default: location = '' }) => parseLocation(location).scheme);
    const all = new Set(COMPONENTS.flatMap(({ environment = [] }) => environment));
    return [...all].filter(({ scheme }) => scheme !== undefined && schemes.includes(scheme));
  }
  const readsTables = locatedInputs(definition).size > 0;
  const components = COMPONENTS.filter(({ kind }) => kind !== 'reader' || readsTables);
  return [...new Set(components.flatMap(({ environment = [] }) => environment))];
}

function errorText(error: RtnError): string {
  const next = error.next === undefined ? '' : `next: ${oneLine(error.next)}\n`;
  const bug =
    error.code === 'internal'
      ? `${error.cause instanceof Error ? error.cause.stack : error.stack}\nThis is our bug; please report it with the lines above.\n`
      : '';
  return `error: ${error.message}\n${next}${bug}`;
}
