import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCE = join(import.meta.dirname, '..', 'src');

/** The floor of each room and of each file that stands alone. Imports go down; rooms of one floor do not meet. */
const FLOORS: Readonly<Record<string, number>> = {
  cli: 4,
  'index.ts': 3,
  'components.ts': 3,
  runtime: 3,
  scaffold: 3,
  rules: 2,
  author: 2,
  report: 2,
  generator: 2,
  layer: 2,
  observe: 2,
  readers: 2,
  senders: 2,
  channels: 2,
  loggers: 2,
  tasks: 2,
  targets: 2,
  local: 2,
  registry: 1,
  git: 1,
  schedule: 1,
  pipeline: 1,
  yt: 1,
  postgres: 1,
  'error.ts': 0,
  'exit.ts': 0,
  'component.ts': 0,
  'clock.ts': 0,
  'runner-flags.ts': 0,
  'start-flags.ts': 0,
  'due-queue.ts': 0,
  'shell.ts': 0,
  'sms-text.ts': 0,
  yson: 0,
};

/** Files of one floor that may meet: the public face and the component list are made of their own floor. */
const MEET: readonly string[] = ['index.ts -> runtime', 'runtime -> components.ts', 'cli -> cli'];

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

function room(file: string): string {
  return file.split('/')[0] ?? file;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) =>
    relative(SOURCE, join(SOURCE, dirname(file), specifier ?? '')).replace(/\.js$/, '.ts'),
  );
}

describe('the house', () => {
  test.each(files.map((file) => [file]))('%s stands in a room with a floor', (file) => {
    expect(FLOORS, `src/${file} is in no room of the house`).toHaveProperty([room(file)]);
  });

  test('imports only go down, and rooms of one floor do not import each other', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const target of importsOf(file)) {
        const [from, to] = [room(file), room(target)];
        const isWithinRoom = from === to;
        const isDown = (FLOORS[to] ?? 99) < (FLOORS[from] ?? -1);
        const isFloorZero = FLOORS[from] === 0 && FLOORS[to] === 0;
        if (!isWithinRoom && !isDown && !isFloorZero && !MEET.includes(`${from} -> ${to}`))
          wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('nothing nests below a room, but local/yt', () => {
    const nested = files.filter((file) => file.split('/').length > 2 && !file.startsWith('local/yt/'));
    expect(nested).toEqual([]);
  });
});
