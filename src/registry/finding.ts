export type Severity = 'error' | 'warning';

/** A place in a file; both count from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A mistake in a document. Findings are returned all together, never thrown. */
export interface Finding extends Position {
  /** The stable id of the rule, `family/name`. */
  readonly rule: string;
  readonly severity: Severity;
  /** Relative to the root. */
  readonly file: string;
  readonly message: string;
  /** Lines below the message: what was changed, who depends on it. */
  readonly notes?: readonly string[];
  /** How many characters are meant, from the column on; they may run over several lines. */
  readonly length?: number;
  /** The characters that are meant are a secret, which no report shows. */
  readonly isSecret?: true;
  /** A command to paste that mends it. */
  readonly fix?: string;
}

/** In reading order, each mistake once: what stands behind a YAML anchor is judged wherever it is used. */
export function inOrder<F extends Finding>(findings: readonly F[]): F[] {
  const once = new Map(
    findings.map((finding) => [
      JSON.stringify([finding.file, finding.line, finding.column, finding.rule, finding.message]),
      finding,
    ]),
  );
  return [...once.values()].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.rule, b.rule) ||
      compareText(a.message, b.message),
  );
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
