import type { Reference } from '../registry/reference.js';
import { mistake, type Spot } from './spot.js';

/**
 * In a URL params and secrets stand as they are (a base address is one), each row value as one percent-encoded
 * segment. Percent-encoding does not protect the host: `https://${row.x}/` would send every row, with its secrets,
 * wherever the table says. So a row value must stand behind the host: after a `/`, `?` or `#` of the text itself.
 */
export function requirePathBeforeRow(parts: readonly (string | Reference)[], spot: Spot): void {
  const first = parts.findIndex((part) => typeof part === 'object' && part.root === 'row');
  if (first === -1) return;
  const before = parts.slice(0, first).map((part) => (typeof part === 'string' ? part : 'x'));
  const behindScheme = before.join('').replace(/^([a-z][a-z0-9+.-]*:)?[/\\]*/i, '');
  if (!/[/?#]/.test(behindScheme)) {
    throw mistake(
      spot,
      'a row value may not choose the host: expected a fixed or configured address and a / before it',
    );
  }
}
