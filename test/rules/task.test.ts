import { expect, test } from 'vitest';
import type { ComponentSpec } from '../../src/component.js';
import { memoryTree } from '../../src/registry/tree.js';
import { judge } from '../../src/rules/judge.js';
import { draft, ENV, SEND, TODAY, template } from './files.js';

/** A task that is bound to both, and serves other locations in each. */
const MOVE: ComponentSpec = {
  kind: 'task',
  key: 'move',
  construct: 'move',
  description: 'Moves.',
  binds: [
    { to: 'input', schemes: ['pg'] },
    { to: 'output', schemes: ['yt'] },
  ],
  fields: { batch_rows: { description: 'At once.', schema: { type: 'integer' } } },
};

const TEXT = `{{header}}{{imports}}{{operation}}{{inputs}}{{outputs}}{{params}}{{secrets}}{{policy}}{{context}}{{task}}`;

/** What is found in an operation that moves one log to another. */
function found({ task = {}, from = 'pg:a', to = 'yt://b' }: { task?: object; from?: string; to?: string }) {
  const files = {
    ...draft(ENV),
    ...template('task@1.0.0', TEXT, { stages: ['task'] }),
    ...draft(SEND, {
      inputs: { old: { type: 'send-log', default: from } },
      outputs: { new: { type: 'send-log', default: to } },
      runners: {
        main: { template: 'task@1.0.0', task: { use: 'move', input: 'old', output: 'new', ...task } },
      },
    }),
  };
  const { findings } = judge(memoryTree(files), [MOVE], { today: TODAY });
  return findings.map(({ rule, message }) => `${rule}: ${message}`);
}

test('a task may be bound to an input and an output', () => {
  expect(found({ task: { batch_rows: 5 } })).toEqual([]);
});

test('each has schemes of its own', () => {
  expect(found({ from: 'yt://a', to: 'pg:b' })).toEqual([
    "binding/scheme: the task 'move' cannot read yt:…, expected pg:…",
    "binding/scheme: the task 'move' cannot write pg:…, expected yt:…",
  ]);
});

test.each([
  [{ input: 'odl' }, "there is no input 'odl'; did you mean 'old'?"],
  [{ output: 'old' }, "there is no output 'old'"],
  [{ input: undefined }, "'input'"],
  [{ output: undefined }, "'output'"],
  [{ batch_rows: '${row.x}' }, 'row'],
  [{ batch_rosw: 5 }, "did you mean 'batch_rows'?"],
])('%j is a finding', (task, expected) => {
  expect(found({ task }).join('\n')).toContain(expected);
});
