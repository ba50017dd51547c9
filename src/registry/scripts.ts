import { type Artefact, FOLDERS } from './artefact.js';
import { sha256 } from './canonical.js';
import { isMap } from './jsonSchema.js';
import type { Path } from './source.js';

/** A script of its own that a runner starts (`run: ./scripts/x.sh`). */
export interface Script {
  readonly runner: string;
  /** Relative to the root; undefined where the name leads out of the operation's folder. */
  readonly file: string | undefined;
  readonly path: Path;
}

/** The scripts of an operation, each a file below `operations/<name>/`. */
export function scriptsOf({ kind, name, document }: Artefact): Script[] {
  if (kind !== 'operation' || !isMap(document.runners)) return [];
  return Object.entries(document.runners).flatMap(([runner, config]) => {
    const run = isMap(config) ? config.run : undefined;
    if (typeof run !== 'string') return [];
    return [{ runner, file: fileOf(name, run), path: ['runners', runner, 'run'] }];
  });
}

/** sha256 of a text file whatever its line ends: a checkout may turn LF into CRLF. */
export function textDigest(bytes: Uint8Array): string {
  // Latin-1 keeps every byte apart, so that a file which is not UTF-8 has its own digest too.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return sha256(Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1'));
}

function fileOf(operation: string, run: string): string | undefined {
  const steps = run.replace(/^\.\//, '').split('/');
  const isInside = steps.every((step) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(step));
  return isInside ? `${FOLDERS.operation}/${operation}/${steps.join('/')}` : undefined;
}
