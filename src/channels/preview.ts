import type { RequestPreview } from '../pipeline/contract.js';
import type { HttpRequest } from './client.js';

/** A request as `--dry-run` shows it. */
export function previewOf({ method, origin, path, headers, body }: HttpRequest): RequestPreview {
  return {
    target: `${method} ${origin}${path}`,
    // Undici takes a map, or a list of names and values in turn.
    headers: Array.isArray(headers)
      ? Object.fromEntries(pairs(headers as readonly string[]))
      : (headers as Readonly<Record<string, string>>),
    body: typeof body === 'string' ? body : null,
  };
}

/** A flat list of names and values as pairs. */
function* pairs(list: readonly string[]): Iterable<[string, string]> {
  for (let index = 0; index < list.length; index += 2) yield [list[index] ?? '', list[index + 1] ?? ''];
}
