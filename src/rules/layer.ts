import { draftOf, missingOf } from './named.js';
import type { Rule } from './rule.js';

const missing: Rule = {
  id: 'layer/missing',
  severity: 'error',
  doc: 'The operation names a layer that does not exist. A layer is named by its exact version, name@version, and stands in layers/<name>/<version>.yaml.',
  check: ({ registry }) => missingOf('layer', registry),
};

const draft: Rule = {
  id: 'layer/draft',
  severity: 'error',
  doc: 'A published operation names a layer that is still a draft, which anyone may edit: what was published would change under it. Publish the layer.',
  check: ({ registry }) => draftOf('layer', registry),
};

export const LAYER_RULES: readonly Rule[] = [missing, draft];
