import type { Finding } from '../registry/finding.js';
import { type TextOf, withoutSecrets } from './mask.js';

/** What a machine is told of a judgement. */
export interface JsonReportInput {
  readonly registry: { readonly artefacts: readonly unknown[] };
  readonly judged: readonly unknown[];
  readonly findings: readonly Finding[];
  readonly waived: readonly {
    readonly finding: Finding;
    readonly waiver: { readonly reason: string; readonly owner: string; readonly expires: string };
    readonly isInForce: boolean;
  }[];
  readonly base?: { readonly ref: string; readonly commit: string } | undefined;
  readonly textOf: TextOf;
}

/** Findings for machines: one object, so that counts and what comes later can stand beside the list. */
export function jsonReport({ registry, judged, findings, waived, base, textOf }: JsonReportInput): string {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const report = {
    artefacts: registry.artefacts.length,
    judged: judged.length,
    ...(base && { base: { ref: base.ref, commit: base.commit } }),
    errors: count('error'),
    warnings: count('warning'),
    findings: withoutSecrets(findings, textOf),
    waived: waived.map(({ finding, waiver: { reason, owner, expires }, isInForce }) => ({
      finding: withoutSecrets([finding], textOf)[0],
      reason,
      owner,
      expires,
      isInForce,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
