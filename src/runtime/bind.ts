import { RtnError } from '../error.js';
import type { BoundInput, BoundOutput, BoundWhole, InputDefinition } from '../pipeline/binding.js';
import { parseLocation } from '../pipeline/location.js';
import type { PipelineRunner, RunnerDefinition, TaskRunner } from './definition.js';

type Locations = Readonly<Record<string, string>>;

/** The inputs with the locations that this run reads them from. */
export function bindInputs({ inputs }: PipelineRunner, locations: Locations): Record<string, BoundInput> {
  const bound = Object.entries(inputs).map(([name, input]): [string, BoundInput] => {
    const text = locations[name];
    return [name, { ...input, name, location: text === undefined ? undefined : parseLocation(text) }];
  });
  return Object.fromEntries(bound);
}

/** The inputs of a task with the locations that this run takes them from. */
export function bindWholes({ inputs }: TaskRunner, locations: Locations): Record<string, BoundWhole> {
  const bound = Object.entries(inputs).map(([name, input]): [string, BoundWhole] => {
    return [name, { ...input, name, location: parseLocation(locations[name] ?? '') }];
  });
  return Object.fromEntries(bound);
}

/** The outputs with the locations that this run writes them to. */
export function bindOutputs(
  { outputs }: RunnerDefinition,
  locations: Locations,
): Record<string, BoundOutput> {
  const bound = Object.entries(outputs).map(([name, output]): [string, BoundOutput] => {
    return [name, { ...output, name, location: parseLocation(locations[name] ?? '') }];
  });
  return Object.fromEntries(bound);
}

/** The input whose rows are the messages. Throws `configuration` unless there is exactly one. */
export function theInput({ inputs, operation }: PipelineRunner): [string, InputDefinition] {
  const [first, ...others] = Object.entries(inputs);
  if (first === undefined || others.length > 0) {
    throw new RtnError(
      'configuration',
      `${operation.name} must have one input, it has ${Object.keys(inputs).length}`,
    );
  }
  return first;
}

/** Location of the output that is the send log, as given: for the spill file. */
export function logLocation({ outputs }: RunnerDefinition, locations: Locations): string {
  const [name = ''] = Object.entries(outputs).find(([, { type }]) => type === 'send-log') ?? [];
  return locations[name] ?? '';
}
