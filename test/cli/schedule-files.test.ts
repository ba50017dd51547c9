import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scheduleFilesMark } from '../../src/cli/schedule-files.js';
import { temporaryFolder } from '../setup/yt.js';

test('plain files among the operations are no operations, and a schedules.yaml that comes is seen', () => {
  const root = temporaryFolder();
  expect(scheduleFilesMark(root)).toBe('');
  mkdirSync(join(root, 'operations', 'push'), { recursive: true });
  writeFileSync(join(root, 'operations', '.gitkeep'), '');
  expect(scheduleFilesMark(root)).toBe('');
  writeFileSync(join(root, 'operations', 'push', 'schedules.yaml'), 'schema: schedules/v1\n');
  expect(scheduleFilesMark(root)).toContain('push ');
});
