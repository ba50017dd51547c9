import { test } from 'vitest';
import { workTree } from '../../src/git/worktree.js';
import { loadRegistry } from '../../src/registry/registry.js';
import { digestsOf, operationDigest } from '../../src/registry/digest.js';
import { withChanges } from '../../src/registry/tree.js';
import { SPECS } from './specs.js';
test('x', () => {
  const t0 = performance.now();
  const tree = workTree(process.cwd());
  const { registry, findings } = loadRegistry(tree, SPECS);
  console.log(performance.now() - t0, registry.artefacts.map((a) => [a.path, a.isSound, JSON.stringify(digestsOf(a, registry))]), findings);
  const text = Buffer.from(tree.read('operations/driver_push/1.4.10.yaml')!).toString();
  const bad = text.replace('method: POST', 'metod: POST').replace('use: async', 'use: asinc').replace('type: integer', 'type: intger')
   .replace('minimum: 0', 'minimun: 0').replace('default: 64', 'default: abc').replace('drain_timeout: 30s', 'drain_timeout: 30sec').replace('[200, 202]','[200, 702, 8xx]').replace('status: draft', 'status: drift').replace('title: Push', 'titel: Push').replace('key: message_id\n','');
  const bad2 = text.replace('method: POST', 'metod: POST').replace('timeout: 10s', 'timeout: [3]').replace('[200, 202]','[200, 702, 8xx]').replace('use: zmq, ', '').replace('{use: table, input: recipients}', 'table');
  for (const b of [bad, bad2]) console.log(loadRegistry(withChanges(tree, [{ path: 'operations/driver_push/1.4.10.yaml', content: b }]), SPECS).findings.map((f) => `${f.line}:${f.column} ${f.rule} ${f.message}`).join('\n'));
});
