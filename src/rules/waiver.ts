import { type Artefact, classify, referenceTo } from '../registry/artefact.js';
import type { Finding, Severity } from '../registry/finding.js';
import type { Registry } from '../registry/registry.js';
import { suggestion } from '../registry/spelling.js';
import { readWaivers, WAIVERS_FILE, type Waiver } from '../registry/waivers.js';
import type { Base } from './change.js';
import type { Rule } from './rule.js';

const DOCS = {
  'waiver/expired':
    'The last day of a waiver has passed, so it excepts nothing any more. Mend what it was for and delete it, or agree on a later day.',
  'waiver/unknown':
    'A waiver is for a version or a rule that does not exist, so it excepts nothing: most often a slip of the keyboard, or what it was for is gone.',
  'waiver/unused':
    'A waiver excepts what is no longer found. Delete it, so that the next finding of its kind is seen.',
} as const;

/** What a waiver itself can be found to be. Made after everything else is judged, so none of them is a rule that looks. */
export const WAIVER_RULES: readonly Rule[] = Object.entries(DOCS).map(([id, doc]) => ({
  id,
  doc,
  severity: id === 'waiver/unused' ? 'warning' : 'error',
  check: () => [],
}));

/** A finding that is excepted, or will be once its waiver is on the base. */
export interface Waived {
  readonly finding: Finding;
  readonly waiver: Waiver;
  /** False where the change under check brought the waiver: then the finding stands. */
  readonly isInForce: boolean;
}

interface WaiverOptions {
  readonly base: Base | undefined;
  readonly today: string;
  readonly rules: readonly Rule[];
  /** As rtn.yaml sets it, if it does. */
  readonly severityOf: (rule: Rule) => Severity | 'off' | undefined;
}

/** Takes from the findings those that are waived, and adds what is wrong with the waivers. */
export function applyWaivers(
  findings: readonly Finding[],
  registry: Registry,
  options: WaiverOptions,
): { findings: Finding[]; waived: Waived[] } {
  const { base, today } = options;
  const { waivers, findings: faults } = readWaivers(registry.tree);
  const agreed = base === undefined ? waivers : readWaivers(base.registry.tree).waivers;
  const isOver = ({ expires }: Waiver) => expires < today;
  const waived: Waived[] = [];
  const outlived = new Set<Waiver>();
  for (const finding of findings) {
    const about = artefactOf(finding, registry, base?.registry);
    const meant = waivers.filter(
      (each) => each.rule === finding.rule && about !== undefined && isFor(each, about),
    );
    const waiver = meant.find((each) => !isOver(each));
    if (waiver !== undefined)
      waived.push({
        finding,
        waiver,
        isInForce: agreed.some((old) => isAlike(old, waiver) && !isOver(old)),
      });
    else for (const each of meant) outlived.add(each);
  }
  const excepted = new Set(waived.filter(({ isInForce }) => isInForce).map(({ finding }) => finding));
  const left = findings.filter((finding) => !excepted.has(finding));
  // A change answers for waivers that it touched, or that would have excepted what it is found to do.
  const isTouched = base === undefined || base.changed.has(WAIVERS_FILE);
  const used = new Set(waived.map(({ waiver }) => waiver));
  const own = waivers.flatMap((waiver) => {
    const fault = isTouched || outlived.has(waiver) ? faultOf(waiver, registry, options) : undefined;
    if (fault !== undefined) return [fault];
    return base === undefined && !used.has(waiver) ? [unused(waiver)] : [];
  });
  return {
    findings: [...left, ...(isTouched || left.length > 0 ? faults : []), ...asSet(own, options)],
    waived,
  };
}

function unused(waiver: Waiver): Finding {
  const message = `nothing is found any more that this waiver of ${waiver.rule} for ${referenceTo(waiver)} excepts`;
  return found(waiver, 'waiver/unused', 'rule', message);
}

/** With the severities of rtn.yaml. */
function asSet(findings: readonly Finding[], { rules, severityOf }: WaiverOptions): Finding[] {
  return findings.flatMap((finding) => {
    const rule = rules.find(({ id }) => id === finding.rule);
    const set = rule && severityOf(rule);
    return set === 'off' ? [] : [{ ...finding, severity: set ?? finding.severity }];
  });
}

function faultOf(waiver: Waiver, registry: Registry, { today, rules }: WaiverOptions): Finding | undefined {
  const ids = rules.map(({ id }) => id);
  if (!ids.includes(waiver.rule))
    return found(
      waiver,
      'waiver/unknown',
      'rule',
      `there is no rule '${waiver.rule}'${suggestion(waiver.rule, ids)}`,
    );
  if (registry.find(waiver.kind, waiver.name, waiver.version) === undefined) {
    const known = registry.versions(waiver.kind, waiver.name).map(referenceTo);
    const hint =
      known.length > 0
        ? suggestion(referenceTo(waiver), known)
        : suggestion(waiver.name, registry.names(waiver.kind));
    return found(
      waiver,
      'waiver/unknown',
      known.length > 0 ? 'version' : 'name',
      `there is no ${waiver.kind} ${referenceTo(waiver)}${hint}`,
    );
  }
  return waiver.expires < today
    ? found(
        waiver,
        'waiver/expired',
        'expires',
        `this waiver of ${waiver.rule} for ${referenceTo(waiver)} expired on ${waiver.expires}; its owner is ${waiver.owner}`,
      )
    : undefined;
}

function found(
  waiver: Waiver,
  rule: keyof typeof DOCS,
  key: keyof Waiver['positions'],
  message: string,
): Finding {
  const severity = rule === 'waiver/unused' ? 'warning' : 'error';
  return { rule, severity, file: WAIVERS_FILE, ...waiver.positions[key], message };
}

/** The artefact that a finding's file belongs to: a document, or a text beside one. */
function artefactOf({ file }: Finding, registry: Registry, base: Registry | undefined): Artefact | undefined {
  const identity = classify(file);
  if (typeof identity === 'object' && 'kind' in identity) {
    const { kind, name, version } = identity;
    return registry.find(kind, name, version) ?? base?.find(kind, name, version);
  }
  const name = file.split('/')[1] ?? '';
  return registry.versions('template', name).find((template) => registry.textOf(template)?.path === file);
}

function isFor(waiver: Waiver, { kind, name, version }: Artefact): boolean {
  return waiver.kind === kind && waiver.name === name && waiver.version === version;
}

/** Of the same rule and version. What a change does to its last day counts only where it is cut short. */
function isAlike(a: Waiver, b: Waiver): boolean {
  return a.kind === b.kind && a.name === b.name && a.version === b.version && a.rule === b.rule;
}
