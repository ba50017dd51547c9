import type { Finding } from '../registry/finding.js';

/** Findings for machines: one object, so that counts and what comes later can stand beside the list. */
export function jsonReport(findings: readonly Finding[], artefacts: number): string {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  return `${JSON.stringify({ artefacts, errors: count('error'), warnings: count('warning'), findings }, null, 2)}\n`;
}
