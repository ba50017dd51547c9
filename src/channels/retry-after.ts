/** Longest wait that is believed; a provider that asks for more is taken to mean this. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` (RFC 9110, 10.2.3), as seconds or as a date, in milliseconds from now; null when absent or unreadable. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const delayMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(delayMs) ? null : Math.min(Math.max(0, delayMs), MAX_RETRY_AFTER_MS);
}
