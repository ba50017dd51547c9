import { stringify } from 'yaml';
import type { Plan } from '../author/plan.js';
import { RtnError } from '../error.js';
import { pathOf } from '../registry/artefact.js';
import type { Registry } from '../registry/registry.js';
import { isVersion } from '../registry/version.js';
import { refuseTaken } from './name.js';
import { draftComment, line, modeline } from './yaml.js';

/** What a new layer says. */
export interface LayerAnswers {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string | undefined;
  readonly owner?: string | undefined;
  /** A range of Node.js versions. */
  readonly node: string;
  /** `name@version` each. */
  readonly packages: readonly string[];
}

/** A draft of a layer. Throws `usage` for a name that is taken and for packages without an exact version. */
export function planLayer(answers: LayerAnswers, registry: Registry): Plan {
  const { name, version } = answers;
  refuseTaken('layer', name, version, registry);
  const path = pathOf({ kind: 'layer', name, version });
  return {
    changes: [{ path, content: layerText(answers, draftComment(name)) }],
    notes: [`new draft layer ${name}@${version}: ${path}`],
    next: `rtn publish ${name}`,
  };
}

/** The document of a layer, still a draft. */
export function layerText(answers: LayerAnswers, comment: string): string {
  const packages = Object.fromEntries(answers.packages.map(exactPackage));
  return `${modeline('layer')}
${comment}
schema: layer/v1
name: ${answers.name}
version: ${answers.version}
status: draft
${line('title', answers.title)}${line('description', answers.description)}${line('owner', answers.owner)}
# The range of Node.js versions that the runners need.
${line('node', answers.node)}# npm packages that a runner finds beside it, each in one exact version.
${stringify({ packages }, { lineWidth: 0 })}`;
}

function exactPackage(text: string): [name: string, version: string] {
  const at = text.lastIndexOf('@');
  const [name, version] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || !isVersion(version)) {
    throw new RtnError('usage', `'${text}' is no package with an exact version, NAME@MAJOR.MINOR.PATCH`, {
      next: `--package ${at < 1 ? text : name}@1.4.10`,
    });
  }
  return [name, version];
}
