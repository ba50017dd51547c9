import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planBump, planBumpAll } from '../../src/author/bump.js';
import { planDeprecate } from '../../src/author/deprecate.js';
import type { Plan } from '../../src/author/plan.js';
import { planPublish } from '../../src/author/publish.js';
import { planRenumber } from '../../src/author/renumber.js';
import { planWithdraw } from '../../src/author/withdraw.js';
import { RtnError } from '../../src/error.js';
import { type Artefact, referenceTo } from '../../src/registry/artefact.js';
import type { Registry } from '../../src/registry/registry.js';
import { type FileTree, withChanges } from '../../src/registry/tree.js';
import { judge } from '../../src/rules/judge.js';
import { house } from '../registry/house.js';
import { SPECS } from '../registry/specs.js';

interface Step {
  readonly verb: 'bump' | 'publish' | 'deprecate' | 'withdraw' | 'renumber' | 'move';
  readonly which: number;
  readonly other: number;
  readonly isLong: boolean;
}

const TODAY = { today: '2026-11-23' };
const noHistory = () => Promise.reject(new Error('nothing was edited in place'));

function plan({ verb, isLong, other }: Step, artefact: Artefact, registry: Registry, tree: FileTree) {
  const kin = registry.all(artefact.kind);
  const successor = kin[other % kin.length];
  const replacedBy = isLong && successor ? referenceTo(successor) : undefined;
  switch (verb) {
    case 'bump':
      return planBump(artefact, registry, { level: isLong ? 'minor' : 'patch' }, noHistory);
    case 'move': {
      const targets = registry.all(isLong ? 'layer' : 'template');
      const to = referenceTo(targets[other % targets.length] ?? artefact);
      const target = isLong ? { layer: to } : { templates: [to] };
      return planBumpAll(registry, { level: 'patch', ...target }, noHistory);
    }
    case 'publish':
      return planPublish(artefact, tree, (now) => judge(now, SPECS, TODAY), {
        withDeps: true,
        keepPrevious: isLong,
        today: '2026-11-23',
      });
    case 'deprecate':
      return planDeprecate(artefact, registry, { replacedBy, reason: isLong ? undefined : 'old' });
    case 'withdraw':
      return planWithdraw(artefact, registry, { replacedBy, reason: 'broken' });
    case 'renumber':
      return planRenumber(artefact, `1.4.${other % 30}${isLong ? '' : '-rc.1'}`, registry);
  }
}

/** The tree after a step; the same where the step is refused as it may be. */
async function after(tree: FileTree, step: Step): Promise<FileTree> {
  const { registry } = judge(tree, SPECS, TODAY);
  const artefact = registry.artefacts[step.which % registry.artefacts.length];
  if (artefact === undefined) return tree;
  try {
    const { changes }: Plan = await plan(step, artefact, registry, tree);
    return withChanges(tree, changes);
  } catch (thrown) {
    if (thrown instanceof RtnError && thrown.code === 'usage') return tree;
    if (thrown instanceof RtnError && /names drafts|was withdrawn/.test(thrown.message)) return tree;
    throw thrown;
  }
}

test('whatever is done in whatever order, check is clean and nothing is replaced by what should be left', async () => {
  const step = fc.record({
    verb: fc.constantFrom('bump', 'publish', 'deprecate', 'withdraw', 'renumber', 'move'),
    which: fc.nat(60),
    other: fc.nat(60),
    isLong: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      let tree = await after(house, { verb: 'publish', which: 0, other: 0, isLong: false });
      for (const each of steps) {
        tree = await after(tree, each as Step);
        const { registry, findings } = judge(tree, SPECS, TODAY);
        // That something names what was withdrawn is what withdrawing is to tell.
        const errors = findings.filter(
          ({ severity, rule }) => severity === 'error' && !rule.endsWith('/withdrawn'),
        );
        expect(errors).toEqual([]);
        const successors = registry.artefacts.flatMap(({ kind, document }) =>
          document.replaced_by === undefined ? [] : [registry.resolve(kind, document.replaced_by)?.status],
        );
        expect(successors.filter((status) => status !== 'active')).toEqual([]);
      }
    }),
    { numRuns: 30 },
  );
});
