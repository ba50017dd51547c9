import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crontab } from '../../src/targets/crontab.js';
import { systemd } from '../../src/targets/systemd.js';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'targets.md'), 'utf8').replace(
  /\s+/g,
  ' ',
);

test.each([crontab, systemd].map((target) => [target.key, target] as const))(
  'docs/targets.md tells what %s does with each key',
  (_, { policies }) => {
    for (const [key, { how }] of Object.entries(policies)) expect(page).toContain(`- **${key}**: ${how}`);
  },
);
