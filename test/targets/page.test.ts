import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crontab } from '../../src/targets/crontab.js';
import { kubernetes } from '../../src/targets/kubernetes.js';
import { systemd } from '../../src/targets/systemd.js';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');

test.each([
  [crontab, 'targets.md'],
  [systemd, 'targets.md'],
  [kubernetes, 'targets-kubernetes.md'],
])('a target is told of, key by key, in a page (%#)', ({ policies }, file) => {
  const page = readFileSync(join(DOCS, file), 'utf8').replace(/\s+/g, ' ');
  for (const [key, { how }] of Object.entries(policies)) expect(page).toContain(`- **${key}**: ${how}`);
});
