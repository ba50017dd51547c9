import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GENERATE_RULES } from '../../src/generator/drift-rules.js';
import { RULES } from '../../src/rules/judge.js';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'rules.md');

test('docs/rules.md is what `rtn check --explain` says (npx vitest run test/rules/page.test.ts -u writes it)', async () => {
  const rules = [...RULES, ...GENERATE_RULES].map(
    ({ id, severity, doc }) => `## ${id}\n\n_${severity}_\n\n${doc}\n`,
  );
  const head =
    '# Rules\n\nEvery rule that `rtn check` and `rtn generate --check` know, as `rtn check --explain RULE` prints it.\n';
  await expect([head, ...rules].join('\n')).toMatchFileSnapshot(PAGE);
});
