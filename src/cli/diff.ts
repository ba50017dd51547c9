import type { Command } from 'commander';
import { pick } from '../author/pick.js';
import { RtnError } from '../error.js';
import { workTree } from '../git/worktree.js';
import { type Artefact, referenceTo } from '../registry/artefact.js';
import { type Change, changesBetween } from '../registry/comparison.js';
import { dueLevel, satisfiesLevel, versionFor } from '../registry/level.js';
import { type LineCounts, linesBetween } from '../registry/lines.js';
import { loadRegistry, type Registry } from '../registry/registry.js';
import { byVersion } from '../registry/version.js';
import { columnsText } from '../report/table.js';
import { type LookOptions, withLookOptions } from './look.js';
import { rootOf, type Session } from './session.js';

interface Comparison {
  readonly before: Artefact;
  readonly after: Artefact;
  readonly changes: readonly Change[];
  /** Of a template's text file: how it changed; undefined where it did not. */
  readonly text: LineCounts | undefined;
}

const PART_ORDER = ['interface', 'params', 'wrapper', 'layer', 'content', 'text'];

/** `rtn diff`: what is new in a version, in words, and whether its number says so. */
export function register(command: Command, session: Session): void {
  withLookOptions(command, 'what the names are, where several kinds have them')
    .argument('<name>', 'NAME@VERSION, or NAME for its newest version')
    .argument('[other]', 'what it is compared with; without it, a version is compared with the one before it')
    .addHelpText(
      'after',
      '\nExamples:\n  rtn diff driver_push\n  rtn diff driver_push@1.4.10 driver_push@1.5.0 --json',
    )
    .action(async (name: string, other: string | undefined, options: LookOptions) => {
      const registry = loadRegistry(workTree(rootOf(options, session)), await session.components());
      const found = compare(registry, name, other, options);
      session.out(options.json === true ? asJson(found) : asText(found));
    });
}

function compare(
  registry: Registry,
  name: string,
  other: string | undefined,
  { kind }: LookOptions,
): Comparison {
  const first = pick(registry, name, kind);
  const [before, after] =
    other === undefined ? [previous(first, registry), first] : [first, pick(registry, other, kind)];
  if (before.kind !== after.kind)
    throw new RtnError('usage', `${name} and ${other} are of two kinds: ${before.kind} and ${after.kind}`, {
      next: 'rtn list --all',
    });
  const text = textChange(before, after, registry);
  const changes = changesBetween(before.kind, before.document, after.document);
  // Each version of a template names a file of its own; that says nothing.
  const told = before.kind === 'template' ? changes.filter(({ path }) => path[0] !== 'text') : changes;
  return { before, after, changes: told, text };
}

function previous(artefact: Artefact, registry: Registry): Artefact {
  const { kind, name, version } = artefact;
  const below = registry.versions(kind, name).findLast((other) => byVersion(other.version, version) < 0);
  if (below !== undefined) return below;
  throw new RtnError('usage', `there is no version of ${kind} ${name} before ${version}`, {
    next: `rtn show ${name}`,
  });
}

function textChange(before: Artefact, after: Artefact, registry: Registry): LineCounts | undefined {
  // Latin-1 keeps every byte apart, as the digest does.
  const textOf = (artefact: Artefact) =>
    Buffer.from(registry.textOf(artefact)?.bytes ?? '').toString('latin1');
  const lines = linesBetween(textOf(before), textOf(after));
  return lines.added + lines.removed > 0 ? lines : undefined;
}

function asText(comparison: Comparison): string {
  const { before, after, changes, text } = comparison;
  const to = before.name === after.name ? after.version : referenceTo(after);
  const head = `${before.kind} ${referenceTo(before)} -> ${to}\n`;
  if (before === after) return `${head}\nThese are one and the same.\n`;
  const parts = PART_ORDER.map((part) => {
    const lines = changes.filter((change) => change.part === part).map(({ words }) => words);
    if (part === 'content' && text !== undefined)
      lines.push(`text file: +${text.added} -${text.removed} lines`);
    return lines.length === 0 ? '' : `\n${part}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  });
  const isSame = text === undefined && changes.every(({ part }) => part === 'text');
  const same =
    changes.length === 0
      ? '\nNo difference but the version.\n'
      : '\nNothing else differs: it runs the same.\n';
  return `${head}${parts.join('')}${isSame ? same : levelText(comparison)}`;
}

/** The level that is due, whether the version has it, and why. */
function levelText({ before, after }: Comparison): string {
  const { level, reasons } = dueLevel(before.document, after.document);
  const least = versionFor(before.version, level);
  const isRaise = before.name === after.name && byVersion(after.version, before.version) > 0;
  const verdict = !isRaise
    ? `${level} is due`
    : satisfiesLevel(before.version, after.version, level)
      ? `${level} is due, and ${after.version} is enough`
      : `${level} is due, at least ${least}; ${after.version} is too low`;
  const why = columnsText(
    reasons.map(({ rule, words }) => [rule, words]),
    { indent: 2 },
  );
  return `\nlevel: ${verdict}\n${why}`;
}

function asJson({ before, after, changes, text }: Comparison): string {
  const { level, reasons } = dueLevel(before.document, after.document);
  const report = {
    kind: before.kind,
    before: referenceTo(before),
    after: referenceTo(after),
    changes,
    textFile: text,
    level,
    least: versionFor(before.version, level),
    isEnough: satisfiesLevel(before.version, after.version, level),
    reasons,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
