import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMPONENTS } from '../../src/components.js';
import { workTree } from '../../src/git/worktree.js';
import type { Artefact } from '../../src/registry/artefact.js';
import { isMap } from '../../src/registry/jsonSchema.js';
import { loadRegistry } from '../../src/registry/registry.js';

const ROOT = join(import.meta.dirname, '..', '..');
const HEAD = `# Operations

What stands in the registry. An operation that is active can be generated and run; a draft is ahead of the code or of its
script. \`rtn show NAME\` tells more of one, \`rtn list --all\` lists layers and templates, too.

Each that sends is run as it is published, with 10,000 rows, against a provider that throttles, fails, cuts connections, is slow
and refuses some, and its log is held against the provider's receipts, id by id: \`npm test\` does so for each on one input and
log, \`npm run soak -- matrix\` on every input (\`yt:\`, \`pg:\`, JSON lines and CSV, plain and gzip, stdin) and every log (Postgres,
YTsaurus, files), a line a run. \`taxi_upload\` cannot read CSV, since a user's tags are a list.

\`pg2yt\` is a [task](runners.md#tasks): \`rtn run pg2yt\` moves the log of \`--log\` to the folder \`--archive\`, \`rtn run pg2yt -- --dry-run\`
says how much there is to move. It needs \`DATABASE_URL\`, \`YT_PROXY\` and \`YT_TOKEN\`, which \`--help\` lists. The clock starts it
for two logs: [schedules.yaml](../operations/pg2yt/schedules.yaml).

`;

test('docs/operations.md is what the registry holds (npx vitest run test/registry/page.test.ts -u writes it)', async () => {
  const registry = loadRegistry(workTree(ROOT), COMPONENTS);
  const rows = registry.all('operation').map(rowOf);
  const columns = ['operation', 'version', 'status', 'layer', 'inputs', 'params', 'runners'];
  await expect(`${HEAD}${table([columns, ...rows])}`).toMatchFileSnapshot(
    join(ROOT, 'docs', 'operations.md'),
  );
});

function rowOf({ name, version, status, path, document }: Artefact): string[] {
  const { title, layer, inputs, params, runners } = document;
  return [
    `[${name}](../${path}): ${String(title)}`,
    version,
    status,
    String(layer),
    names(inputs),
    names(params),
    names(runners),
  ];
}

function names(declared: unknown): string {
  return Object.keys(isMap(declared) ? declared : {})
    .map((name) => `\`${name}\``)
    .join(', ');
}

/** Laid out as the formatter lays tables out. */
function table(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...others] = rows;
  return [head, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('');
}
