import { oneLine } from '../error.js';
import type { RequestPreview } from '../pipeline/contract.js';

/** Longest body that is shown. */
const MAX_BODY = 2_000;

/** The lines that show a request: method and address, headers, body; no secret in any of them. */
export function previewLines(
  { target, headers, body }: RequestPreview,
  secrets: Readonly<Record<string, string>>,
): string[] {
  const hide = hider(secrets);
  const lines = [target, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  return [...lines, ...(body === null ? [] : [body])].map((line) => oneLine(hide(line), MAX_BODY));
}

/** Replaces the value of each secret by its name, as it stands and as JSON and addresses write it. */
function hider(secrets: Readonly<Record<string, string>>): (text: string) => string {
  const forms = Object.entries(secrets)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) =>
      [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)].map((form) => ({ name, form })),
    )
    // A secret may be a part of another.
    .sort((a, b) => b.form.length - a.form.length);
  return (text) => forms.reduce((shown, { name, form }) => shown.replaceAll(form, () => `‹${name}›`), text);
}
