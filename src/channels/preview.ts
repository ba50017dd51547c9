import type { RequestPreview } from '../pipeline/contract.js';
import type { HttpRequest } from './client.js';

/** A request as `--dry-run` shows it. */
export function previewOf({ method, origin, path, headers, body }: HttpRequest): RequestPreview {
  return {
    target: `${method} ${origin}${path}`,
    headers: headers as Readonly<Record<string, string>>,
    body: typeof body === 'string' ? body : null,
  };
}
